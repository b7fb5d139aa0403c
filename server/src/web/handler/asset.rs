//! Stylesheet, script, icons.

use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};

use crate::{snapshot::AppState, web::AppError};

/// One asset.
pub async fn serve(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    match state.assets().get(uri.path()) {
        Some(asset) => Ok(asset.respond(&headers)),
        None => Err(AppError::NotFound(uri.path().to_owned())),
    }
}
