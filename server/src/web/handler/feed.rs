//! Feeds and lists for machines: Atom, sitemap, robots, OpenSearch.

use app::Lang;
use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Uri},
    response::Response,
};

use super::news;
use crate::{
    snapshot::{AppState, Snapshot},
    web::{
        AppError,
        cache::{CachePolicy, Page, TEXT},
        negotiate,
    },
};

#[derive(Template)]
#[template(path = "feed.xml")]
struct Atom<'a> {
    lang: Lang,
    base: &'a str,
    title: String,
    updated: String,
    items: Vec<app::page::news::NewsItem>,
}

#[derive(Template)]
#[template(path = "sitemap.xml")]
struct Sitemap<'a> {
    base: &'a str,
    paths: Vec<String>,
}

#[derive(Template)]
#[template(path = "opensearch.xml")]
struct OpenSearch<'a> {
    base: &'a str,
    name: &'a str,
    description: &'a str,
}

/// News as Atom (RFC 4287).
pub async fn news(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or(uri.path(), || {
        let (lang, _) = negotiate::language(uri.path());
        let site = &snapshot.chrome.site;
        let items = news::items(&snapshot.content, lang);
        let updated = items.first().map_or("1970-01-01".to_owned(), |item| item.date.to_string());
        let title = format!("{} – {}", site.short.get(lang), lang.texts().news_title);
        let feed = Atom { lang, base: &site.base_url, title, updated, items };
        render("application/atom+xml; charset=utf-8", &feed)
    })?;
    Ok(page.respond(&headers))
}

/// Every page that search engines may list, in both languages.
pub async fn sitemap(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or("/sitemap.xml", || {
        let sitemap = Sitemap { base: &snapshot.chrome.site.base_url, paths: pages(&snapshot) };
        render("application/xml", &sitemap)
    })?;
    Ok(page.respond(&headers))
}

/// Paths of all pages without the language prefix.
pub fn pages(snapshot: &Snapshot) -> Vec<String> {
    let mut paths: Vec<String> =
        ["/", "/docs/", "/downloads", "/search", "/status", "/stats", "/news/", "/api/docs"]
            .map(ToOwned::to_owned)
            .to_vec();
    let content = &snapshot.content;
    paths.extend(snapshot.mirrors.iter().map(|m| m.page(Lang::Zh)));
    paths.extend(content.topics.values().map(|facts| facts.topic().page(Lang::Zh)));
    paths.extend(snapshot.mirrors.iter().map(|m| m.status_page(Lang::Zh)));
    paths.extend(
        content.pages.keys().filter(|(_, l)| *l == Lang::Zh).map(|(name, _)| format!("/{name}")),
    );
    paths.extend(
        content
            .news
            .keys()
            .filter(|(_, l)| *l == Lang::Zh)
            .map(|(slug, _)| format!("/news/{slug}")),
    );
    paths
}

#[derive(Template)]
#[template(path = "llms.txt")]
struct Llms<'a> {
    base: &'a str,
    name_zh: &'a str,
    name_en: &'a str,
    description: &'a str,
    guides: Vec<GuideLink<'a>>,
}

struct GuideLink<'a> {
    title: &'a str,
    description: &'a str,
    page: String,
}

/// Where a language model finds what pages say, without the pages (llmstxt.org).
pub async fn llms(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or("/llms.txt", || {
        let site = &snapshot.chrome.site;
        let guides = snapshot.mirrors.iter().filter_map(|mirror| {
            let guide = snapshot.content.guides.get(&mirror.id)?;
            Some(GuideLink {
                title: &guide.title.en,
                description: &mirror.description.en,
                page: mirror.page(Lang::Zh),
            })
        });
        let llms = Llms {
            base: &site.base_url,
            name_zh: &site.name.zh,
            name_en: &site.name.en,
            description: &site.description.en,
            guides: guides.collect(),
        };
        render("text/plain; charset=utf-8", &llms)
    })?;
    Ok(page.respond(&headers))
}

/// Crawlers may read pages; searches, option states and the trees are not for them.
pub async fn robots(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let base = &state.config().site.base_url;
    let text = format!(
        "User-agent: *\nDisallow: /search?\nDisallow: /en/search?\nDisallow: /search/\nDisallow: /en/search/\nDisallow: /network\nDisallow: /en/network\nAllow: /api/docs\nDisallow: /api/\nDisallow: /docs/*?\n\
         Disallow: /en/docs/*?\n\nSitemap: {base}/sitemap.xml\n"
    );
    Page::new(TEXT, CachePolicy::Day, text).respond(&headers)
}

/// Lets browsers add the search (OpenSearch 1.1).
pub async fn opensearch(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let site = state.config().site();
    let description = OpenSearch {
        base: &site.base_url,
        name: &site.short.zh,
        description: &site.description.zh,
    };
    Ok(render("application/opensearchdescription+xml", &description)?.respond(&headers))
}

pub(super) fn render(
    content_type: &'static str,
    template: &impl Template,
) -> Result<Page, AppError> {
    let text = template.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok(Page::new(HeaderValue::from_static(content_type), CachePolicy::Page, text))
}
