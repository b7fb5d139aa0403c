//! The index of help pages.

use leptos::prelude::*;

use crate::{
    Chrome, Document,
    model::{Category, Lang, Mirror},
    shell::Section,
};

/// Makes the page: full guides first, by shelf, then the mirrors whose guide is being written.
pub fn document(chrome: &Chrome, lang: Lang, mirrors: &[Mirror]) -> Document {
    let t = lang.texts();
    let shelves = Category::ALL
        .into_iter()
        .filter_map(|category| shelf(lang, category, mirrors))
        .collect_view();
    let pending = links(lang, mirrors.iter().filter(|m| !m.has_guide));
    let main = view! {
        <div class="wide prose-head">
            <h1>{t.docs_title}</h1>
            <p class="lead">{t.docs_lead}</p>
        </div>
        <div class="wide">
            <section aria-labelledby="full">
                <h2 id="full">{t.docs_full}</h2>
                <div class="shelves">{shelves}</div>
            </section>
            <section aria-labelledby="pending">
                <h2 id="pending">{t.docs_pending}</h2>
                <ul class="link-grid">{pending}</ul>
            </section>
        </div>
    };
    Document {
        lang,
        title: t.docs_title.to_owned(),
        description: format!("{}: {}", chrome.site.name.get(lang), t.docs_lead),
        path: "/docs/".to_owned(),
        section: Section::Docs,
        noindex: false,
        main: main.into_any(),
    }
}

fn shelf(lang: Lang, category: Category, mirrors: &[Mirror]) -> Option<AnyView> {
    let mut on_shelf = mirrors.iter().filter(|m| m.has_guide && m.category == category).peekable();
    on_shelf.peek()?;
    let items = on_shelf
        .map(|m| {
            view! {
                <li>
                    <a href=m.page(lang)>{m.name.get(lang).to_owned()}</a> " "
                    <small>{m.description.get(lang).to_owned()}</small>
                </li>
            }
        })
        .collect_view();
    Some(
        view! {
            <div class="shelf">
                <h3>{category.word(lang)}</h3>
                <ul>{items}</ul>
            </div>
        }
        .into_any(),
    )
}

fn links<'a>(lang: Lang, mirrors: impl Iterator<Item = &'a Mirror>) -> AnyView {
    mirrors
        .map(|m| {
            view! {
                <li><a href=m.page(lang)>{m.name.get(lang).to_owned()}</a></li>
            }
        })
        .collect_view()
        .into_any()
}
