//! Search over mirrors, guides and files.

use app::{
    Document, Lang,
    model::Mirror,
    page::search::{self as page, FileHit, FileResult, GuideHit, SearchView},
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
    content::topic::TopicFacts,
    guide::{Guide, Piece},
    index::{self, Query},
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
    /// Most hits wanted.
    pub limit: usize,
}

/// Hits on a page.
pub const PAGE: usize = 50;
/// Hits an API client may ask for.
pub const MOST: usize = 200;

impl Asked {
    /// Reads `q`, `mirror`, `ext` and `limit`; others are left alone.
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
    let (mirrors, guides) = if files_only || asked.text.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        (find_mirrors(&snapshot, &asked.text), find_guides(&snapshot, lang, &asked.text))
    };
    let files = if asked.text.is_empty() {
        FileResult::NotAsked
    } else {
        match find_files(&state, asked.clone()).await {
            Ok(answer) => found(&snapshot, lang, answer),
            Err(AppError::NoIndex) => FileResult::NoIndex,
            Err(AppError::Query(why)) => FileResult::Refused(why.to_string()),
            Err(other) => return Err(other),
        }
    };
    let view = SearchView {
        lang,
        query: asked.text,
        files_only,
        mirrors,
        guides,
        files,
        mirror_choices: mirror_choices(&snapshot, lang, asked.mirror.as_deref()),
        ext: asked.ext.unwrap_or_default(),
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
    let mirror = asked
        .mirror
        .map(|name| state.snapshot().resolve(&name).map_or(name, |mirror| mirror.id.clone()));
    let query = Query { text: asked.text, mirror, ext: asked.ext, limit: asked.limit };
    let answer = tokio::task::spawn_blocking(move || index.search(&query))
        .await
        .map_err(|error| AppError::Internal(error.into()))?;
    Ok(answer?)
}

fn find_mirrors(snapshot: &Snapshot, text: &str) -> Vec<Mirror> {
    let wanted = text.to_lowercase();
    let mut hits: Vec<&Mirror> = snapshot
        .mirrors
        .iter()
        .filter(|m| contains_all(text, &[&m.words(), &m.description.zh, &m.description.en]))
        .collect();
    // Those whose very name was typed first, then those that start so.
    hits.sort_by_key(|m| {
        let id = m.id.to_lowercase();
        let exact = id == wanted || m.aliases.iter().any(|a| a.to_lowercase() == wanted);
        (!exact, !id.starts_with(&wanted), id)
    });
    hits.into_iter().take(8).cloned().collect()
}

fn find_guides(snapshot: &Snapshot, lang: Lang, text: &str) -> Vec<GuideHit> {
    snapshot
        .content
        .guides
        .values()
        .filter_map(|guide| {
            let subject = snapshot.subject(&guide.id)?;
            let title = guide.title.get(lang);
            let prose = prose(guide, lang);
            let words = snapshot.content.topics.get(&guide.id).map(TopicFacts::words);
            contains_all(text, &[title, &guide.id, &prose, &words.unwrap_or_default()]).then(|| {
                GuideHit {
                    href: subject.page(lang),
                    title: title.to_owned(),
                    excerpt: excerpt(&prose, text),
                }
            })
        })
        .take(8)
        .collect()
}

fn prose(guide: &Guide, lang: Lang) -> String {
    let texts = guide.pieces(lang).iter().filter_map(|piece| match piece {
        Piece::Text(prose) => Some(prose.text.as_str()),
        Piece::Code(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The first line that holds one of the words, without Markdown's marks.
fn excerpt(prose: &str, text: &str) -> String {
    let words: Vec<String> =
        text.to_lowercase().split_whitespace().map(ToOwned::to_owned).collect();
    let line = prose
        .lines()
        .map(|line| line.trim_start_matches(['#', '-', '>', ' ', '*']))
        .find(|line| words.iter().any(|word| line.to_lowercase().contains(word)))
        .unwrap_or_default();
    line.replace(['`', '*'], "").chars().take(160).collect()
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

fn found(snapshot: &Snapshot, lang: Lang, answer: index::Answer) -> FileResult {
    let hits = answer
        .hits
        .into_iter()
        .map(|hit| {
            let slash = if hit.is_dir { "/" } else { "" };
            let prefix = if hit.is_dir { lang.prefix() } else { "" };
            let parent = hit.path_bytes.iter().rposition(|b| *b == b'/').unwrap_or(0);
            let folder = encode::path(&hit.path_bytes[..parent]);
            let day = Timestamp::from_second(hit.mtime).ok().map_or_else(String::new, |time| {
                app::format::day(&snapshot.chrome.site.time_zone, time)
            });
            FileHit {
                href: format!("{prefix}/{}{slash}", encode::path(&hit.path_bytes)),
                folder: match folder.as_str() {
                    "" => format!("{}/", lang.prefix()),
                    folder => format!("{}/{folder}/", lang.prefix()),
                },
                path: format!("{}{slash}", hit.path),
                highlights: hit.highlights,
                size: (!hit.is_dir).then_some(hit.size),
                day,
            }
        })
        .collect();
    FileResult::Found {
        hits,
        total: answer.total,
        exact: answer.total_is_exact,
        took_us: answer.took_us,
    }
}
