//! Errors as pages, JSON or text, with ways out.

use app::{
    Document, Lang,
    format::fill,
    page::error::{self, ErrorView},
    page::guide::Subject,
};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::Response,
};

use crate::{
    files::RelPath,
    snapshot::AppState,
    web::{
        AppError,
        cache::{CachePolicy, HTML, JSON, Page, TEXT},
        encode,
        negotiate::{self, Form},
    },
};

/// The headers of a request that its error page depends on.
pub struct Asked(HeaderMap);

impl Asked {
    /// Keeps what is needed of a request before it is handed on.
    pub fn of(request: &Request) -> Self {
        let mut kept = HeaderMap::new();
        for name in [header::ACCEPT, header::ACCEPT_ENCODING] {
            if let Some(value) = request.headers().get(&name) {
                kept.insert(name, value.clone());
            }
        }
        Self(kept)
    }
}

/// The answer for an error.
pub fn page(state: &AppState, uri: &Uri, asked: &Asked, error: &AppError) -> Response {
    let (lang, path) = negotiate::language(uri.path());
    let message = match error {
        AppError::NotFound(at) if at.is_empty() => {
            let shown = String::from_utf8_lossy(&encode::decode_path(path)).into_owned();
            AppError::NotFound(shown).message(lang)
        }
        other => other.message(lang),
    };
    let status = error.status();
    let (content_type, body) = match negotiate::error_form(uri, &asked.0) {
        Form::Json => {
            let body = serde_json::json!({ "error": message, "status": status.as_u16() });
            (JSON, format!("{body}\n"))
        }
        Form::Text => (TEXT, format!("{}: {message}\n", status.as_u16())),
        Form::Html => {
            let ways_out = ways_out(state, lang, path, error);
            let view = ErrorView { lang, status: status.as_u16(), message, ways_out };
            let path = encode::ascii(&negotiate::without_language(uri));
            let document = Document { path, ..error::document(view) };
            (HTML, document.render(&state.snapshot().chrome))
        }
    };
    let mut response =
        Page::new(content_type, CachePolicy::NoCache, body).respond_as(status, &asked.0);
    let vary = HeaderValue::from_static("accept, accept-encoding");
    response.headers_mut().insert(header::VARY, vary);
    if uri.path().starts_with("/api/") {
        let any = HeaderValue::from_static("*");
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    }
    if matches!(error, AppError::Method) {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// Where a visitor may go from here: the guide in question, the nearest folder, a search.
fn ways_out(state: &AppState, lang: Lang, path: &str, error: &AppError) -> Vec<(String, String)> {
    let t = lang.texts();
    let p = lang.prefix();
    let snapshot = state.snapshot();
    let mut ways = Vec::new();
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let named = match segments.as_slice() {
        ["docs", id, ..] => snapshot.subject(id),
        [first, ..] => match snapshot.mirror_at(path) {
            Some(mirror) => Some(Subject::Mirror(Box::new(mirror.clone()))),
            None => snapshot.subject(first),
        },
        [] => None,
    };
    if let Some(subject) = named {
        let label = fill(t.error_to_guide, &[subject.name(lang)]);
        ways.push((subject.page(lang), label));
    }
    if !matches!(error, AppError::BadPath(_))
        && segments.first() != Some(&"docs")
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
