//! The feed that the `MirrorZ` network reads.

use anyhow::Context as _;
use axum::{extract::State, http::HeaderMap, response::Response};

use crate::{
    mirrorz,
    snapshot::AppState,
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page},
    },
};

/// `GET /api/mirrorz.json`, `GET /mirrorz.json`
pub async fn feed(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or("/api/mirrorz.json", || {
        let downloads = &snapshot.downloads.distributions;
        let feed = mirrorz::feed(state.config(), &snapshot.mirrors, downloads);
        let body = serde_json::to_string(&feed).context("MirrorZ feed")?;
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, format!("{body}\n")))
    })?;
    Ok(page.respond(&headers))
}
