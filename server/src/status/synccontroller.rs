//! `SyncController` (PKU): `GET /status`, and the file that its predecessor published.
//!
//! Format: PKUOSC/SyncController `README.md`, `controller.js`, `db.js`. Times are Unix
//! milliseconds. The older form is an object by name with `status` and `timestamp`, with fractions.

use app::model::State;
use jiff::Timestamp;
use serde_json::Value;

use super::{Entry, ParseError, Parsed, collect, document, field, moment, size};

/// Reads the array of jobs, or the older object.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    const EXPECTED: &str = "a JSON array, or an object by name";
    let jobs = match document::json(bytes, EXPECTED)? {
        Value::Array(jobs) => jobs,
        Value::Object(jobs) if jobs.values().any(|job| job.get("status").is_some()) => {
            document::listed(&jobs, "id")
        }
        other => return Err(ParseError::shape(EXPECTED, &other)),
    };
    Ok(collect::collect(&jobs, "id", |_| false, |job, id| entry(job, id, now)))
}

fn entry(job: &Value, id: String, now: Timestamp) -> Entry {
    let past = |key: &str| moment::past(moment::milliseconds(&job[key]), now);
    let word = field::text(job, "state").or_else(|| field::text(job, "status")).unwrap_or_default();
    // `lastSyncTime` is written after good runs only (`controller.js`, `start`), the older
    // `timestamp` with every change of `status`.
    let changed = past("timestamp");
    let last_success = past("lastSyncTime").or(changed.filter(|_| word == "done"));
    let next = moment::planned(moment::milliseconds(&job["nextSyncTime"]), now);
    let state = state(word, last_success.is_some(), next.is_some());
    Entry {
        id,
        state,
        last_success,
        last_attempt: changed.max(last_success),
        started: changed.filter(|_| state == State::Syncing),
        next,
        size_bytes: size::bytes(&job["diskUsage"]),
        ..Entry::default()
    }
}

/// A job is `done` from the moment of its creation (`db.js`, `insert`): without a run, that is no
/// success. A restart of the program turns `sync` into `error`.
fn state(word: &str, has_run: bool, has_next: bool) -> State {
    match word {
        "done" if has_run => State::Success,
        "done" if has_next => State::Pending,
        "sync" | "running" => State::Syncing,
        "error" => State::Failed,
        _ => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fixture: &str) -> Parsed {
        let path =
            format!("{}/tests/fixtures/synccontroller/{fixture}", env!("CARGO_MANIFEST_DIR"));
        parse(&std::fs::read(path).unwrap(), "2026-08-20T06:00:00Z".parse().unwrap()).unwrap()
    }

    fn one(fixture: &str, id: &str) -> Entry {
        read(fixture).entries.into_iter().find(|entry| entry.id == id).unwrap()
    }

    #[test]
    fn times_are_milliseconds() {
        let done = one("status.json", "done");
        assert_eq!(done.last_success.map(Timestamp::as_second), Some(1_787_184_000));
        assert_eq!(done.next.map(Timestamp::as_second), Some(1_787_207_600));
        assert_eq!(done.size_bytes, Some(100_430_000_000));
    }

    #[test]
    fn a_failed_run_does_not_look_fresh() {
        let failed = one("status.json", "failed");
        assert_eq!(failed.state, State::Failed);
        assert_eq!(failed.last_success.map(Timestamp::as_second), Some(1_787_100_000));
    }

    #[test]
    fn done_without_a_run_is_pending() {
        assert_eq!(one("status.json", "new").state, State::Pending);
        assert_eq!(one("status.json", "new-without-next").state, State::Unknown);
    }

    #[test]
    fn the_older_form_is_an_object_by_name() {
        let running = one("old-version.json", "running");
        assert_eq!((running.state, running.last_success), (State::Syncing, None));
        assert_eq!(running.started.map(Timestamp::as_second), Some(1_787_203_800));
        let done = one("old-version.json", "done");
        assert_eq!(done.last_success.map(Timestamp::as_second), Some(1_787_184_000));
    }
}
