//! For load balancers and operators.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
};

use crate::{snapshot::AppState, web::cache::CachePolicy};

type Headers = [(HeaderName, HeaderValue); 1];

/// Of the moment: a load balancer must not be told by a cache that all is well.
const HEADERS: Headers = [(header::CACHE_CONTROL, CachePolicy::NoCache.header())];

/// The process answers.
pub async fn live() -> (Headers, &'static str) {
    (HEADERS, "ok\n")
}

/// There is something to show: a line for each backend and problem, `503` when no mirror is known.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, Headers, String) {
    let snapshot = state.snapshot();
    let mut lines = vec![format!("mirrors: {}", snapshot.mirrors.len())];
    for backend in &snapshot.backends {
        let health = if backend.ok { "ok" } else { "away" };
        lines.push(format!("backend {}: {health}, {} entries", backend.kind, backend.entries));
    }
    lines.push(match state.index() {
        Some(_) => "file index: open".to_owned(),
        None => "file index: none".to_owned(),
    });
    lines.extend(state.history().error.iter().map(|error| format!("history: {error}")));
    let silent = snapshot.downloads.silent.iter();
    lines.extend(
        silent.map(|(mirror, rule)| format!("downloads of {mirror}: nothing is at {rule}")),
    );
    lines.extend(state.problems().into_iter().map(|p| format!("content: {p}")));
    let status =
        if snapshot.mirrors.is_empty() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, HEADERS, lines.join("\n") + "\n")
}
