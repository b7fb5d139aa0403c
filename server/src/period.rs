//! Lengths of time in the configuration, days and weeks included.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer, de::Error as _};

/// A length such as `"90s"`, `"6h"`, `"400d"`, longer than zero; a day has 24 hours. jiff's own
/// `SignedDuration` refuses days, because not all days are equally long.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).filter(|period| *period > Duration::ZERO).ok_or_else(|| {
        D::Error::custom(format!(
            "\"{text}\": expected a length longer than zero, such as \"10m\", \"6h\" or \"30d\""
        ))
    })
}

/// Like [`deserialize`], for what is compared with times, and may be left out.
pub fn signed<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SignedDuration>, D::Error> {
    let period = deserialize(deserializer)?;
    SignedDuration::try_from(period).map(Some).map_err(D::Error::custom)
}

/// Like [`deserialize`], for keys that may be left out.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    deserialize(deserializer).map(Some)
}

/// Reads a length; nothing when the text is none or negative.
pub fn parse(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_understood_and_nonsense_is_not() {
        assert_eq!(parse("400d"), Some(Duration::from_hours(400 * 24)));
        assert_eq!(parse("2w"), Some(Duration::from_hours(14 * 24)));
        assert_eq!(parse("1h 30m"), Some(Duration::from_mins(90)));
        for text in ["", "soon", "5", "-3d", "2 months"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
