//! Pages of plain text: about, FAQ.

use app::page::prose::{self, ProseView};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};

use super::cached;
use crate::{
    snapshot::AppState,
    web::{AppError, negotiate},
};

/// The page whose name is the last segment.
pub async fn page(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        let (_, path) = negotiate::language(uri.path());
        let name = path.trim_matches('/').to_owned();
        let page = snapshot
            .content
            .pages
            .get(&(name, lang))
            .ok_or_else(|| AppError::NotFound(uri.path().to_owned()))?;
        let view = ProseView {
            lang,
            title: page.title.clone(),
            path: path.to_owned(),
            html: page.text.html.clone(),
            contents: page.text.contents.clone(),
        };
        Ok(prose::document(&snapshot.chrome, view))
    })
}
