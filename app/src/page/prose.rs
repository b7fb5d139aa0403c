//! Pages of plain text from the content folder: about, FAQ.

use leptos::prelude::*;

use crate::{Chrome, Document, model::Lang, shell::Section};

/// A rendered text.
pub struct ProseView {
    /// Language.
    pub lang: Lang,
    /// Title.
    pub title: String,
    /// Path below the language prefix.
    pub path: String,
    /// Rendered Markdown.
    pub html: String,
    /// Headings of the second level: fragment and text.
    pub contents: Vec<(String, String)>,
}

/// Makes the page.
pub fn document(chrome: &Chrome, view: ProseView) -> Document {
    let ProseView { lang, title, path, html, contents } = view;
    let t = lang.texts();
    let contents = (contents.len() > 3).then(|| {
        let items = contents
            .into_iter()
            .map(|(id, text)| view! { <li><a href=format!("#{id}")>{text}</a></li> })
            .collect_view();
        view! { <nav class="contents" aria-label=t.contents><ol>{items}</ol></nav> }
    });
    let main = view! {
        <div class="wide">
            <div class="page-head"><h1>{title.clone()}</h1></div>
            <div class="guide">
                {contents}
                <div class="prose" inner_html=html></div>
            </div>
        </div>
    };
    Document {
        lang,
        description: format!("{} – {title}", chrome.site.name.get(lang)),
        title,
        path,
        section: Section::About,
        noindex: false,
        main: main.into_any(),
    }
}
