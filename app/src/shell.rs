//! The frame around every page: head, header, navigation, footer.

use jiff::{Timestamp, tz::TimeZone};
use leptos::{html, prelude::*};

use crate::{
    model::{Bilingual, Lang},
    page::network::Family,
};

/// What names the site; all of it from configuration.
#[derive(Clone, Debug)]
pub struct Site {
    /// Full name, for titles.
    pub name: Bilingual,
    /// Short name, for the header.
    pub short: Bilingual,
    /// One sentence for search engines and the front page.
    pub description: Bilingual,
    /// Scheme and host without a trailing slash.
    pub base_url: String,
    /// Where readers write to.
    pub email: Option<String>,
    /// Issue tracker.
    pub issues: Option<String>,
    /// Folder of `content/` on a code host, for "improve this page" links.
    pub edit_url: Option<String>,
    /// Source code of the software.
    pub software_url: Option<String>,
    /// Names by which it is reached, those to suggest first.
    pub hosts: Vec<HostName>,
    /// Address of the rsync service, without a trailing slash.
    pub rsync: Option<String>,
    /// Mirror ids shown first.
    pub favourites: Vec<String>,
    /// Short announcements above the list.
    pub notices: Vec<Bilingual>,
    /// Zone in which dates are written.
    pub time_zone: TimeZone,
}

/// A name of the site.
#[derive(Clone, Debug)]
pub struct HostName {
    /// The name.
    pub name: String,
    /// Kinds of addresses that it has.
    pub family: Family,
    /// Answers on campus alone.
    pub is_campus_only: bool,
}

/// What all pages of one snapshot share.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// Names of the site.
    pub site: Site,
    /// Where pages find what they load.
    pub assets: AssetPaths,
    /// Places of the navigation that not every site has.
    pub places: Places,
    /// When the data was put together.
    pub generated_at: Timestamp,
    /// Moment of the recorded statuses, when a recording is shown instead of a live backend.
    pub recorded_at: Option<Timestamp>,
}

/// Addresses that change with what they hold, so that browsers keep it for ever.
#[derive(Clone, Debug)]
pub struct AssetPaths {
    /// The stylesheet.
    pub stylesheet: String,
    /// The script.
    pub script: String,
    /// The sheet of icons.
    pub icons: String,
}

/// Places of the navigation that exist only if the content has them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places {
    /// News.
    pub news: bool,
    /// A page about the site.
    pub about: bool,
    /// Questions and answers.
    pub faq: bool,
}

/// A place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The list.
    Mirrors,
    /// Help pages.
    Docs,
    /// Downloads.
    Downloads,
    /// Search.
    Search,
    /// Status.
    Status,
    /// News.
    News,
    /// About and FAQ.
    About,
    /// None of them.
    None,
}

/// One page without its frame.
pub struct Document {
    /// Language of the page.
    pub lang: Lang,
    /// Title without the name of the site; empty for the front page.
    pub title: String,
    /// One sentence for search engines.
    pub description: String,
    /// Path and query below the language prefix, the same in both languages: `/docs/debian`.
    pub path: String,
    /// Entry of the navigation to mark.
    pub section: Section,
    /// Search engines are asked to stay away (results, option states, listings).
    pub noindex: bool,
    /// Content of `<main>`.
    pub main: AnyView,
}

impl Document {
    /// Renders the whole page.
    pub fn render(self, chrome: &Chrome) -> String {
        let mut html = String::with_capacity(32 * 1024);
        html.push_str("<!DOCTYPE html>");
        html.push_str(&html_of(frame(self, chrome)));
        html
    }
}

/// Puts the remembered colours in place before anything is painted. The one script within pages; the
/// content security policy names it by its hash.
pub const EARLY_SCRIPT: &str =
    "try{document.documentElement.dataset.theme=localStorage.theme||\"\"}catch{}";

/// The HTML of a view without the marks by which Leptos would find its nodes again in a browser: no
/// script of ours does, and `<!>` is no comment of HTML's. In text and attributes `<` is escaped, so
/// that nothing else is lost.
pub(crate) fn html_of(view: impl IntoView) -> String {
    view.to_html().replace("<!>", "").replace("<!--<() />-->", "")
}

fn frame(page: Document, chrome: &Chrome) -> impl IntoView + use<> {
    let Document { lang, title, description, path, section, noindex, main } = page;
    let t = lang.texts();
    let site = &chrome.site;
    let full_title = if title.is_empty() {
        site.name.get(lang).to_owned()
    } else {
        format!("{title} – {}", site.short.get(lang))
    };
    let canonical = format!("{}{}{path}", site.base_url, lang.prefix());
    let alternates = Lang::ALL.map(|other| {
        let href = format!("{}{}{path}", site.base_url, other.prefix());
        view! { <link rel="alternate" hreflang=other.tag() href=href /> }
    });
    let status_feeds = status_feeds(lang, section, &path);
    view! {
        <html lang=lang.tag()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>{full_title.clone()}</title>
                <meta name="description" content=description.clone() />
                {social(chrome, &full_title, &description, &canonical)}
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" content="#003f88" />
                <script inner_html=EARLY_SCRIPT></script>
                {noindex.then(|| view! { <meta name="robots" content="noindex" /> })}
                <link rel="canonical" href=canonical.clone() />
                {alternates.collect_view()}
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <link rel="stylesheet" href=chrome.assets.stylesheet.clone() />
                <link rel="alternate" type="application/atom+xml" title=t.footer_feed href=format!("{}/feed.xml", lang.prefix()) />
                {status_feeds}
                <link rel="search" type="application/opensearchdescription+xml" title=site.short.get(lang).to_owned() href="/opensearch.xml" />
                <script src=chrome.assets.script.clone() defer="defer"></script>
            </head>
            <body>
                <a class="skip" href="#main">{t.skip_to_content}</a>
                {header(lang, section, &path, chrome)}
                <main id="main" tabindex="-1">{main}</main>
                {footer(lang, chrome)}
            </body>
        </html>
    }
}

/// What other sites show of a link to the page.
fn social(chrome: &Chrome, title: &str, description: &str, url: &str) -> AnyView {
    let base_url = &chrome.site.base_url;
    let property =
        |name: &'static str, content: String| html::meta().attr("property", name).content(content);
    view! {
        {property("og:type", "website".to_owned())}
        {property("og:title", title.to_owned())}
        {property("og:description", description.to_owned())}
        {property("og:url", url.to_owned())}
        {property("og:image", format!("{base_url}/social.png"))}
    }
    .into_any()
}

/// Feeds of what changes, on the pages that tell of it: of all mirrors, and of the one in question.
fn status_feeds(lang: Lang, section: Section, path: &str) -> Option<AnyView> {
    let t = lang.texts();
    if section != Section::Status {
        return None;
    }
    let path = path.split('?').next().unwrap_or(path);
    let feed = |page: &str, title: &'static str| {
        let href = format!("{}{page}/feed.xml", lang.prefix());
        view! { <link rel="alternate" type="application/atom+xml" title=title href=href /> }
    };
    let of_one = path.starts_with("/status/").then(|| feed(path, t.history_changes));
    Some(view! { {of_one} {feed("/status", t.status_title)} }.into_any())
}

fn header(lang: Lang, section: Section, path: &str, chrome: &Chrome) -> impl IntoView + use<> {
    let site = &chrome.site;
    let t = lang.texts();
    let p = lang.prefix();
    let entries = [
        (Section::Mirrors, format!("{p}/"), t.nav_mirrors),
        (Section::Docs, format!("{p}/docs/"), t.nav_docs),
        (Section::Downloads, format!("{p}/downloads"), t.nav_downloads),
        (Section::Search, format!("{p}/search"), t.nav_search),
        (Section::Status, format!("{p}/status"), t.nav_status),
        (Section::News, format!("{p}/news/"), t.nav_news),
        (Section::About, format!("{p}/about"), t.nav_about),
    ]
    .into_iter()
    .filter(|(to, ..)| match to {
        Section::News => chrome.places.news,
        Section::About => chrome.places.about,
        _ => true,
    })
    .map(|(to, href, label)| {
        let current = (to == section).then_some("page");
        view! { <li><a href=href aria-current=current>{label}</a></li> }
    });
    let other = lang.other();
    view! {
        <header class="site-header">
            <div class="wide">
                <a class="brand" href=format!("{p}/")>
                    {mark()}
                    <span>{site.short.get(lang).to_owned()}</span>
                </a>
                <nav aria-label=t.nav_label><ul>{entries.collect_view()}</ul></nav>
                <div class="tools">
                    <a href=format!("{}{path}", other.prefix()) hreflang=other.tag() lang=other.tag()>{t.other_language}</a>
                    <span data-theme-switch=[t.theme_system, t.theme_light, t.theme_dark].join("|")></span>
                </div>
            </div>
        </header>
    }
}

/// The quiet mark of the software: a round mirror with a gleam.
fn mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2" />
            <path d="M7 14a6 6 0 0 1 7-7" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
        </svg>
    }
}

fn footer(lang: Lang, chrome: &Chrome) -> impl IntoView + use<> {
    let t = lang.texts();
    let p = lang.prefix();
    let site = &chrome.site;
    let about = chrome
        .places
        .about
        .then(|| view! { <li><a href=format!("{p}/about")>{t.nav_about}</a></li> });
    let faq =
        chrome.places.faq.then(|| view! { <li><a href=format!("{p}/faq")>{t.nav_faq}</a></li> });
    let contact = site.email.clone().map(|email| {
        view! { <li><a href=format!("mailto:{email}")>{t.footer_contact}</a></li> }
    });
    let issues =
        site.issues.clone().map(|url| view! { <li><a href=url>{t.footer_issues}</a></li> });
    let software = match site.software_url.clone() {
        Some(url) => view! { <a href=url>{t.footer_software}</a> }.into_any(),
        None => view! { <span>{t.footer_software}</span> }.into_any(),
    };
    view! {
        <footer class="site-footer">
            <div class="wide">
                <p><strong>{site.name.get(lang).to_owned()}</strong></p>
                <ul>
                    {about}
                    {faq}
                    {contact}
                    {issues}
                    <li><a href=format!("{p}/feed.xml")>{t.footer_feed}</a></li>
                    <li><a href=format!("{p}/stats")>{t.footer_stats}</a></li>
                    <li><a href=format!("{p}/network")>{t.footer_network}</a></li>
                    <li><a href=format!("{p}/api/docs")>{t.footer_api}</a></li>
                    <li>{software}</li>
                </ul>
            </div>
        </footer>
    }
}
