//! Moments written as text, in the forms that the time files of mirrors use.

use jiff::{
    Timestamp,
    civil::DateTime,
    fmt::{rfc2822, strtime},
    tz::TimeZone,
};

/// 1990-01-01T00:00:00Z: no mirrored tree is older, whatever a file claims.
const EARLIEST: i64 = 631_152_000;

/// The moment that a line tells; words after it do not matter.
///
/// Understood are seconds since 1970, RFC 2822, ISO 8601, `date -u` and the form without dashes of
/// bandersnatch. A zone that is not written is UTC.
pub fn line(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let first = text.split_whitespace().next()?;
    epoch(first)
        .or_else(|| rfc2822(text))
        .or_else(|| date_command(text))
        .or_else(|| iso(text))
        .filter(|time| time.as_second() >= EARLIEST)
}

/// Like [`line()`], of the first line of a file.
pub fn first_line(bytes: &[u8]) -> Option<Timestamp> {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    line(std::str::from_utf8(&bytes[..end]).ok()?)
}

/// Seconds since 1970, perhaps with a fraction; a word of other length is no moment of our time.
pub fn epoch(word: &str) -> Option<Timestamp> {
    let whole = word.split_once('.').map_or(word, |(whole, _)| whole);
    let is_number = (9..=11).contains(&whole.len()) && whole.bytes().all(|b| b.is_ascii_digit());
    Timestamp::from_second(whole.parse().ok().filter(|_| is_number)?).ok()
}

/// `Sat, 21 Nov 2026 02:10:03 UTC`: Debian writes the zone so, which the standard calls `GMT`.
pub fn rfc2822(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.replace("UTC", "GMT")).ok()
}

/// `Sat Nov 21 04:34:17 UTC 2026`, `date -u` in the C locale.
fn date_command(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let [_, month, day, time, "UTC" | "GMT", year] =
        std::array::from_fn(|_| words.next().unwrap_or(""))
    else {
        return None;
    };
    rfc2822(&format!("{day} {month} {year} {time} GMT"))
}

/// `2026-11-21T04:34:17Z`, `2026-11-21 04:34:17 UTC`, `20261121T04:34:17`.
fn iso(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next()?, words.next().unwrap_or(""));
    if let Ok(time) = first.parse() {
        return Some(time);
    }
    let civil = |text: &str, form: &str| {
        let parsed: DateTime = strtime::parse(form, text).ok()?.to_datetime().ok()?;
        TimeZone::UTC.to_timestamp(parsed).ok()
    };
    civil(first, "%Y%m%dT%H:%M:%S")
        .or_else(|| civil(first, "%Y-%m-%dT%H:%M:%S"))
        .or_else(|| civil(&format!("{first} {second}"), "%Y-%m-%d %H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_one_moment_is_read() {
        let moment = "2026-11-21T03:30:00Z".parse().ok();
        for text in [
            "1795231800",
            "1795231800.25",
            "1795231800 Sat Nov 21 03:30:00 UTC 2026",
            "1795231800 2026-11-21T03:30:00Z",
            "Sat, 21 Nov 2026 03:30:00 +0000",
            "Sat, 21 Nov 2026 03:30:00 UTC",
            "Sat, 21 Nov 2026 11:30:00 +0800",
            "Sat Nov 21 03:30:00 UTC 2026",
            "Sat Nov 21 03:30:00 UTC 2026 by hand",
            "2026-11-21T03:30:00Z",
            "2026-11-21T11:30:00+08:00",
            "2026-11-21T03:30:00",
            "2026-11-21 03:30:00 UTC",
            "20261121T03:30:00",
        ] {
            assert_eq!(line(text), moment, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_of_our_time_is_none() {
        for text in
            ["", "today", "0", "17952318", "1795231800000", "-62135596800", "0001-01-01T00:00:00Z"]
        {
            assert_eq!(line(text), None, "{text}");
        }
        assert_eq!(first_line(b"\xff\n1795231800"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", bytes: Vec<u8>) {
            let _ = (line(&text), first_line(&bytes), epoch(&text));
        }
    }
}
