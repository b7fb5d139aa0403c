//! ZJU `MirrorGo`: `GET /api/v2/mirrorgo.json`.
//!
//! Format: fixture `test/fixtures/legacy-mirrorgo.json` of ZJUSCT/mirror-front (MIT); the backend
//! itself is closed. Times are Unix seconds, and unknown ones are 0 or the Go zero time.

use app::model::State;
use jiff::Timestamp;
use serde_json::Value;

use super::{Entry, ParseError, Parsed, collect, document, field, moment, size, upstream};

/// Reads the array of mirrors.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    let mirrors = document::array(bytes)?;
    Ok(collect::collect(&mirrors, "id", |_| false, |mirror, id| entry(mirror, id, now)))
}

fn entry(mirror: &Value, id: String, now: Timestamp) -> Entry {
    let past = |key: &str| moment::past(moment::seconds(&mirror[key]), now);
    let last_success = past("lastSuccess");
    Entry {
        id,
        path: field::text(mirror, "url").and_then(field::path),
        name: field::bilingual(mirror, "name"),
        state: state(field::text(mirror, "status").unwrap_or_default()),
        last_success,
        // `lastAttempt` is a start, the other two are ends.
        last_attempt: past("lastAttempt").max(past("lastFailure")).max(last_success),
        next: moment::planned(moment::seconds(&mirror["nextScheduled"]), now),
        size_bytes: size::bytes(&mirror["size"]),
        upstream: field::text(mirror, "upstream").and_then(upstream::public),
        description: field::bilingual(mirror, "desc"),
        disabled: false,
    }
}

fn state(status: &str) -> State {
    match status.to_ascii_lowercase().as_str() {
        "succeeded" => State::Success,
        "syncing" => State::Syncing,
        "pending" => State::Pending,
        "failed" => State::Failed,
        "paused" => State::Paused,
        "cached" => State::Cached,
        _ => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Parsed {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mirrorgo/mirrorgo.json");
        parse(&std::fs::read(path).unwrap(), "2026-08-20T06:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn every_status_has_a_state() {
        let states: Vec<_> = read().entries.iter().map(|entry| entry.state).collect();
        assert_eq!(
            states,
            [
                State::Success,
                State::Syncing,
                State::Pending,
                State::Failed,
                State::Paused,
                State::Cached,
                State::Unknown,
                State::Unknown,
            ]
        );
    }

    #[test]
    fn both_sentinels_are_nothing() {
        let parsed = read();
        for index in [2, 6] {
            let entry = &parsed.entries[index];
            assert_eq!(
                (entry.last_success, entry.last_attempt, entry.size_bytes),
                (None, None, None),
                "{}",
                entry.id
            );
        }
        assert!(parsed.entries[2].next.is_some());
    }

    #[test]
    fn failure_moves_the_attempt_and_not_the_success() {
        let failed = &read().entries[3];
        assert_eq!(failed.last_success.map(Timestamp::as_second), Some(1_787_100_000));
        assert_eq!(failed.last_attempt.map(Timestamp::as_second), Some(1_787_184_010));
    }

    #[test]
    fn path_has_no_trailing_slash_and_a_lone_language_serves_both() {
        let pending = &read().entries[2];
        assert_eq!(pending.path.as_deref(), Some("/pending"));
        assert_eq!(pending.name.as_ref().map(|name| name.en.as_str()), Some("等待中"));
    }
}
