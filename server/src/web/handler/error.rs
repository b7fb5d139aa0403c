//! Errors as pages, JSON or text, with ways out.

use app::{
    Document, Lang,
    format::fill,
    page::error::{self, ErrorView},
    page::guide::Subject,
};
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::Response,
};
use serde::Serialize;

use crate::{
    files::RelPath,
    snapshot::AppState,
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
pub fn page(
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
    let message = match error {
        AppError::NotFound(at) if at.is_empty() => {
            let shown = String::from_utf8_lossy(&encode::decode_path(path)).into_owned();
            AppError::NotFound(shown).message(lang)
        }
        other => other.message(lang),
    };
    let status = error.status();
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
            let ways_out = ways_out(state, lang, path, error);
            let view = ErrorView { lang, status: status.as_u16(), message, ways_out };
            let path = encode::ascii(&negotiate::without_language(uri));
            let document = Document { path, ..error::document(view) };
            (HTML, document.render(&state.snapshot().chrome))
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
    if matches!(error, AppError::Method) && !asked.is_routed {
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
        ["docs" | "status", id, ..] => snapshot.subject(id),
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
