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
    index::Answer,
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
        "path": m.path,
        "state": m.state,
        "last_success": m.last_success,
        "last_attempt": m.last_attempt,
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

/// `GET /api/v1/files?q=&mirror=&ext=&limit=`
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
    let params = Params::parse(uri, &["q", "mirror", "ext", "limit"])?;
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
        limit: params.number("limit", 1..=search::MOST)?.unwrap_or(search::PAGE),
    })
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
        "hits": hits,
    })
}

/// `GET /api/mirrorz.json`: MirrorZ 1.7 (`mirrorz-org/mirrorz`, README, "Data Format v1.7").
pub async fn mirrorz(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or("/api/mirrorz.json", || {
        let site = &snapshot.chrome.site;
        let mirrors: Vec<Value> = snapshot.mirrors.iter().map(mirrorz_entry).collect();
        let mut about = json!({
            "url": site.base_url,
            "abbr": state.config().abbreviation(),
            "name": site.name.zh,
        });
        for (key, value) in [("email", &site.email), ("request", &site.issues)] {
            if let Some(value) = value {
                about[key] = json!(value);
            }
        }
        let body = json!({ "version": 1.7, "site": about, "info": [], "mirrors": mirrors });
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, format!("{body}\n")))
    })?;
    Ok(page.respond(&headers))
}

fn mirrorz_entry(m: &Mirror) -> Value {
    let mut entry = json!({
        "cname": m.id,
        "desc": m.description.zh,
        "url": m.path,
        "status": mirrorz_status(m),
        "help": m.page(Lang::Zh),
    });
    if let Some(upstream) = &m.upstream {
        entry["upstream"] = json!(upstream);
    }
    if let Some(size) = m.size_bytes {
        entry["size"] = json!(app::format::size(size));
    }
    entry
}

/// One main letter with its time, then the auxiliary `X` (next run) and `O` (old success).
fn mirrorz_status(m: &Mirror) -> String {
    let at = |letter: char, time: Option<Timestamp>| {
        time.map_or_else(|| letter.to_string(), |t| format!("{letter}{}", t.as_second()))
    };
    let aux = |letter: char, time: Option<Timestamp>| {
        time.map_or_else(String::new, |t| format!("{letter}{}", t.as_second()))
    };
    match m.state {
        SyncState::Success => at('S', m.last_success) + &aux('X', m.next),
        SyncState::Syncing => {
            at('Y', m.last_attempt) + &aux('O', m.last_success) + &aux('X', m.next)
        }
        SyncState::Failed => {
            at('F', m.last_attempt) + &aux('O', m.last_success) + &aux('X', m.next)
        }
        SyncState::Pending => at('D', m.last_attempt) + &aux('X', m.next),
        SyncState::Paused => at('P', m.last_attempt),
        SyncState::Cached => "C".to_owned(),
        SyncState::Proxied => "R".to_owned(),
        SyncState::Unknown => "U".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(state: SyncState) -> Mirror {
        let at = |s| Timestamp::from_second(s).ok();
        Mirror {
            state,
            last_success: at(100),
            last_attempt: at(200),
            next: at(300),
            ..Mirror::bare("m", "/m".to_owned())
        }
    }

    #[test]
    fn a_status_has_one_main_letter_and_its_companions() {
        assert_eq!(mirrorz_status(&mirror(SyncState::Success)), "S100X300");
        assert_eq!(mirrorz_status(&mirror(SyncState::Failed)), "F200O100X300");
        assert_eq!(mirrorz_status(&mirror(SyncState::Syncing)), "Y200O100X300");
        assert_eq!(mirrorz_status(&mirror(SyncState::Unknown)), "U");
        let never = Mirror { state: SyncState::Failed, ..Mirror::bare("m", "/m".to_owned()) };
        assert_eq!(mirrorz_status(&never), "F");
    }
}
