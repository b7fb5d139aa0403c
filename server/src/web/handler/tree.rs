//! The mirrored trees: a listing for a directory, the file otherwise.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
};

use app::Lang;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Redirect, Response},
};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use crate::{
    assets::content_type,
    files::{Found, RelPath, tree::entity_tag},
    snapshot::AppState,
    web::{AppError, cache::CachePolicy, encode, headers, negotiate},
};

mod folder;

/// Whatever no other route claims: a path below the mirror root.
pub async fn serve(State(state): State<AppState>, request: Request) -> Result<Response, AppError> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(AppError::Method);
    }
    let uri = request.uri().clone();
    let (lang, inner) = negotiate::language(uri.path());
    let path = RelPath::parse(inner)?;
    let found = {
        let (state, path) = (state.clone(), path.clone());
        let find = move || state.trees().find(&path);
        tokio::task::spawn_blocking(find).await.map_err(|error| AppError::Internal(error.into()))?
    };
    match found {
        Ok(Found::Folder { .. }) if !path.is_folder() => {
            let to = format!("{}{}/", lang.prefix(), path.href());
            Ok(Redirect::permanent(&with_query(&to, &uri)).into_response())
        }
        Ok(Found::Folder { path: real }) => match index_file(&state, &path) {
            Some((path, real, metadata)) => file(&state, request, &path, &real, &metadata).await,
            None => {
                folder::listing(state, lang, path, real, uri, request.into_parts().0.headers).await
            }
        },
        Ok(Found::File { .. }) if path.is_folder() => Err(AppError::NotFound(String::new())),
        Ok(Found::File { path: real, metadata }) => {
            file(&state, request, &path, &real, &metadata).await
        }
        Err(error) => moved(&state, lang, inner, &uri).ok_or_else(|| error.into()),
    }
}

/// `/Debian/dists/` → `/debian/dists/`: another spelling of a mirror that is here.
fn moved(state: &AppState, lang: Lang, inner: &str, uri: &Uri) -> Option<Response> {
    let trimmed = inner.trim_start_matches('/');
    let (first, rest) = trimmed.split_once('/').unwrap_or((trimmed, ""));
    let first = String::from_utf8(encode::decode_path(first)).ok()?;
    let snapshot = state.snapshot();
    if snapshot.mirror_at(&format!("/{first}")).is_some() {
        return None;
    }
    let mirror = snapshot.resolve(&first)?;
    // COMPAT: `name.git` was a repository once; a client of git must not be led into a tree.
    if first.split('.').next_back() == Some("git") {
        return None;
    }
    let to = format!("{}{}/{rest}", lang.prefix(), mirror.path);
    Some(Redirect::permanent(&with_query(&to, uri)).into_response())
}

/// The file that stands for a directory, in trees that are read as registries.
fn index_file(state: &AppState, folder: &RelPath) -> Option<(RelPath, PathBuf, Metadata)> {
    let snapshot = state.snapshot();
    let mirror = snapshot.mirror_at(&format!("/{}", folder.display()))?;
    let name = snapshot.content.mirrors.get(&mirror.id)?.file.index.as_ref()?;
    let file = folder.child(name.as_bytes(), false);
    match state.trees().find(&file).ok()? {
        Found::File { path, metadata } => Some((file, path, metadata)),
        Found::Folder { .. } => None,
    }
}

/// One file: by nginx when it is in front, by ourselves otherwise.
async fn file(
    state: &AppState,
    request: Request,
    path: &RelPath,
    real: &Path,
    metadata: &Metadata,
) -> Result<Response, AppError> {
    let name = real.file_name().map(std::ffi::OsStr::to_string_lossy).unwrap_or_default();
    let media = content_type(&name);
    if let Some(accel) = &state.config().files.accel {
        let target = format!("{accel}{}", path.href());
        let target = HeaderValue::from_str(&target).map_err(|e| AppError::Internal(e.into()))?;
        let redirect = (header::HeaderName::from_static("x-accel-redirect"), target);
        let mut response = ([redirect, (header::CONTENT_TYPE, media)], ()).into_response();
        headers::put_tree(response.headers_mut());
        return Ok(response);
    }
    let tag = entity_tag(metadata);
    let mut conditions = request;
    if is_known(conditions.headers(), &tag) {
        return Ok(with_tag(StatusCode::NOT_MODIFIED.into_response(), &tag));
    }
    // RFC 9110 §13.1.3: If-Modified-Since is ignored when there is If-None-Match.
    if conditions.headers().contains_key(header::IF_NONE_MATCH) {
        conditions.headers_mut().remove(header::IF_MODIFIED_SINCE);
    }
    // RFC 9110 §14.2: a server may ignore Range; several ranges at once are not worth the code.
    let has_many = conditions
        .headers()
        .get(header::RANGE)
        .is_some_and(|range| range.as_bytes().contains(&b','));
    if has_many || !range_applies(conditions.headers(), &tag, metadata) {
        conditions.headers_mut().remove(header::RANGE);
    }
    let (parts, _) = conditions.into_parts();
    let service = ServeFile::new(real);
    let Ok(response) = service.oneshot(Request::from_parts(parts, Body::empty())).await;
    let mut response = with_tag(response.map(Body::new), &tag);
    if response.status().is_success() {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response.headers_mut().insert(header::CACHE_CONTROL, CachePolicy::NoCache.header());
    }
    headers::put_tree(response.headers_mut());
    Ok(response)
}

fn with_tag(mut response: Response, tag: &str) -> Response {
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|text| {
            text.trim() == "*" || text.split(',').any(|t| t.trim().trim_start_matches("W/") == tag)
        })
    })
}

/// RFC 9110 §13.1.5: a range counts only while the file is the one the client has a part of.
fn range_applies(headers: &HeaderMap, tag: &str, metadata: &Metadata) -> bool {
    let Some(condition) = headers.get(header::IF_RANGE).and_then(|v| v.to_str().ok()) else {
        return true;
    };
    if condition.starts_with('"') {
        return condition == tag;
    }
    let modified = crate::files::tree::modified(metadata);
    let asked = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(condition).ok();
    asked.is_some() && asked == modified
}

fn with_query(path: &str, uri: &Uri) -> String {
    encode::ascii(&uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}
