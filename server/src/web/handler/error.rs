//! Errors as pages, JSON or text, with ways out.

use app::{
    Document, Lang,
    format::fill,
    page::error::{self, ErrorView},
    page::guide::Subject,
};
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use serde::Serialize;

use super::search;
use crate::{
    content::{Content, mirror::RESERVED, removed::Removed},
    files::RelPath,
    snapshot::{AppState, Snapshot},
    web::{
        AppError,
        cache::{CachePolicy, HTML, Page, TEXT},
        encode,
        negotiate::{self, Form},
        open,
    },
};

/// The headers of a request that its error page depends on.
pub struct Asked {
    headers: HeaderMap,
    /// Whether the router knows the address; it then says itself which methods are allowed.
    is_routed: bool,
}

impl Asked {
    /// Keeps what is needed of a request before it is handed on.
    pub fn of(request: &Request) -> Self {
        let mut kept = HeaderMap::new();
        for name in [header::ACCEPT, header::ACCEPT_ENCODING, header::ACCEPT_LANGUAGE] {
            if let Some(value) = request.headers().get(&name) {
                kept.insert(name, value.clone());
            }
        }
        let is_routed = request.extensions().get::<MatchedPath>().is_some();
        Self { headers: kept, is_routed }
    }
}

/// A problem as programs read it (RFC 9457).
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
}

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The answer for an error; addresses for programs get JSON whatever they accept.
pub async fn page(
    state: &AppState,
    uri: &Uri,
    asked: &Asked,
    error: &AppError,
    for_programs: bool,
) -> Response {
    let (lang, path) = negotiate::language(uri.path());
    let form = match negotiate::error_form(uri, &asked.headers) {
        _ if for_programs => Form::Json,
        form => form,
    };
    // Addresses for programs have no language in their path.
    let lang = if form == Form::Json && lang == Lang::default() {
        negotiate::preferred(&asked.headers)
    } else {
        lang
    };
    let snapshot = state.snapshot();
    let is_missing = error.status() == StatusCode::NOT_FOUND;
    let removed = removed(&snapshot.content, path).filter(|_| is_missing);
    let message = match (removed, error) {
        (Some(removed), _) => farewell(lang, removed),
        (None, AppError::NotFound(at)) if at.is_empty() => {
            let shown = String::from_utf8_lossy(&encode::decode_path(path)).into_owned();
            AppError::NotFound(shown).message(lang)
        }
        (None, other) => other.message(lang),
    };
    let status = if removed.is_some() { StatusCode::GONE } else { error.status() };
    let (content_type, body) = match form {
        Form::Json => {
            let base = &state.config().site.base_url;
            let problem = Problem {
                r#type: format!("{base}/api/docs#problem-{}", error.kind()),
                title: error::title(Lang::En, status.as_u16()),
                status: status.as_u16(),
                detail: &message,
                instance: uri.path(),
            };
            (PROBLEM, serde_json::to_string(&problem).unwrap_or_default() + "\n")
        }
        Form::Text => (TEXT, format!("{}: {message}\n", status.as_u16())),
        Form::Html => {
            let mut ways_out: Vec<_> =
                removed.and_then(|r| instead(&snapshot, lang, r)).into_iter().collect();
            ways_out.extend(self::ways_out(state, lang, path, error));
            let elsewhere = if matches!(error, AppError::NotFound(_)) && removed.is_none() {
                elsewhere(state, lang, path).await
            } else {
                Vec::new()
            };
            let status = status.as_u16();
            let view = ErrorView { lang, status, message, ways_out, elsewhere };
            let path = encode::ascii(&negotiate::without_language(uri));
            let document = Document { path, ..error::document(view) };
            (HTML, document.render(&snapshot.chrome))
        }
    };
    let mut response =
        Page::new(content_type, CachePolicy::NoCache, body).respond_as(status, &asked.headers);
    let vary = HeaderValue::from_static("accept, accept-encoding, accept-language");
    response.headers_mut().insert(header::VARY, vary);
    if form == Form::Json {
        open::put_headers(&mut response);
    }
    if matches!(error, AppError::NoToken) {
        let scheme = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    if let AppError::TooMany(seconds) | AppError::TooManyTests(seconds) | AppError::Busy(seconds) =
        error
    {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    if matches!(error, AppError::Method) && !asked.is_routed {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// The mirror that an address was of, when it is gone.
fn removed<'a>(content: &'a Content, path: &str) -> Option<&'a Removed> {
    let mut segments = path.split('/').filter(|s| !s.is_empty());
    let first = match segments.next()? {
        "docs" | "status" => segments.next()?,
        first => first,
    };
    content.removed.get(first.strip_suffix(".md").unwrap_or(first))
}

fn farewell(lang: Lang, removed: &Removed) -> String {
    let t = lang.texts();
    let (id, reason) = (removed.id.as_str(), removed.reason.get(lang));
    match removed.on {
        Some(day) => fill(t.error_removed_on, &[id, reason, &day.to_string()]),
        None => fill(t.error_removed, &[id, reason]),
    }
}

fn instead(snapshot: &Snapshot, lang: Lang, removed: &Removed) -> Option<(String, String)> {
    let mirror = snapshot.mirror(removed.instead.as_ref()?)?;
    let label = fill(lang.texts().error_instead, &[mirror.name.get(lang)]);
    Some((mirror.page(lang), label))
}

/// Files shown that have the name that was asked for.
const ELSEWHERE: usize = 5;

/// Where the index knows a file or folder of the very name that is missing.
async fn elsewhere(state: &AppState, lang: Lang, path: &str) -> Vec<(String, String)> {
    let decoded = encode::decode_path(path);
    let name = decoded.trim_ascii_end().strip_suffix(b"/").unwrap_or(&decoded);
    let name = name.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let Ok(name) = std::str::from_utf8(name) else { return Vec::new() };
    if name.chars().count() < 3 || name.contains('"') {
        return Vec::new();
    }
    let wanted = name.to_lowercase();
    let asked =
        search::Asked { text: format!("\"{name}\""), limit: 50, ..search::Asked::default() };
    // The index may be absent, or refuse a name of 4000 bytes.
    let Ok(answer) = search::find_files(state, asked).await else { return Vec::new() };
    answer
        .hits
        .into_iter()
        .filter(|hit| hit.path.rsplit('/').next().is_some_and(|n| n.to_lowercase() == wanted))
        .take(ELSEWHERE)
        .map(|hit| {
            let (prefix, slash) = if hit.is_dir { (lang.prefix(), "/") } else { ("", "") };
            let href = format!("{prefix}/{}{slash}", encode::path(&hit.path_bytes));
            (href, format!("/{}{slash}", hit.path))
        })
        .collect()
}

/// Where a mirror that this site does not carry may be found.
fn federation(state: &AppState, lang: Lang, name: &str) -> Option<(String, String)> {
    let federation = state.config().site.federation.as_ref()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_+.".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let label = fill(lang.texts().error_to_federation, &[name, federation.name.get(lang)]);
    Some((federation.url.replace("{id}", name), label))
}

/// Where a visitor may go from here: the guide in question, the nearest folder, a search.
fn ways_out(state: &AppState, lang: Lang, path: &str, error: &AppError) -> Vec<(String, String)> {
    let t = lang.texts();
    let p = lang.prefix();
    let snapshot = state.snapshot();
    let mut ways = Vec::new();
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let named = match segments.as_slice() {
        ["docs" | "status", id, ..] => snapshot.subject(id),
        [first, ..] => match snapshot.mirror_at(path) {
            Some(mirror) => Some(Subject::Mirror(Box::new(mirror.clone()))),
            None => snapshot.subject(first),
        },
        [] => None,
    };
    let is_named = named.is_some();
    if let Some(subject) = named {
        let label = fill(t.error_to_guide, &[subject.name(lang)]);
        ways.push((subject.page(lang), label));
    }
    if matches!(error, AppError::NotFound(_)) && !is_named {
        // `/x.php` is no mirror; `/crates.io-index/` may be one.
        let is_file = segments.len() == 1 && path.contains('.') && !path.ends_with('/');
        let first = segments.first().filter(|first| !is_file && !RESERVED.contains(first));
        ways.extend(first.and_then(|first| federation(state, lang, first)));
    }
    if !matches!(error, AppError::BadPath(_))
        && !matches!(segments.first(), Some(&("docs" | "status")))
        && let Ok(relative) = RelPath::parse(path)
    {
        let mut above = relative.parent();
        while let Some(folder) = above.filter(|folder| !folder.bytes().is_empty()) {
            if state.trees().find(&folder).is_ok() {
                let label = fill(t.error_to_parent, &[&format!("/{}/", folder.display())]);
                ways.push((format!("{p}{}", folder.href()), label));
                break;
            }
            above = folder.parent();
        }
        if let Some(name) = relative.segments().next_back() {
            let name = String::from_utf8_lossy(name);
            let href = format!("{p}/search?q={}", encode::query(&name));
            ways.push((href, fill(t.error_to_search, &[&name])));
        }
    }
    ways
}
