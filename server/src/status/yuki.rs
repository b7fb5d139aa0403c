//! Yuki (USTC): `GET /api/v1/metas`.
//!
//! Format: ustclug/Yuki `pkg/api/types.go` (`GetMetaResponse`), `pkg/server/utils.go`; times are
//! Unix seconds, `size` is bytes or -1.

use app::model::{State, Warning};
use jiff::Timestamp;
use serde_json::Value;

use super::{Entry, ParseError, Parsed, collect, document, field, moment, size, upstream};

/// `exitCode` of a repository that has not run yet (`initRepoMetas`).
const NEVER_RUN: i64 = -1;
/// rsync's exit code for "the --max-delete limit stopped deletions" (rsync(1)): everything new has
/// arrived.
const MAX_DELETE: i64 = 25;

/// Reads the array of repositories.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    let metas = document::array(bytes)?;
    Ok(collect::collect(&metas, "name", |_| false, |meta, id| entry(meta, id, now)))
}

fn entry(meta: &Value, id: String, now: Timestamp) -> Entry {
    let past = |key: &str| moment::past(moment::seconds(&meta[key]), now);
    let (last_success, started) = (past("lastSuccess"), past("prevRun"));
    let (state, warning) = state(meta);
    Entry {
        id,
        state,
        warning,
        last_success,
        // `prevRun` is the start of the last run or of the present one; `updatedAt` moves with
        // every look at the size.
        last_attempt: started.max(last_success),
        started: started.filter(|_| state == State::Syncing),
        next: moment::planned(moment::seconds(&meta["nextRun"]), now),
        size_bytes: size::bytes(&meta["size"]),
        upstream: field::text(meta, "upstream").and_then(upstream::public),
        ..Entry::default()
    }
}

/// A negative `nextRun` is the zero time of a schedule that never comes (`30 2`, the thirtieth of
/// February): how Yuki is told to pause. -2 as exit code is a time-out.
fn state(meta: &Value) -> (State, Option<Warning>) {
    let is_paused = meta["nextRun"].as_i64().is_some_and(|next| next < 0);
    let state = match meta["exitCode"].as_i64() {
        _ if is_paused => State::Paused,
        _ if meta["syncing"] == true => State::Syncing,
        Some(0) => State::Success,
        Some(MAX_DELETE) => return (State::Success, Some(Warning::MaxDelete)),
        Some(NEVER_RUN) => State::Pending,
        Some(_) => State::Failed,
        None => State::Unknown,
    };
    (state, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: &str) -> Entry {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/yuki/metas.json");
        let bytes = std::fs::read(path).unwrap();
        let parsed = parse(&bytes, "2026-08-20T06:00:00Z".parse().unwrap()).unwrap();
        parsed.entries.into_iter().find(|entry| entry.id == id).unwrap()
    }

    #[test]
    fn max_delete_is_a_success_with_a_warning() {
        let entry = one("max-delete");
        assert_eq!((entry.state, entry.warning), (State::Success, Some(Warning::MaxDelete)));
        assert!(entry.last_success < entry.last_attempt);
        assert_eq!(one("good").warning, None);
    }

    #[test]
    fn a_run_in_progress_has_a_start() {
        let entry = one("running");
        assert_eq!(entry.started.map(Timestamp::as_second), Some(1_787_203_800));
        assert_eq!(entry.last_success.map(Timestamp::as_second), Some(1_787_184_000));
        assert_eq!(one("good").started, None);
    }

    #[test]
    fn negative_numbers_are_neither_sizes_nor_times() {
        let paused = one("paused");
        assert_eq!((paused.state, paused.next), (State::Paused, None));
        assert_eq!(one("never").size_bytes, None);
    }
}
