//! Search over mirrors, guides and files.

use app::{
    Document, Lang,
    model::Mirror,
    page::search::{self as page, FileHit, FileResult, SearchView, TextHit},
    part::Choice,
};
use axum::{
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
};
use jiff::Timestamp;

use super::list::contains_all;
use crate::{
    content::lexicon::Reading,
    index::{self, Hit, Limits, Query},
    search::fold::{self, Folded},
    snapshot::{AppState, Snapshot},
    web::{
        AppError,
        cache::{CachePolicy, HTML, Page},
        encode, negotiate,
    },
};

/// Parameters of a search.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Words.
    pub text: String,
    /// Mirror id, or nothing for all.
    pub mirror: Option<String>,
    /// Extension without its dot, or nothing for all.
    pub ext: Option<String>,
    /// Folder below which to search, or nothing for all.
    pub folder: Option<String>,
    /// Most hits wanted.
    pub limit: usize,
}

/// Hits on a page.
pub const PAGE: usize = 50;
/// Hits an API client may ask for.
pub const MOST: usize = 200;

impl Asked {
    /// Reads `q`, `mirror`, `ext`, `folder` and `limit`; others are left alone.
    ///
    /// # Errors
    /// A limit that is no number within bounds.
    pub fn parse(query: &str) -> Result<Self, AppError> {
        let mut asked = Self { limit: PAGE, ..Self::default() };
        for (key, value) in encode::pairs(query) {
            let value = value.trim().to_owned();
            if value.is_empty() {
                continue;
            }
            match key.as_str() {
                "q" => asked.text = value,
                "mirror" => asked.mirror = Some(value),
                "ext" => asked.ext = Some(value.trim_start_matches('.').to_owned()),
                "folder" => asked.folder = Some(value),
                "limit" => {
                    asked.limit =
                        value.parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or_else(|| {
                            AppError::BadParameter("limit", value, format!("1–{MOST}"))
                        })?;
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// Mirrors, guides and files together.
pub async fn all(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    respond(state, uri, headers, false).await
}

/// Files alone.
pub async fn files(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    respond(state, uri, headers, true).await
}

async fn respond(
    state: AppState,
    uri: Uri,
    headers: HeaderMap,
    files_only: bool,
) -> Result<Response, AppError> {
    let (lang, _) = negotiate::language(uri.path());
    let asked = Asked::parse(uri.query().unwrap_or_default())?;
    let snapshot = state.snapshot();
    if let Some(mirror) = &asked.mirror
        && snapshot.resolve(mirror).is_none()
    {
        return Err(AppError::UnknownMirror(mirror.clone()));
    }
    let reading = snapshot.content.lexicon.read(&asked.text);
    let (mirrors, texts) = if files_only || asked.text.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        let words = if reading.text.is_empty() { &asked.text } else { &reading.text };
        (find_mirrors(&snapshot, &asked.text, &reading), find_texts(&state, &snapshot, lang, words))
    };
    let files = if asked.text.is_empty() {
        FileResult::NotAsked
    } else {
        // Some of the hits will stand under others.
        let more = Asked { limit: asked.limit * 2, ..asked.clone() };
        match find_files(&state, more).await {
            Ok(answer) => found(&snapshot, lang, answer, asked.limit),
            Err(AppError::NoIndex) => FileResult::NoIndex,
            Err(AppError::Query(why)) => FileResult::Refused(AppError::Query(why).message(lang)),
            Err(other) => return Err(other),
        }
    };
    let view = SearchView {
        lang,
        understood: understood(lang, &asked.text, &reading),
        query: asked.text,
        files_only,
        mirrors,
        texts,
        files,
        mirror_choices: mirror_choices(&snapshot, lang, asked.mirror.as_deref()),
        ext: asked.ext.unwrap_or_default(),
        folder: asked.folder,
    };
    let path = negotiate::without_language(&uri);
    let document = Document { path, ..page::document(&snapshot.chrome, view) };
    let html = document.render(&snapshot.chrome);
    Ok(Page::new(HTML, CachePolicy::NoCache, html).respond(&headers))
}

/// Asks the index, away from the threads that answer other requests.
///
/// # Errors
/// No index, or a query it refuses.
pub async fn find_files(state: &AppState, asked: Asked) -> Result<index::Answer, AppError> {
    let index = state.index().ok_or(AppError::NoIndex)?;
    let snapshot = state.snapshot();
    let reading = snapshot.content.lexicon.read(&asked.text);
    let Reading { text, mirrors, anywhere, kind, also, instead } = reading;
    let (mirrors, anywhere) = match asked.mirror {
        Some(name) => {
            (vec![snapshot.resolve(&name).map_or(name, |mirror| mirror.id.clone())], None)
        }
        // Words may mean mirrors that this site, or its index, does not have.
        None => (mirrors.into_iter().filter(|id| index.has_mirror(id)).collect(), anywhere),
    };
    let text = match &anywhere {
        Some(anywhere) if mirrors.is_empty() => anywhere.clone(),
        _ if text.is_empty() && mirrors.is_empty() => asked.text,
        _ => text,
    };
    let Asked { ext, folder, limit, .. } = asked;
    let query = Query { text, mirrors, ext, folder, also, instead, kind, limit };
    let answer = tokio::task::spawn_blocking(move || match anywhere {
        Some(text) if index.search_within(&query, Limits::VISITOR)?.total == 0 => {
            index.search(&Query { text, mirrors: Vec::new(), ..query })
        }
        _ => index.search(&query),
    })
    .await
    .map_err(|error| AppError::Internal(error.into()))?;
    Ok(answer?)
}

/// How a query was read, when not as it was typed.
fn understood(lang: Lang, text: &str, reading: &Reading) -> Option<String> {
    let ids = reading.mirrors.iter().map(|id| format!("mirror:{id}"));
    let words: Vec<String> =
        ids.chain((!reading.text.is_empty()).then(|| reading.text.clone())).collect();
    (reading.text != text)
        .then(|| app::format::fill(lang.texts().search_understood, &[&words.join(" ")]))
}

fn find_mirrors(snapshot: &Snapshot, text: &str, reading: &Reading) -> Vec<Mirror> {
    let wanted = text.to_lowercase();
    let is_named = |m: &Mirror| reading.mirrors.contains(&m.id);
    let mut hits: Vec<&Mirror> = snapshot
        .mirrors
        .iter()
        .filter(|m| {
            let places = [m.words(), m.description.zh.clone(), m.description.en.clone()];
            let holds = |text: &str| contains_all(text, &places.each_ref().map(String::as_str));
            is_named(m) || holds(text) || !reading.text.is_empty() && holds(&reading.text)
        })
        .collect();
    // Those whose very name was typed first, then those that are meant, then those that start so.
    hits.sort_by_key(|m| {
        let id = m.id.to_lowercase();
        let exact = id == wanted || m.aliases.iter().any(|a| a.to_lowercase() == wanted);
        let place = reading.mirrors.iter().position(|named| *named == m.id);
        (!exact, place.unwrap_or(usize::MAX), !id.starts_with(&wanted), id)
    });
    hits.into_iter().take(8).cloned().collect()
}

fn find_texts(state: &AppState, snapshot: &Snapshot, lang: Lang, words: &str) -> Vec<TextHit> {
    let Some(texts) = state.texts() else { return Vec::new() };
    match texts.search(lang, words, 8, |id| snapshot.subject(id).is_some()) {
        Ok(hits) => hits,
        Err(error) => {
            tracing::error!(%error, "the prose cannot be searched");
            Vec::new()
        }
    }
}

fn mirror_choices(snapshot: &Snapshot, lang: Lang, chosen: Option<&str>) -> Vec<Choice> {
    let chosen = chosen.and_then(|name| snapshot.resolve(name)).map(|m| m.id.clone());
    let any = Choice {
        value: String::new(),
        label: lang.texts().search_any.to_owned(),
        selected: chosen.is_none(),
    };
    let each = snapshot.mirrors.iter().map(|m| Choice {
        value: m.id.clone(),
        label: m.id.clone(),
        selected: chosen.as_ref() == Some(&m.id),
    });
    std::iter::once(any).chain(each).collect()
}

fn found(snapshot: &Snapshot, lang: Lang, answer: index::Answer, limit: usize) -> FileResult {
    let results = fold::fold(answer.hits, limit);
    FileResult::Found {
        hits: results.into_iter().map(|result| file_hit(snapshot, lang, result)).collect(),
        total: answer.total,
        exact: answer.total_is_exact,
        took_us: answer.took_us,
        literal: answer.literal,
        without: answer.without,
    }
}

fn file_hit(snapshot: &Snapshot, lang: Lang, Folded { hit, beside, also }: Folded) -> FileHit {
    let slash = if hit.is_dir { "/" } else { "" };
    let prefix = if hit.is_dir { lang.prefix() } else { "" };
    let folder = |hit: &Hit| {
        let end = hit.path_bytes.iter().rposition(|b| *b == b'/').unwrap_or(0);
        let path = hit.path_bytes.get(..end).unwrap_or_default();
        let slash = if path.is_empty() { "" } else { "/" };
        let shown = format!("/{}{slash}", String::from_utf8_lossy(path));
        (shown, format!("{}/{}{slash}", lang.prefix(), encode::path(path)))
    };
    let added = |other: Hit| {
        let (name, own) = (fold::name(&other.path_bytes), fold::name(&hit.path_bytes));
        let label = String::from_utf8_lossy(name.strip_prefix(own).unwrap_or(name)).into_owned();
        (label, format!("/{}", encode::path(&other.path_bytes)))
    };
    let day = Timestamp::from_second(hit.mtime)
        .ok()
        .map_or_else(String::new, |time| app::format::day(&snapshot.chrome.site.time_zone, time));
    FileHit {
        href: format!("{prefix}/{}{slash}", encode::path(&hit.path_bytes)),
        folder: folder(&hit).1,
        beside: beside.into_iter().map(added).collect(),
        also: also.iter().map(folder).collect(),
        path: format!("{}{slash}", hit.path),
        highlights: hit.highlights,
        size: (!hit.is_dir).then_some(hit.size),
        day,
    }
}
