//! Times as backends write them, with everything that only means "never" removed.

use jiff::{
    SignedDuration, Timestamp,
    fmt::{rfc2822, strtime},
};
use serde_json::Value;

/// 2000-01-01T00:00:00Z, also the first second of clocks without a battery. Nothing that this reads
/// is older, while sentinels are: year 1 (Go, `-62135596800`; C#), 0, -1, and midnight of 1970 in a
/// local zone.
const CENTURY: i64 = 946_684_800;

/// How far the backend's clock may run ahead of ours before its word is no longer believed.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// No sync is planned further ahead; what claims to be (9999-12-31, 2^31) means "never".
const HORIZON: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// Something that has happened; a few minutes in the future are clock skew and count as `now`.
pub fn past(time: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let time = real(time?)?;
    (time.duration_since(now) <= SKEW).then(|| time.min(now))
}

/// Something that is planned.
pub fn planned(time: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let time = real(time?)?;
    (time.duration_since(now) <= HORIZON).then_some(time)
}

/// In whole seconds: what is told on is told in those.
fn real(time: Timestamp) -> Option<Timestamp> {
    let second = time.as_second();
    (second > CENTURY).then(|| Timestamp::from_second(second).ok()).flatten()
}

/// Unix seconds as an integer, a fraction, or either in a string.
pub fn seconds(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(whole(value)?).ok()
}

/// Unix milliseconds, in the same forms.
pub fn milliseconds(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(whole(value)?.div_euclid(1000)).ok()
}

fn whole(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.split_once('.').map_or(text.as_str(), |(whole, _)| whole).parse().ok()
}

/// `2006-01-02 15:04:05 -0700` (tunasync `internal/status_web.go`) or RFC 3339 (`internal/msg.go`).
pub fn text(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?.trim();
    strtime::parse("%Y-%m-%d %H:%M:%S %z", text)
        .and_then(|broken| broken.to_timestamp())
        .or_else(|_| text.parse())
        .ok()
}

/// A line of a file that a script has written: Unix seconds, any form of [`text`], RFC 2822, or
/// `date` in the C locale (`Thu Aug 20 06:00:00 UTC 2026`).
pub fn written(line: &str) -> Option<Timestamp> {
    let line = line.trim();
    let value = Value::from(line);
    seconds(&value).or_else(|| text(&value)).or_else(|| rfc_2822(line)).or_else(|| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, month, day, time, zone @ ("UTC" | "GMT"), year] = words.as_slice() else {
            return None;
        };
        rfc_2822(&format!("{day} {month} {year} {time} {zone}"))
    })
}

/// Debian writes the zone as `UTC`, which the standard calls `GMT`.
fn rfc_2822(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.replace("UTC", "GMT")).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn sentinels_are_no_times() {
        let now = at(1_787_200_000);
        for value in [
            json!(0),
            json!(-1),
            json!(-62_135_596_800_i64),
            json!("0"),
            json!(28_800),
            json!(null),
            json!([]),
        ] {
            assert_eq!(past(seconds(&value), now), None, "{value}");
            assert_eq!(planned(seconds(&value), now), None, "{value}");
        }
        for value in [
            "0001-01-01 00:00:00 +0000",
            "0001-01-01 08:05:43 +0805",
            "1970-01-01T00:00:00Z",
            "",
            "never",
        ] {
            assert_eq!(past(text(&json!(value)), now), None, "{value}");
        }
    }

    #[test]
    fn future_is_for_plans_only() {
        let now = at(1_787_200_000);
        assert_eq!(past(Some(at(1_787_203_600)), now), None);
        assert_eq!(planned(Some(at(1_787_203_600)), now), Some(at(1_787_203_600)));
        assert_eq!(planned(seconds(&json!(253_402_200_000_i64)), now), None, "year 9999");
        assert_eq!(planned(seconds(&json!(1_787_203_600_000_i64)), now), None, "milliseconds");
    }

    #[test]
    fn small_clock_skew_counts_as_now() {
        let now = at(1_787_200_000);
        assert_eq!(past(Some(at(1_787_200_060)), now), Some(now));
    }

    #[test]
    fn three_ways_to_write_one_time() {
        let expected = Some(at(1_637_608_110));
        assert_eq!(seconds(&json!(1_637_608_110.25)), expected);
        assert_eq!(text(&json!("2021-11-23 03:08:30 +0800")), expected);
        assert_eq!(text(&json!("2021-11-23T03:08:30+08:00")), expected);
    }

    #[test]
    fn lines_of_scripts_are_read_in_every_form() {
        let expected = Some(at(1_787_205_600));
        for line in [
            "1787205600",
            " 1787205600\n",
            "2026-08-20T06:00:00Z",
            "2026-08-20 14:00:00 +0800",
            "Thu, 20 Aug 2026 06:00:00 +0000",
            "Thu, 20 Aug 2026 06:00:00 UTC",
            "Thu Aug 20 06:00:00 UTC 2026",
            "Thu Aug  20 06:00:00 GMT 2026",
        ] {
            assert_eq!(written(line), expected, "{line}");
        }
        for line in ["", "yesterday", "Thu Aug 20 06:00:00 CST 2026", "{}", "\u{0}"] {
            assert_eq!(written(line), None, "{line}");
        }
    }

    #[test]
    fn milliseconds_may_have_fractions() {
        assert_eq!(milliseconds(&json!(1_615_911_140_966_i64)), Some(at(1_615_911_140)));
        assert_eq!(milliseconds(&json!(1_615_911_140_966.25)), Some(at(1_615_911_140)));
        assert_eq!(past(milliseconds(&json!(0)), at(1_787_200_000)), None);
    }
}
