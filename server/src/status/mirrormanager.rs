//! ZJU `MirrorManager`: `GET /mirrors`.
//!
//! Format: ZJUSCT/MirrorManager `Orchestrator/Controllers/Mirrors.cs` (`MirrorItemDto`), times in
//! Unix seconds. `size` is bytes in new versions and a text in old ones (`Utils/FileSizeUtil.cs`).

use jiff::Timestamp;

use super::{ParseError, Parsed, zju};

/// Reads the array of mirrors. `lastUpdated` is, despite its name, the start of the last attempt
/// (`LastSyncAt`, set in `JobQueue.TryGetNewJob`).
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    zju::parse(bytes, now, "lastUpdated", &[])
}

#[cfg(test)]
mod tests {
    use app::model::State;

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
