//! `/downloads`, for people and for programs.

use app::{
    download::{Checksum, Distribution, Download},
    page::downloads::{self, DownloadsView},
};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use serde_json::{Value, json};

use super::cached;
use crate::{
    snapshot::AppState,
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page},
        encode,
        params::Params,
    },
};

/// Installers and applications that have every word of `q`.
pub async fn page(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        let pairs = encode::pairs(uri.query().unwrap_or_default());
        let filter = pairs.into_iter().rev().find(|(key, _)| key == "q");
        let filter: String =
            filter.map_or_else(String::new, |(_, text)| text.trim().chars().take(128).collect());
        let all = &snapshot.downloads;
        let view = DownloadsView {
            lang,
            now: snapshot.now,
            distributions: narrow(&all.distributions, &filter),
            total: all.distributions.iter().map(|d| d.files.len()).sum(),
            is_known: all.is_known,
            filter,
            mirrors: &snapshot.mirrors,
        };
        Ok(downloads::document(&snapshot.chrome, &view))
    })
}

/// `GET /api/v1/downloads?q=`
pub async fn json(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let params = Params::parse(&uri, &["q"])?;
    let filter = params.get("q").unwrap_or_default().to_lowercase();
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or(&format!("/api/v1/downloads {filter}"), || {
        let found = narrow(&snapshot.downloads.distributions, &filter);
        let body = json!({
            "generated_at": snapshot.now,
            "is_complete": snapshot.downloads.is_known,
            "distributions": found.iter().map(distribution).collect::<Vec<_>>(),
        });
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, format!("{body}\n")))
    })?;
    Ok(page.respond(&headers))
}

/// The files that have every word, and the distributions that have such files.
fn narrow(all: &[Distribution], filter: &str) -> Vec<Distribution> {
    let words: Vec<String> = filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let narrowed = all.iter().map(|distribution| {
        let files = distribution.files.iter().filter(|file| file.has(distribution, &words));
        Distribution { files: files.cloned().collect(), ..bare(distribution) }
    });
    narrowed.filter(|distribution| !distribution.files.is_empty()).collect()
}

/// A distribution without its files.
fn bare(of: &Distribution) -> Distribution {
    Distribution { id: of.id.clone(), name: of.name.clone(), kind: of.kind, files: Vec::new() }
}

fn distribution(of: &Distribution) -> Value {
    json!({
        "id": of.id,
        "name": of.name,
        "category": of.kind,
        "files": of.files.iter().map(file).collect::<Vec<_>>(),
    })
}

fn file(of: &Download) -> Value {
    json!({
        "mirror": of.mirror,
        "url": of.href,
        "file": of.file,
        "version": of.version,
        "arch": of.arch,
        "edition": of.edition,
        "size": of.size,
        "mtime": of.time,
        "checksum": of.checksum.as_ref().map(checksum),
        "signature": of.signature,
    })
}

fn checksum(of: &Checksum) -> Value {
    json!({
        "algorithm": of.algorithm,
        "hex": of.hex,
        "source": of.source,
        "signature": of.signature,
    })
}
