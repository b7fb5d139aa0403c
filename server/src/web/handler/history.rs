//! What is remembered of mirrors: a page and JSON for each, Atom for each and for all.

use app::{
    Lang,
    format::{self, fill},
    history::{Change, Figures, MirrorHistory, Run, WINDOW},
    model::Mirror,
    page::history::{self, HistoryView},
};
use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{docs, feed};
use crate::{
    history::{History, summary},
    snapshot::{AppState, Snapshot},
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page},
        encode, negotiate,
        params::Params,
    },
};

/// `/status/{id}` and `/status/{id}/feed.xml`; ids may have slashes.
pub async fn below(
    State(state): State<AppState>,
    rest: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path(rest) = rest?;
    // As it was sent: `%2F` is part of an id.
    if uri.path().ends_with('/') {
        return Ok(docs::drop_slash(uri).await.into_response());
    }
    let (id, suffix) = match rest.strip_suffix("/feed.xml") {
        Some(id) => (id, "/feed.xml"),
        None => (rest.as_str(), ""),
    };
    let snapshot = state.snapshot();
    let (lang, _) = negotiate::language(uri.path());
    let mirror = snapshot.resolve(id).ok_or_else(|| AppError::UnknownMirror(id.to_owned()))?;
    if mirror.id != id {
        let to = format!("{}{suffix}", mirror.status_page(lang));
        return Ok(Redirect::permanent(&to).into_response());
    }
    let past = state.history();
    let page = snapshot.pages.get_or(&address(uri.path(), &past), || {
        let history = past.of(&mirror.id);
        if suffix.is_empty() {
            let is_broken = past.error.is_some();
            let view =
                HistoryView { lang, now: snapshot.now, mirror, history: &history, is_broken };
            return Ok(Page::html(
                history::document(&snapshot.chrome, &view).render(&snapshot.chrome),
            ));
        }
        atom_of(&snapshot, lang, mirror, &history)
    })?;
    Ok(page.respond(&headers))
}

/// `/status/feed.xml`
pub async fn feed(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let (snapshot, past) = (state.snapshot(), state.history());
    let page = snapshot.pages.get_or(&address(uri.path(), &past), || {
        let (lang, _) = negotiate::language(uri.path());
        atom_of_all(&snapshot, lang, &past)
    })?;
    Ok(page.respond(&headers))
}

/// `GET /api/v1/mirrors/{id}/history`; other spellings of an id lead to its own.
pub async fn json(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Path(id) = id?;
    Params::parse(&uri, &[])?;
    let snapshot = state.snapshot();
    let mirror = snapshot.resolve(&id).ok_or_else(|| AppError::UnknownMirror(id.clone()))?;
    if mirror.id != id {
        return Ok(Redirect::permanent(&mirror.history_api()).into_response());
    }
    let past = state.history();
    let page = snapshot.pages.get_or(&address(&mirror.history_api(), &past), || {
        let zone = &snapshot.chrome.site.time_zone;
        let today = snapshot.now.to_zoned(zone.clone()).date();
        let body = body(mirror, &past.of(&mirror.id), today, snapshot.now);
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, format!("{body}\n")))
    })?;
    Ok(page.respond(&headers))
}

/// Pages are kept with the snapshot, and the past may change between two of them.
fn address(path: &str, past: &History) -> String {
    format!("{path}#{}", past.version)
}

fn body(
    mirror: &Mirror,
    history: &MirrorHistory,
    today: jiff::civil::Date,
    now: Timestamp,
) -> Value {
    let window = history.window(today);
    let figures = Figures::of(&window);
    let all = figures.ok + figures.failed;
    let days: Vec<Value> = window
        .iter()
        .filter_map(|(date, day)| Some((date, (*day)?)))
        .map(|(date, day)| {
            json!({
                "date": date,
                "ok": day.ok,
                "failed": day.failed,
                "mean_seconds": day.mean().map(|mean| mean.as_secs()),
                "size_bytes": day.size_bytes,
            })
        })
        .collect();
    json!({
        "id": mirror.id,
        "generated_at": now,
        "since": history.since,
        "recorded_at": mirror.recorded_at,
        "state": mirror.state,
        "freshness": mirror.freshness,
        "window_days": WINDOW,
        "figures": {
            "runs": all,
            "ok": figures.ok,
            "failed": figures.failed,
            "success_rate": (all > 0).then(|| f64::from(figures.ok) / f64::from(all)),
            "mean_seconds": figures.mean.map(|mean| mean.as_secs()),
            "first_size_bytes": figures.sizes.map(|(first, _)| first),
            "last_size_bytes": figures.sizes.map(|(_, last)| last),
        },
        "days": days,
        "runs": history.runs.iter().map(run).collect::<Vec<_>>(),
        "changes": history.changes,
    })
}

fn run(run: &Run) -> Value {
    json!({
        "started": run.started,
        "ended": run.ended,
        "outcome": run.outcome,
        "seconds": run.duration().map(|duration| duration.as_secs()),
        "size_bytes": run.size_bytes,
    })
}

#[derive(Template)]
#[template(path = "status_feed.xml")]
struct Atom<'a> {
    lang: Lang,
    title: String,
    author: &'a str,
    id: String,
    address: String,
    page: String,
    updated: Timestamp,
    entries: Vec<Entry>,
}

struct Entry {
    title: String,
    id: String,
    page: String,
    updated: Timestamp,
    event: &'static str,
    summary: String,
}

fn atom_of_all(snapshot: &Snapshot, lang: Lang, past: &History) -> Result<Page, AppError> {
    let site = &snapshot.chrome.site;
    let entries =
        past.latest.iter().filter_map(|(id, change)| entry(snapshot, lang, id, change)).collect();
    let title = fill(lang.texts().feed_status, &[site.short.get(lang)]);
    let page = format!("{}/status", lang.prefix());
    atom(snapshot, lang, title, &page, past.since, entries)
}

fn atom_of(
    snapshot: &Snapshot,
    lang: Lang,
    mirror: &Mirror,
    history: &MirrorHistory,
) -> Result<Page, AppError> {
    let site = &snapshot.chrome.site;
    let entries = summary::events(history)
        .filter_map(|change| entry(snapshot, lang, &mirror.id, change))
        .collect();
    let names = [site.short.get(lang), mirror.name.get(lang)];
    let title = fill(lang.texts().feed_mirror, &names);
    atom(snapshot, lang, title, &mirror.status_page(lang), history.since, entries)
}

fn atom(
    snapshot: &Snapshot,
    lang: Lang,
    title: String,
    page: &str,
    since: Option<Timestamp>,
    entries: Vec<Entry>,
) -> Result<Page, AppError> {
    let site = &snapshot.chrome.site;
    let page = format!("{}{page}", site.base_url);
    let address = format!("{page}/feed.xml");
    // RFC 4287 wants a time even where nothing happened yet.
    let updated = entries.iter().map(|entry| entry.updated).max().or(since).unwrap_or_default();
    feed::render(
        "application/atom+xml; charset=utf-8",
        &Atom {
            lang,
            title,
            author: site.name.get(lang),
            id: address.clone(),
            address,
            page,
            updated,
            entries,
        },
    )
}

fn entry(snapshot: &Snapshot, lang: Lang, id: &str, change: &Change) -> Option<Entry> {
    let t = lang.texts();
    let site = &snapshot.chrome.site;
    let event = change.event?;
    let mirror = snapshot.mirror(id);
    let name = mirror.map_or(id, |mirror| mirror.name.get(lang));
    // Who is gone has no page any more.
    let page = mirror.map_or_else(|| format!("{}/status", lang.prefix()), |m| m.status_page(lang));
    let words = [
        event.word(lang),
        &format::minute(&site.time_zone, change.at),
        change.state.word(lang),
        change.freshness.word(lang),
    ];
    Some(Entry {
        title: fill(t.feed_entry, &[name, event.word(lang)]),
        id: tag(&site.base_url, lang, id, event.id(), change.at),
        page: format!("{}{page}", site.base_url),
        updated: change.at,
        event: event.id(),
        summary: fill(t.feed_summary, &words),
    })
}

/// A tag URI (RFC 4151): the same for ever, also when the site moves its pages.
fn tag(base_url: &str, lang: Lang, id: &str, event: &str, at: Timestamp) -> String {
    let host = base_url.split_once("://").map_or(base_url, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host);
    let (day, id) = (at.strftime("%Y-%m-%d"), encode::path(id.as_bytes()));
    format!("tag:{host},{day}:status{}/{id}/{event}/{}", lang.prefix(), at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_neither_port_nor_odd_characters() {
        let at = "2026-11-21T06:00:00Z".parse().unwrap();
        assert_eq!(
            tag("http://mirror.example:3000", Lang::En, "git/a b", "failed", at),
            "tag:mirror.example,2026-11-21:status/en/git/a%20b/failed/1795240800"
        );
    }
}
