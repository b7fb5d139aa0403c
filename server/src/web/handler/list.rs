//! The front page.

use app::{
    model::{Category, Mirror, State as SyncState},
    page::list::{self, Filter, Layout, ListView, Sort},
};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};

use super::cached;
use crate::{
    files::natural,
    snapshot::AppState,
    web::{AppError, encode, params::closed},
};

/// Every mirror, as the query filters and sorts them.
pub async fn page(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        let filter = parse(uri.query().unwrap_or_default())?;
        let mut rows: Vec<(&Mirror, String)> = snapshot
            .mirrors
            .iter()
            .map(|m| (m, m.words()))
            .filter(|(m, words)| accepts(&filter, m, words))
            .collect();
        sort(&mut rows, filter.sort);
        let view =
            ListView { lang, now: snapshot.now, all: &snapshot.mirrors, rows, filter: &filter };
        Ok(list::document(&snapshot.chrome, &view))
    })
}

/// Reads the closed parameters; those that are not ours are left alone.
fn parse(query: &str) -> Result<Filter, AppError> {
    let mut filter = Filter::default();
    for (key, value) in encode::pairs(query) {
        if value.is_empty() {
            continue;
        }
        match key.as_str() {
            "q" => filter.text = value.trim().chars().take(128).collect(),
            "category" => {
                let category = closed("category", &value, &Category::ALL, Category::id)?;
                filter.category = Some(category);
            }
            "state" => {
                filter.state = Some(closed("state", &value, &SyncState::ALL, SyncState::id)?);
            }
            "view" => filter.layout = closed("view", &value, &Layout::ALL, Layout::id)?,
            "sort" => filter.sort = closed("sort", &value, &Sort::ALL, Sort::id)?,
            _ => {}
        }
    }
    Ok(filter)
}

fn accepts(filter: &Filter, mirror: &Mirror, words: &str) -> bool {
    filter.category.is_none_or(|c| mirror.category == c)
        && filter.state.is_none_or(|s| mirror.state == s)
        && contains_all(&filter.text, &[words, &mirror.description.zh, &mirror.description.en])
}

/// Whether every word of `text` occurs in one of `places`, in any case.
pub fn contains_all(text: &str, places: &[&str]) -> bool {
    text.to_lowercase()
        .split_whitespace()
        .all(|word| places.iter().any(|place| place.to_lowercase().contains(word)))
}

fn sort(rows: &mut [(&Mirror, String)], sort: Sort) {
    rows.sort_by(|(a, _), (b, _)| {
        let by_name = natural::compare(a.id.as_bytes(), b.id.as_bytes());
        match sort {
            Sort::Name => by_name,
            Sort::Size => b.size_bytes.cmp(&a.size_bytes).then(by_name),
            Sort::Success => b.last_success.cmp(&a.last_success).then(by_name),
            Sort::Content => b.content_time.cmp(&a.content_time).then(by_name),
        }
    });
}
