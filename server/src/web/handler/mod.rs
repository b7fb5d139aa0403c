//! Handlers, one file per kind of address.

pub mod api;
pub mod asset;
pub mod badge;
pub mod docs;
pub mod downloads;
pub mod error;
pub mod feed;
pub mod health;
pub mod history;
pub mod list;
pub mod mirrorz;
pub mod network;
pub mod news;
pub mod openapi;
pub mod prose;
pub mod refresh;
pub mod search;
pub mod stats;
pub mod status;
pub mod tree;
pub mod tunasync;

use app::{Document, Lang};
use axum::{
    http::{HeaderMap, Uri},
    response::Response,
};

use crate::{
    snapshot::Snapshot,
    web::{AppError, cache::Page, negotiate},
};

/// Answers with the page at `uri`, from the snapshot's cache or rendered now.
fn cached(
    snapshot: &Snapshot,
    uri: &Uri,
    headers: &HeaderMap,
    document: impl FnOnce(Lang) -> Result<Document, AppError>,
) -> Result<Response, AppError> {
    let address = uri.path_and_query().map_or("/", |p| p.as_str());
    let page = snapshot.pages.get_or(address, || {
        let (lang, _) = negotiate::language(uri.path());
        // The other language gets the very same state: filters, options, order.
        let document = Document { path: negotiate::without_language(uri), ..document(lang)? };
        Ok::<_, AppError>(Page::html(document.render(&snapshot.chrome)))
    })?;
    Ok(page.respond(headers))
}
