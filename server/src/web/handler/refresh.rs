//! Asking the backends at once, for hooks that run after a sync.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use crate::{snapshot::AppState, web::AppError};

/// `POST /api/v1/refresh`: `202` when the backends are going to be asked. Hooks of many mirrors may
/// come at once: what is asked is asked once.
pub async fn now(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, AppError> {
    let refresh = state.refresh().ok_or_else(|| AppError::NotFound(String::new()))?;
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(AppError::NoToken)?;
    if !refresh.allows(token) {
        tracing::warn!("refused to ask the backends at once: wrong token");
        return Err(AppError::WrongToken);
    }
    let backends = refresh.ask();
    let answer = (StatusCode::ACCEPTED, Json(json!({ "backends": backends })));
    Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response())
}
