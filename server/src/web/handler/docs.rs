//! Help pages, their Markdown, their snippets and their options.

use app::{
    Lang,
    page::docs_index,
    page::guide::{self, GuideView, Subject},
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, Uri},
    response::{IntoResponse as _, Redirect, Response},
};

use super::cached;
use crate::{
    content::topic::TopicFacts,
    guide::{Guide, Place, RenderedSnippet, Run, Selection, SelectionError},
    guide_view, setup,
    snapshot::{AppState, Snapshot},
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page, TEXT},
        encode, negotiate, open,
    },
};

/// All guides.
pub async fn index(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        let topics: Vec<_> = snapshot.content.topics.values().map(TopicFacts::topic).collect();
        Ok(docs_index::document(&snapshot.chrome, lang, &snapshot.mirrors, &topics))
    })
}

/// `/docs` → `/docs/`
pub async fn add_slash(uri: Uri) -> Redirect {
    Redirect::permanent(&with_query(&format!("{}/", uri.path()), uri.query()))
}

/// `/docs/debian/` → `/docs/debian`
pub async fn drop_slash(uri: Uri) -> Redirect {
    Redirect::permanent(&with_query(uri.path().trim_end_matches('/'), uri.query()))
}

/// The page of one mirror, or its Markdown for `{id}.md`.
pub async fn guide(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path(id) = id?;
    let (lang, _) = negotiate::language(uri.path());
    let snapshot = state.snapshot();
    if let Some(of) = id.strip_suffix(".md")
        && snapshot.mirror(&id).is_none()
    {
        return markdown(&state, &snapshot, lang, of, &uri, &headers);
    }
    mirror_page(&state, &id, &uri, &headers)
}

/// The page of a mirror whose id has slashes (`git/lean4-packages/aesop`), as backends have them.
pub async fn deep(
    State(state): State<AppState>,
    parts: Result<Path<(String, String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path((first, second, rest)) = parts?;
    if uri.path().ends_with('/') {
        return Ok(drop_slash(uri).await.into_response());
    }
    mirror_page(&state, &format!("{first}/{second}/{rest}"), &uri, &headers)
}

fn mirror_page(
    state: &AppState,
    id: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let (lang, _) = negotiate::language(uri.path());
    let subject = snapshot.subject(id).ok_or_else(|| AppError::UnknownMirror(id.to_owned()))?;
    // Encoded slashes of an id name the same page; one address of a page is enough.
    if subject.id() != id || uri.path().to_ascii_lowercase().contains("%2f") {
        let to = with_query(&subject.page(lang), uri.query());
        return Ok(Redirect::permanent(&to).into_response());
    }
    let place = place(state, subject.path());
    let Some(guide) = snapshot.content.guides.get(id) else {
        refuse_options(uri)?;
        return cached(&snapshot, uri, headers, |lang| {
            let view = GuideView { lang, now: snapshot.now, subject: subject.clone(), guide: None };
            Ok(guide::document(&snapshot.chrome, view))
        });
    };
    let selection = guide.select(&place, &encode::pairs(uri.query().unwrap_or_default()))?;
    let canonical = guide.canonical_query(&selection);
    if canonical != uri.query().unwrap_or_default() {
        let query = (!canonical.is_empty()).then_some(canonical.as_str());
        let to = with_query(uri.path(), query);
        return Ok(Redirect::to(&to).into_response());
    }
    cached(&snapshot, uri, headers, |lang| {
        let guide = guide_view::view(&snapshot, guide, lang, &selection)?;
        let subject: Subject = subject.clone();
        let view = GuideView { lang, now: snapshot.now, subject, guide: Some(guide) };
        Ok(guide::document(&snapshot.chrome, view))
    })
}

/// A page without a guide has no options: a query is a mistake, as an unknown option elsewhere is.
fn refuse_options(uri: &Uri) -> Result<(), AppError> {
    match encode::pairs(uri.query().unwrap_or_default()).into_iter().next() {
        Some((option, _)) => {
            Err(SelectionError::UnknownOption { option, valid: Vec::new() }.into())
        }
        None => Ok(()),
    }
}

/// The page as Markdown with the options filled in.
fn markdown(
    state: &AppState,
    snapshot: &Snapshot,
    lang: Lang,
    id: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, AppError> {
    let (guide, selection) = chosen(state, snapshot, id, uri)?;
    let text = guide_view::markdown(guide, lang, &selection)?;
    let content_type = HeaderValue::from_static("text/markdown; charset=utf-8");
    Ok(Page::new(content_type, CachePolicy::Page, text).respond(headers))
}

/// One snippet as plain text, or the options as JSON.
pub async fn part(
    State(state): State<AppState>,
    parts: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path((id, name)) = parts?;
    let snapshot = state.snapshot();
    let whole = format!("{id}/{name}");
    if snapshot.mirror(&whole).is_some() {
        return mirror_page(&state, &whole, &uri, &headers);
    }
    let (guide, selection) = chosen(&state, &snapshot, &id, &uri)?;
    if name == "options.json" {
        let text = format!("{:#}\n", guide_view::options_json(guide, &snapshot.content.verified));
        let mut response = Page::new(JSON, CachePolicy::Page, text).respond(&headers);
        open::put_headers(&mut response);
        return Ok(response);
    }
    if let "help.zh.md" | "help.en.md" = name.as_str() {
        let source = snapshot.content.files.get(&format!("{}/{name}", guide.folder));
        let text = source.map(|bytes| bytes.to_vec()).unwrap_or_default();
        return Ok(Page::new(TEXT, CachePolicy::Page, text).respond(&headers));
    }
    if name == "setup.sh" {
        return script(&state, &snapshot, &id, &uri, &headers);
    }
    let snippet = guide.snippet(&name, &selection)?;
    let mut response = Page::new(TEXT, CachePolicy::Page, snippet.text.clone()).respond(&headers);
    put_snippet_headers(response.headers_mut(), &snippet);
    Ok(response)
}

/// The guide as one script; it runs as whoever runs it, so that `sudo` in it would be one too many.
fn script(
    state: &AppState,
    snapshot: &Snapshot,
    id: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, AppError> {
    let (lang, _) = negotiate::language(uri.path());
    let (guide, _) = chosen(state, snapshot, id, uri)?;
    let url = format!("{}{}", snapshot.chrome.site.base_url, with_query(uri.path(), uri.query()));
    let mut query = encode::pairs(uri.query().unwrap_or_default());
    if guide.options.iter().any(|option| option.id == "sudo") {
        query.push(("sudo".to_owned(), "off".to_owned()));
    }
    let path = snapshot.subject(id).map(|subject| subject.path().to_owned()).unwrap_or_default();
    let selection = guide.select(&place(state, &path), &query)?;
    let plan = guide.setup(&selection)?;
    let text = setup::script(&guide.id, guide.title.get(lang), &url, lang, plan)
        .map_err(|error| AppError::Internal(error.into()))?;
    Ok(Page::new(TEXT, CachePolicy::Page, text).respond(headers))
}

const TARGET_FILE: HeaderName = HeaderName::from_static("x-target-file");
const RUN_AS: HeaderName = HeaderName::from_static("x-run-as");

fn put_snippet_headers(headers: &mut HeaderMap, snippet: &RenderedSnippet) {
    if let Some(file) = &snippet.file {
        if let Ok(value) = HeaderValue::from_str(file) {
            headers.insert(TARGET_FILE, value);
        }
    } else {
        let who = if snippet.run == Run::Root { "root" } else { "user" };
        headers.insert(RUN_AS, HeaderValue::from_static(who));
    }
}

/// The guide of any spelling of an id, with the query applied.
fn chosen<'a>(
    state: &AppState,
    snapshot: &'a Snapshot,
    id: &str,
    uri: &Uri,
) -> Result<(&'a Guide, Selection), AppError> {
    let subject = snapshot.subject(id).ok_or_else(|| AppError::UnknownMirror(id.to_owned()))?;
    let guide = snapshot
        .content
        .guides
        .get(subject.id())
        .ok_or_else(|| AppError::NoGuide(subject.id().to_owned()))?;
    let pairs = encode::pairs(uri.query().unwrap_or_default());
    let selection = guide.select(&place(state, subject.path()), &pairs)?;
    Ok((guide, selection))
}

fn place<'a>(state: &'a AppState, path: &'a str) -> Place<'a> {
    let config = state.config();
    let scheme = if config.site.base_url.starts_with("http://") { "http" } else { "https" };
    Place { host: config.host(), scheme, path }
}

fn with_query(path: &str, query: Option<&str>) -> String {
    match query {
        Some(query) if !query.is_empty() => encode::ascii(&format!("{path}?{query}")),
        _ => encode::ascii(path),
    }
}
