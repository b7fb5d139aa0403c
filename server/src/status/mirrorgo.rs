//! ZJU `MirrorGo`: `GET /api/v2/mirrorgo.json`.
//!
//! Format: fixture `test/fixtures/legacy-mirrorgo.json` of ZJUSCT/mirror-front (MIT); the backend
//! itself is closed.

use jiff::Timestamp;

use super::{ParseError, Parsed, zju};

/// Reads the array of mirrors. `lastAttempt` is a start, `lastFailure` an end.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    zju::parse(bytes, now, "lastAttempt", &["lastFailure"])
}

#[cfg(test)]
mod tests {
    use app::model::State;

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
