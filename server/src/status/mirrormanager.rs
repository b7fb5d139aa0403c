//! ZJU `MirrorManager`: `GET /mirrors`.
//!
//! Format: ZJUSCT/MirrorManager `Orchestrator/Controllers/Mirrors.cs` (`MirrorItemDto`), times in
//! Unix seconds. `size` is bytes in new versions and a text in old ones (`Utils/FileSizeUtil.cs`).

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
        // Despite its name the start of the last attempt (`LastSyncAt`, set in
        // `JobQueue.TryGetNewJob`).
        last_attempt: past("lastUpdated").max(last_success),
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
        "failed" => State::Failed,
        "cached" => State::Cached,
        _ => State::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Parsed {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mirrormanager/mirrors.json");
        parse(&std::fs::read(path).unwrap(), "2026-08-20T06:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn last_updated_is_the_attempt_and_not_the_success() {
        let parsed = read();
        let failed = &parsed.entries[1];
        assert_eq!((failed.id.as_str(), failed.state), ("broken", State::Failed));
        assert_eq!(failed.last_success.map(Timestamp::as_second), Some(1_787_000_000));
        assert_eq!(failed.last_attempt.map(Timestamp::as_second), Some(1_787_184_000));
    }

    #[test]
    fn unknown_size_and_epoch_are_nothing() {
        let parsed = read();
        let never = &parsed.entries[2];
        assert_eq!(
            (never.size_bytes, never.last_success, never.last_attempt, never.next),
            (None, None, None, None)
        );
        assert_eq!(never.upstream, None);
    }

    #[test]
    fn byte_order_mark_cached_and_text_sizes_are_read() {
        let parsed = read();
        assert_eq!(parsed.entries[0].size_bytes, Some(1_099_511_627_776));
        assert_eq!(parsed.entries[3].state, State::Cached);
        assert_eq!(parsed.entries[3].size_bytes, Some(1_649_267_441_664));
        assert_eq!(parsed.entries[0].name.as_ref().map(|name| name.zh.as_str()), Some("福报"));
    }
}
