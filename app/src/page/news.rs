//! News: the list and one item.

use jiff::civil::Date;
use leptos::prelude::*;

use crate::{Chrome, Document, model::Lang, shell::Section};

/// One item.
#[derive(Clone, Debug)]
pub struct NewsItem {
    /// Name in the URL.
    pub slug: String,
    /// Title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Day of publication.
    pub date: Date,
    /// Rendered Markdown.
    pub html: String,
}

/// The list, newest first.
pub fn index(chrome: &Chrome, lang: Lang, items: &[NewsItem]) -> Document {
    let t = lang.texts();
    let entries = items
        .iter()
        .map(|item| {
            view! {
                <li>
                    <time datetime=item.date.to_string()>{item.date.to_string()}</time>
                    <h2><a href=format!("{}/news/{}", lang.prefix(), item.slug)>{item.title.clone()}</a></h2>
                    <p>{item.summary.clone()}</p>
                </li>
            }
        })
        .collect_view();
    let none = items.is_empty().then(|| view! { <p class="empty">{t.news_none}</p> });
    let main = view! {
        <div class="wide">
            <div class="page-head"><h1>{t.news_title}</h1></div>
            <ol class="news">{entries}</ol>
            {none}
        </div>
    };
    Document {
        lang,
        title: t.news_title.to_owned(),
        description: format!("{} – {}", chrome.site.name.get(lang), t.news_title),
        path: "/news/".to_owned(),
        section: Section::News,
        noindex: false,
        main: main.into_any(),
    }
}

/// One item.
pub fn item(lang: Lang, item: &NewsItem) -> Document {
    let main = view! {
        <div class="wide">
            <article class="guide">
                <div class="page-head">
                    <h1>{item.title.clone()}</h1>
                    <p class="quiet"><time datetime=item.date.to_string()>{item.date.to_string()}</time></p>
                </div>
                <div class="prose" inner_html=item.html.clone()></div>
            </article>
        </div>
    };
    Document {
        lang,
        title: item.title.clone(),
        description: item.summary.clone(),
        path: format!("/news/{}", item.slug),
        section: Section::News,
        noindex: false,
        main: main.into_any(),
    }
}
