//! JSON for programs.

use app::{
    Lang,
    model::{Category, Freshness, Mirror, State as SyncState},
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::search::{self, Asked};
use crate::{
    index::{Answer, QueryError},
    snapshot::{AppState, Snapshot},
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page},
        encode,
        params::Params,
    },
};

/// Which mirrors are asked for: those that are all of what is named.
#[derive(Clone, Copy, Debug)]
struct Filter {
    category: Option<Category>,
    state: Option<SyncState>,
    freshness: Option<Freshness>,
}

impl Filter {
    fn parse(uri: &Uri) -> Result<Self, AppError> {
        let params = Params::parse(uri, &["category", "state", "freshness"])?;
        Ok(Self {
            category: params.closed("category", &Category::ALL, Category::id)?,
            state: params.closed("state", &SyncState::ALL, SyncState::id)?,
            freshness: params.closed("freshness", &Freshness::ALL, Freshness::id)?,
        })
    }

    fn accepts(self, mirror: &Mirror) -> bool {
        self.category.is_none_or(|category| mirror.category == category)
            && self.state.is_none_or(|state| mirror.state == state)
            && self.freshness.is_none_or(|freshness| mirror.freshness == freshness)
    }
}

/// `GET /api/v1/mirrors?category=&state=&freshness=`
pub async fn mirrors(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let filter = Filter::parse(&uri)?;
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or(&format!("/api/v1/mirrors {filter:?}"), || {
        let mirrors: Vec<Value> = snapshot
            .mirrors
            .iter()
            .filter(|m| filter.accepts(m))
            .map(|m| mirror(&snapshot, m))
            .collect();
        let body = json!({
            "generated_at": snapshot.now,
            "backends": snapshot.backends,
            "mirrors": mirrors,
        });
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, format!("{body}\n")))
    })?;
    Ok(page.respond(&headers))
}

/// `GET /api/v1/mirrors/{id}`; other spellings of an id lead to its own.
pub async fn one_mirror(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path(id) = id?;
    Params::parse(&uri, &[])?;
    let snapshot = state.snapshot();
    let m = snapshot.resolve(&id).ok_or_else(|| AppError::UnknownMirror(id.clone()))?;
    if m.id != id {
        let to = format!("/api/v1/mirrors/{}", encode::segment(m.id.as_bytes()));
        return Ok(Redirect::permanent(&to).into_response());
    }
    let page = snapshot.pages.get_or(&format!("/api/v1/mirrors/{id}"), || {
        let body = mirror(&snapshot, m);
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, format!("{body}\n")))
    })?;
    Ok(page.respond(&headers))
}

fn mirror(snapshot: &Snapshot, m: &Mirror) -> Value {
    json!({
        "id": m.id,
        "name": m.name,
        "description": m.description,
        "category": m.category,
        "cname": m.cname,
        "path": m.path,
        "state": m.state,
        "warning": m.warning,
        "last_success": m.last_success,
        "last_attempt": m.last_attempt,
        "started": m.started,
        "next": m.next,
        "size_bytes": m.size_bytes,
        "upstream": m.upstream,
        "content_time": m.content_time,
        "freshness": m.freshness,
        "upstream_time": m.upstream_time,
        "lag_seconds": m.lag_seconds,
        "upstream_error": m.upstream_error,
        "consistency": m.consistency,
        "audit": m.audit,
        "recorded_at": m.recorded_at,
        "docs": format!("{}{}", snapshot.chrome.site.base_url, m.page(Lang::Zh)),
    })
}

/// `GET /api/v1/files?q=&mirror=&ext=&folder=&limit=`
pub async fn files(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let asked = asked(&state, &uri)?;
    let query = asked.text.clone();
    let answer = search::find_files(&state, asked).await?;
    let page =
        Page::new(JSON, CachePolicy::NoCache, format!("{}\n", self::answer(&query, &answer)));
    Ok(page.respond(&headers))
}

fn asked(state: &AppState, uri: &Uri) -> Result<Asked, AppError> {
    let params = Params::parse(uri, &["q", "mirror", "ext", "folder", "limit"])?;
    has_words(params.get("q").unwrap_or_default())?;
    let text = |name| params.get(name).map(str::trim).filter(|value| !value.is_empty());
    if let Some(mirror) = text("mirror")
        && state.snapshot().resolve(mirror).is_none()
    {
        return Err(AppError::UnknownMirror(mirror.to_owned()));
    }
    Ok(Asked {
        text: text("q").unwrap_or_default().to_owned(),
        mirror: text("mirror").map(ToOwned::to_owned),
        ext: text("ext").map(|ext| ext.trim_start_matches('.').to_owned()),
        folder: text("folder").map(ToOwned::to_owned),
        limit: params.number("limit", 1..=search::MOST)?.unwrap_or(search::PAGE),
    })
}

/// The index takes a filter alone; of a program that has lost its words, that would be a surprise.
fn has_words(text: &str) -> Result<(), AppError> {
    let said = text.trim_matches(|c: char| c.is_whitespace() || c == '"');
    let is_excluded = |word: &str| word.len() > 1 && word.starts_with('-');
    if said.is_empty() {
        return Err(QueryError::Empty.into());
    }
    if said.split_whitespace().all(is_excluded) {
        return Err(QueryError::OnlyExcluded.into());
    }
    Ok(())
}

/// The body of an answer of the file index.
pub fn answer(query: &str, answer: &Answer) -> Value {
    let hits: Vec<Value> = answer
        .hits
        .iter()
        .map(|hit| {
            json!({
                "path": format!("/{}{}", hit.path, if hit.is_dir { "/" } else { "" }),
                "mirror": hit.mirror,
                "size": (!hit.is_dir).then_some(hit.size),
                "mtime": Timestamp::from_second(hit.mtime).ok(),
            })
        })
        .collect();
    json!({
        "query": query,
        "total": answer.total,
        "total_is_exact": answer.total_is_exact,
        "took_us": answer.took_us,
        "without": answer.without,
        "hits": hits,
    })
}
