//! News.

use app::{
    Lang,
    page::news::{self, NewsItem},
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, Uri},
    response::Response,
};

use super::cached;
use crate::{
    content::{Content, prose::News},
    snapshot::AppState,
    web::AppError,
};

/// The list.
pub async fn index(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        Ok(news::index(&snapshot.chrome, lang, &items(&snapshot.content, lang)))
    })
}

/// One item.
pub async fn item(
    State(state): State<AppState>,
    slug: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path(slug) = slug?;
    let snapshot = state.snapshot();
    cached(&snapshot, &uri, &headers, |lang| {
        let item = snapshot
            .content
            .news
            .get(&(slug.clone(), lang))
            .ok_or_else(|| AppError::NotFound(uri.path().to_owned()))?;
        Ok(news::item(lang, &view(&slug, item)))
    })
}

/// News of one language, newest first, as pages and feeds show them.
pub fn items(content: &Content, lang: Lang) -> Vec<NewsItem> {
    content.news_in(lang).into_iter().map(|(slug, item)| view(slug, item)).collect()
}

fn view(slug: &str, item: &News) -> NewsItem {
    NewsItem {
        slug: slug.to_owned(),
        title: item.title.clone(),
        summary: item.summary.clone(),
        date: item.date,
        html: item.text.html.clone(),
    }
}
