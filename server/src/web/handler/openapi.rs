//! What the site tells programs: the document, and the same for people.

use app::page::api::{self, ApiView};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};

use super::cached;
use crate::{
    openapi::Document,
    snapshot::AppState,
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page},
    },
};

/// `GET /api/openapi.json`
pub async fn document(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or("/api/openapi.json", || {
        let json = Document::of(&snapshot, state.refresh().is_some())?
            .json()
            .map_err(|e| AppError::Internal(e.into()))?;
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, json + "\n"))
    })?;
    Ok(page.respond(&headers))
}

/// `GET /api/docs`
pub async fn page(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        let document = Document::of(&snapshot, state.refresh().is_some())?;
        let view = ApiView {
            lang,
            introduction: document.introduction(lang)?,
            groups: document.groups(lang, &snapshot.chrome.site.base_url)?,
            schemas: document.schemas(lang)?,
            problems: document.problems(lang)?,
        };
        Ok(api::document(view))
    })
}
