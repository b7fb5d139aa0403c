//! For load balancers and operators.

use axum::{extract::State, http::StatusCode};

use crate::snapshot::AppState;

/// The process answers.
pub async fn live() -> &'static str {
    "ok\n"
}

/// There is something to show: a line for each backend and problem, `503` when no mirror is known.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, String) {
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
    lines.extend(state.problems().into_iter().map(|p| format!("content: {p}")));
    let status =
        if snapshot.mirrors.is_empty() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, lines.join("\n") + "\n")
}
