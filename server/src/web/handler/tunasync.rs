//! `/static/tunasync.json`: the state of all mirrors in the shape of tunasync's manager, for the
//! scripts and pages that were written for it.
//!
//! Format: tuna/tunasync `internal/status_web.go`. What it has no word for (a reverse proxy, a state
//! that nobody knows) is `none`, and a time that nobody knows is Go's zero time.

use app::{
    format,
    model::{Mirror, State as SyncState},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    snapshot::{AppState, Snapshot},
    web::{
        AppError,
        cache::{CachePolicy, JSON, Page},
    },
};

/// One job, with every field of `WebMirrorStatus` in its order.
#[derive(Serialize)]
struct Job<'a> {
    name: &'a str,
    is_master: bool,
    status: &'static str,
    last_update: String,
    last_update_ts: i64,
    last_started: String,
    last_started_ts: i64,
    last_ended: String,
    last_ended_ts: i64,
    next_schedule: String,
    next_schedule_ts: i64,
    upstream: &'a str,
    size: String,
}

/// `GET /static/tunasync.json`
pub async fn jobs(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, AppError> {
    let snapshot = state.snapshot();
    let page = snapshot.pages.get_or("/static/tunasync.json", || {
        let text = render(&snapshot).map_err(|error| AppError::Internal(error.into()))?;
        Ok::<_, AppError>(Page::new(JSON, CachePolicy::Page, text + "\n"))
    })?;
    Ok(page.respond(&headers))
}

fn render(snapshot: &Snapshot) -> serde_json::Result<String> {
    let zone = &snapshot.chrome.site.time_zone;
    let jobs: Vec<_> = snapshot.mirrors.iter().map(|mirror| job(zone, mirror)).collect();
    serde_json::to_string(&jobs)
}

fn job<'a>(zone: &TimeZone, m: &'a Mirror) -> Job<'a> {
    let status = status(m.state);
    // A job that is `none` and has a next run would be read as one that is queued.
    let next = m.next.filter(|_| status != "none");
    // Nobody tells when the last run started; the zero time is better than a run of no length.
    let (last_started, last_started_ts) = moment(zone, None);
    let (last_update, last_update_ts) = moment(zone, m.last_success);
    let (last_ended, last_ended_ts) = moment(zone, m.last_attempt);
    let (next_schedule, next_schedule_ts) = moment(zone, next);
    Job {
        name: &m.id,
        is_master: true,
        status,
        last_update,
        last_update_ts,
        last_started,
        last_started_ts,
        last_ended,
        last_ended_ts,
        next_schedule,
        next_schedule_ts,
        upstream: m.upstream.as_deref().unwrap_or_default(),
        size: m.size_bytes.map_or_else(|| "unknown".to_owned(), size),
    }
}

/// The seven are none, failed, success, syncing, pre-syncing, paused and disabled; mirrors that are
/// disabled are not on the site.
const fn status(state: SyncState) -> &'static str {
    match state {
        SyncState::Success => "success",
        SyncState::Syncing => "syncing",
        SyncState::Pending => "pre-syncing",
        SyncState::Failed => "failed",
        SyncState::Paused => "paused",
        SyncState::Cached | SyncState::Proxied | SyncState::Unknown => "none",
    }
}

/// A time as text and as seconds; Go's zero time for none.
fn moment(zone: &TimeZone, time: Option<Timestamp>) -> (String, i64) {
    match time {
        Some(time) => {
            let text = time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %z").to_string();
            (text, time.as_second())
        }
        None => ("0001-01-01 00:00:00 +0000".to_owned(), -62_135_596_800),
    }
}

/// `8.5T`, as `du -h` writes it.
fn size(bytes: u64) -> String {
    format::size(bytes).replace("iB", "").replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_text_of_the_zone_and_seconds() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let time = Timestamp::from_second(1_637_608_110).unwrap();
        assert_eq!(moment(&zone, Some(time)), ("2021-11-23 03:08:30 +0800".into(), 1_637_608_110));
        assert_eq!(moment(&zone, None), ("0001-01-01 00:00:00 +0000".into(), -62_135_596_800));
    }

    #[test]
    fn sizes_have_one_letter() {
        assert_eq!(size(3 << 40), "3.0T");
        assert_eq!(size(373 << 30), "373G");
        assert_eq!(size(512), "512B");
    }
}
