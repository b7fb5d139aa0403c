//! What `MirrorManager` and `MirrorGo`, both of ZJU, have in common: all but the names of times.
//!
//! Times are Unix seconds; an unknown one is 0 or the zero time of Go or C#.

use app::model::State;
use jiff::Timestamp;
use serde_json::Value;

use super::{Entry, ParseError, Parsed, collect, document, field, moment, size, upstream};

/// Reads an array of mirrors. `start` and `ends` are the keys of the last attempt's times.
pub fn parse(
    bytes: &[u8],
    now: Timestamp,
    start: &str,
    ends: &[&str],
) -> Result<Parsed, ParseError> {
    let mirrors = document::array(bytes)?;
    let read = |mirror: &Value, id| entry(mirror, id, now, start, ends);
    Ok(collect::collect(&mirrors, "id", |_| false, read))
}

fn entry(mirror: &Value, id: String, now: Timestamp, start: &str, ends: &[&str]) -> Entry {
    let past = |key: &str| moment::past(moment::seconds(&mirror[key]), now);
    let (last_success, started) = (past("lastSuccess"), past(start));
    let ended = ends.iter().filter_map(|key| past(key)).max();
    let state = state(field::text(mirror, "status").unwrap_or_default());
    Entry {
        id,
        path: field::text(mirror, "url").and_then(field::path),
        name: field::bilingual(mirror, "name"),
        state,
        last_success,
        last_attempt: started.max(ended).max(last_success),
        started: started.filter(|_| state == State::Syncing),
        next: moment::planned(moment::seconds(&mirror["nextScheduled"]), now),
        size_bytes: size::bytes(&mirror["size"]),
        upstream: field::text(mirror, "upstream").and_then(upstream::public),
        description: field::bilingual(mirror, "desc"),
        ..Entry::default()
    }
}

/// The words of both; `pending` and `paused` are only `MirrorGo`'s.
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
