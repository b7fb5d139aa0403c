//! The status page.

use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};

use super::cached;
use crate::{snapshot::AppState, web::AppError};

/// All times of all mirrors, and the backends.
pub async fn page(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        let s = &snapshot;
        Ok(app::page::status::document(&s.chrome, lang, s.now, &s.mirrors, &s.backends))
    })
}
