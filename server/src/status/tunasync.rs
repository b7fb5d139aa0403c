//! tunasync: `GET /jobs` of the manager, and the file `static/tunasync.json` that sites publish of
//! it.
//!
//! Format: tuna/tunasync `internal/status.go`, `internal/status_web.go`. Also read: the workers'
//! own list (`internal/msg.go`, RFC 3339 times) and files of old versions, which lack the `_ts`
//! fields, `last_started`, `last_ended` and `is_master`.

use app::model::State;
use jiff::Timestamp;
use serde_json::Value;

use super::{Entry, ParseError, Parsed, collect, document, field, moment, size, upstream};

/// Reads the array of jobs. A slave's copy (`is_master: false`) gives way to the master's
/// statement.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    let jobs = document::array(bytes)?;
    Ok(collect::collect(
        &jobs,
        "name",
        |job| job["is_master"] == false,
        |job, id| entry(job, id, now),
    ))
}

fn entry(job: &Value, id: String, now: Timestamp) -> Entry {
    let status = field::text(job, "status").unwrap_or_default();
    let next = moment::planned(time(job, "next_schedule", "next_schedule_ts"), now);
    // `last_update` is written only after a good run, `last_ended` after every run
    // (tuna/tunasync#109).
    let last_success = moment::past(time(job, "last_update", "last_update_ts"), now);
    let last_ended = moment::past(time(job, "last_ended", "last_ended_ts"), now);
    let last_started = moment::past(time(job, "last_started", "last_started_ts"), now);
    let state = state(status, next.is_some());
    Entry {
        id,
        state,
        last_success,
        last_attempt: last_ended.max(last_success).or(last_started),
        started: last_started.filter(|_| state == State::Syncing),
        next,
        size_bytes: size::bytes(&job["size"]),
        upstream: field::text(job, "upstream").and_then(upstream::public),
        disabled: status == "disabled",
        ..Entry::default()
    }
}

/// The number where there is one, otherwise the text of old versions.
fn time(job: &Value, text: &str, seconds: &str) -> Option<Timestamp> {
    moment::seconds(&job[seconds]).or_else(|| moment::text(&job[text]))
}

fn state(status: &str, has_next: bool) -> State {
    match status {
        "success" => State::Success,
        "syncing" => State::Syncing,
        "pre-syncing" => State::Pending,
        "none" if has_next => State::Pending,
        "failed" | "fail" => State::Failed,
        "paused" | "disabled" => State::Paused,
        // Not tunasync's own: NJU adds its proxies to the file by hand.
        "cache" | "cached" => State::Cached,
        _ => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fixture: &str) -> Parsed {
        let path = format!("{}/tests/fixtures/tunasync/{fixture}", env!("CARGO_MANIFEST_DIR"));
        parse(&std::fs::read(path).unwrap(), "2026-08-20T06:00:00Z".parse().unwrap()).unwrap()
    }

    fn one<'a>(parsed: &'a Parsed, id: &str) -> &'a Entry {
        parsed.entries.iter().find(|entry| entry.id == id).unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn last_success_and_last_attempt_are_two_facts() {
        let parsed = read("jobs.json");
        let failed = one(&parsed, "broken-since-monday");
        assert_eq!(failed.state, State::Failed);
        assert_eq!(failed.last_success, Some(utc("2026-08-17T00:00:00Z")));
        assert_eq!(failed.last_attempt, Some(utc("2026-08-20T00:00:00Z")));
        assert_eq!(failed.upstream.as_deref(), Some("rsync://upstream.example/broken/"));
        assert_eq!(failed.size_bytes, Some(373_430_000_000));
    }

    #[test]
    fn every_status_has_a_state() {
        let parsed = read("jobs.json");
        for (id, expected) in [
            ("debian", State::Success),
            ("running", State::Syncing),
            ("queued", State::Pending),
            ("new-with-next", State::Pending),
            ("new-without-next", State::Unknown),
            ("stopped", State::Paused),
            ("gone", State::Paused),
            ("odd", State::Unknown),
        ] {
            assert_eq!(one(&parsed, id).state, expected, "{id}");
        }
        assert!(one(&parsed, "gone").disabled && !one(&parsed, "stopped").disabled);
    }

    #[test]
    fn go_zero_time_is_never_a_time() {
        let parsed = read("jobs.json");
        assert_eq!(one(&parsed, "running").next, None);
        let never = one(&parsed, "new-without-next");
        assert_eq!((never.last_success, never.last_attempt, never.next), (None, None, None));
    }

    #[test]
    fn master_speaks_before_slave() {
        let parsed = read("jobs.json");
        assert_eq!(one(&parsed, "debian").last_success, Some(utc("2026-08-20T04:00:00Z")));
        assert_eq!(parsed.dropped.len(), 1);
    }

    #[test]
    fn files_of_old_versions_have_text_times_only() {
        let parsed = read("old-version.json");
        let old = one(&parsed, "legacy");
        assert_eq!(
            (old.state, old.last_success),
            (State::Failed, Some(utc("2020-01-01T00:00:00Z")))
        );
    }

    #[test]
    fn lists_of_workers_have_rfc_3339_times() {
        let parsed = read("worker.json");
        assert_eq!(one(&parsed, "archlinux").last_success, Some(utc("2026-08-20T04:00:00Z")));
        assert_eq!(one(&parsed, "epoch").last_success, None);
    }
}
