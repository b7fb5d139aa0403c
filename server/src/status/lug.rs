//! lug (SJTUG): `GET /lug/v1/manager/summary`, and the administrator's `…/detail`, whose logs are
//! not read.
//!
//! Format: sjtug/lug `pkg/manager/restful.go`, `pkg/worker/worker.go`. An object by name, in which
//! times are RFC 3339 with nanoseconds. It knows neither sizes nor upstreams nor next runs.

use app::model::State;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Entry, ParseError, Parsed, collect, document, moment};

/// `LastFinished` of a worker that has not succeeded yet is the start of lug minus one year
/// (`worker.go`, `AddDate(-1, 0, 0)`); from this age on, a time is taken for that. 365 days less the
/// skew of clocks.
const NEVER_FROM: SignedDuration = SignedDuration::from_hours(365 * 24 - 1);
/// Up to this age: a lug that has run for a year itself. Older times are real, as in recordings.
const NEVER_TO: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

/// An external worker always says "now" (`external_worker.go`), which is seconds old when it
/// arrives.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(10);

/// Reads `WorkerStatus`.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    const EXPECTED: &str = "a lug summary with an object `WorkerStatus`";
    let summary = document::json(bytes, EXPECTED)?;
    let Some(Value::Object(workers)) = summary.get("WorkerStatus") else {
        return Err(ParseError::shape(EXPECTED, &summary));
    };
    let workers = document::listed(workers, "name");
    Ok(collect::collect(&workers, "name", |_| false, |worker, id| entry(worker, id, now)))
}

fn entry(worker: &Value, id: String, now: Timestamp) -> Entry {
    let finished = moment::past(moment::text(&worker["LastFinished"]), now);
    let age = finished.map(|time| now.duration_since(time));
    let is_never = age.is_some_and(|age| (NEVER_FROM..NEVER_TO).contains(&age));
    // Written after good runs only (`executor_invoke_worker.go`), whatever its name says.
    let last_success = finished.filter(|_| !is_never && age > Some(JUST_NOW));
    Entry {
        id,
        state: state(worker, finished.is_some() && !is_never),
        last_success,
        last_attempt: last_success,
        ..Entry::default()
    }
}

/// A worker begins with `Result: true`: without the time of a success, that is none.
fn state(worker: &Value, has_succeeded: bool) -> State {
    match (worker["Result"].as_bool(), worker["Idle"].as_bool()) {
        (Some(false), _) => State::Failed,
        (_, Some(false)) => State::Syncing,
        (Some(true), Some(true)) if has_succeeded => State::Success,
        _ => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Parsed {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lug/summary.json");
        parse(&std::fs::read(path).unwrap(), "2026-08-20T06:00:00Z".parse().unwrap()).unwrap()
    }

    fn one(id: &str) -> Entry {
        read().entries.into_iter().find(|entry| entry.id == id).unwrap()
    }

    #[test]
    fn failure_wins_over_running() {
        assert_eq!(one("failed-and-running").state, State::Failed);
        assert_eq!(one("running").state, State::Syncing);
    }

    #[test]
    fn a_worker_that_never_succeeded_is_no_success() {
        let never = one("never-run");
        assert_eq!((never.state, never.last_success), (State::Unknown, None));
        assert_eq!(one("never-good").last_success, None);
    }

    #[test]
    fn an_external_worker_is_not_fresh_for_ever() {
        let external = one("external");
        assert_eq!((external.state, external.last_success), (State::Success, None));
    }

    #[test]
    fn old_recordings_keep_their_times() {
        let of_2018 = br#"{"WorkerStatus": {"a": {"Result": true, "LastFinished": "2018-01-16T21:45:51.27813641+08:00", "Idle": true}}}"#;
        let parsed = parse(of_2018, "2026-08-20T06:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(parsed.entries[0].state, State::Success);
        assert!(parsed.entries[0].last_success.is_some());
    }
}
