//! Error pages: what happened, in words, and ways out.

use leptos::prelude::*;

use crate::{Document, model::Lang, shell::Section};

/// Data of the page.
pub struct ErrorView {
    /// Language.
    pub lang: Lang,
    /// HTTP status.
    pub status: u16,
    /// What happened.
    pub message: String,
    /// Where the visitor may go: address and label.
    pub ways_out: Vec<(String, String)>,
    /// Files of the same name: address and path.
    pub elsewhere: Vec<(String, String)>,
}

/// The words for a status.
pub fn title(lang: Lang, status: u16) -> &'static str {
    let t = lang.texts();
    match status {
        401 => t.error_401,
        403 => t.error_403,
        404 => t.error_404,
        405 => t.error_405,
        410 => t.error_410,
        429 => t.error_429,
        503 => t.error_503,
        500..=599 => t.error_500,
        _ => t.error_400,
    }
}

/// Makes the page.
pub fn document(view: ErrorView) -> Document {
    let lang = view.lang;
    let t = lang.texts();
    let p = lang.prefix();
    let title = title(lang, view.status);
    let mut ways = view.ways_out;
    ways.push((format!("{p}/"), t.error_to_list.to_owned()));
    ways.push((format!("{p}/docs/"), t.error_to_docs.to_owned()));
    let list = |class: &'static str, links: Vec<(String, String)>| {
        let items = links
            .into_iter()
            .map(|(href, label)| view! { <li><a href=href>{label}</a></li> })
            .collect_view();
        view! { <ul class=class>{items}</ul> }
    };
    let elsewhere = (!view.elsewhere.is_empty())
        .then(|| view! { <h2>{t.error_elsewhere}</h2> {list("elsewhere", view.elsewhere)} });
    let main = view! {
        <div class="wide">
            <div class="page-head">
                <p class="error-code">{view.status.to_string()}</p>
                <h1>{title}</h1>
                <p class="lead">{view.message}</p>
            </div>
            {elsewhere}
            <h2>{t.error_ways_out}</h2>
            {list("ways-out", ways)}
        </div>
    };
    Document {
        lang,
        title: title.to_owned(),
        description: title.to_owned(),
        path: "/".to_owned(),
        section: Section::None,
        noindex: true,
        main: main.into_any(),
    }
}
