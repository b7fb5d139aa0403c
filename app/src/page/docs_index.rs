//! The index of help pages.

use leptos::prelude::*;

use crate::{
    Chrome, Document,
    model::{Category, Lang, Mirror, Topic},
    part,
    shell::Section,
};

/// Makes the page: full guides first, by shelf, then the mirrors whose guide is being written.
pub fn document(chrome: &Chrome, lang: Lang, mirrors: &[Mirror], topics: &[Topic]) -> Document {
    let t = lang.texts();
    let shelves = Category::ALL
        .into_iter()
        .filter_map(|category| shelf(chrome, lang, category, mirrors))
        .collect_view();
    let others = topic_shelf(chrome, lang, topics);
    let pending = pending(lang, mirrors);
    let main = view! {
        <div class="wide prose-head">
            <h1>{t.docs_title}</h1>
            <p class="lead">{t.docs_lead}</p>
        </div>
        <div class="wide">
            <section aria-labelledby="full">
                <h2 id="full">{t.docs_full}</h2>
                <div class="shelves">{shelves}{others}</div>
            </section>
            {pending}
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

fn shelf(chrome: &Chrome, lang: Lang, category: Category, mirrors: &[Mirror]) -> Option<AnyView> {
    let on_shelf: Vec<_> = mirrors
        .iter()
        .filter(|m| m.has_guide && m.category == category)
        .map(|m| {
            let icon = part::icon(chrome, m.icon.as_deref(), &m.id);
            entry(icon, m.page(lang), m.name.get(lang), m.description.get(lang))
        })
        .collect();
    (!on_shelf.is_empty()).then(|| boxed(category.word(lang), on_shelf))
}

/// Guides that belong to no mirror.
fn topic_shelf(chrome: &Chrome, lang: Lang, topics: &[Topic]) -> Option<AnyView> {
    let on_shelf: Vec<_> = topics
        .iter()
        .map(|topic| {
            let icon = part::icon(chrome, topic.icon.as_deref(), &topic.id);
            entry(icon, topic.page(lang), topic.name.get(lang), topic.description.get(lang))
        })
        .collect();
    (!on_shelf.is_empty()).then(|| boxed(lang.texts().docs_topics, on_shelf))
}

fn boxed(title: &'static str, entries: Vec<AnyView>) -> AnyView {
    view! {
        <div class="shelf">
            <h3>{title}</h3>
            <ul>{entries}</ul>
        </div>
    }
    .into_any()
}

fn entry(icon: AnyView, href: String, name: &str, description: &str) -> AnyView {
    view! {
        <li>
            {icon}<a href=href>{name.to_owned()}</a> " "
            <small>{description.to_owned()}</small>
        </li>
    }
    .into_any()
}

/// Mirrors without a guide, when there are any.
fn pending(lang: Lang, mirrors: &[Mirror]) -> Option<AnyView> {
    let mut links = mirrors.iter().filter(|m| !m.has_guide).peekable();
    links.peek()?;
    let links = links
        .map(|m| view! { <li><a href=m.page(lang)>{m.name.get(lang).to_owned()}</a></li> })
        .collect_view();
    Some(
        view! {
            <section aria-labelledby="pending">
                <h2 id="pending">{lang.texts().docs_pending}</h2>
                <ul class="link-grid">{links}</ul>
            </section>
        }
        .into_any(),
    )
}
