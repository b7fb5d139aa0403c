//! Sizes, ages and dates as people of each language read them.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::model::Lang;

/// Bytes with a binary prefix and at most one decimal: `1.9 TiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut scaled = bytes;
    // Integer tenths, so that no value depends on the rounding of floats.
    let mut tenths = 0;
    while scaled >= 1024 && unit < UNITS.len() - 1 {
        tenths = (scaled % 1024) * 10 / 1024;
        scaled /= 1024;
        unit += 1;
    }
    if scaled >= 100 {
        format!("{scaled} {}", UNITS[unit])
    } else {
        format!("{scaled}.{tenths} {}", UNITS[unit])
    }
}

/// The distance of two moments in one unit: `2 hours ago`, `in 3 days`, `just now`.
pub fn age(lang: Lang, now: Timestamp, then: Timestamp) -> String {
    let seconds = now.as_second() - then.as_second();
    let past = seconds >= 0;
    let seconds = seconds.unsigned_abs();
    if seconds < 60 {
        return lang.texts().just_now.to_owned();
    }
    let length = length(lang, seconds);
    match (lang, past) {
        (Lang::Zh, true) => format!("{length}前"),
        (Lang::Zh, false) => format!("{length}后"),
        (Lang::En, true) => format!("{length} ago"),
        (Lang::En, false) => format!("in {length}"),
    }
}

/// A moment as HTML's `datetime` has it, in whole seconds: more than three decimals are none there.
pub fn machine(time: Timestamp) -> String {
    format!("{time:.0}")
}

/// A length of time in one unit: `2 hours`, `less than a minute`.
pub fn seconds(lang: Lang, seconds: u64) -> String {
    match seconds {
        0..60 => lang.texts().under_a_minute.to_owned(),
        _ => length(lang, seconds),
    }
}

fn length(lang: Lang, seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..3_600 => (seconds / 60, Unit::Minute),
        3_600..172_800 => (seconds / 3_600, Unit::Hour),
        172_800..5_184_000 => (seconds / 86_400, Unit::Day),
        5_184_000..63_072_000 => (seconds / 2_592_000, Unit::Month),
        63_072_000.. => (seconds / 31_536_000, Unit::Year),
    };
    unit.count(lang, count)
}

#[derive(Clone, Copy)]
enum Unit {
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl Unit {
    fn count(self, lang: Lang, n: u64) -> String {
        let (zh, en) = match self {
            Self::Minute => ("分钟", "min"),
            Self::Hour => ("小时", "h"),
            Self::Day => ("天", "day"),
            Self::Month => ("个月", "month"),
            Self::Year => ("年", "year"),
        };
        match lang {
            Lang::Zh => format!("{n} {zh}"),
            Lang::En if n == 1 || matches!(self, Self::Minute | Self::Hour) => {
                format!("{n} {en}")
            }
            Lang::En => format!("{n} {en}s"),
        }
    }
}

/// A length of time in at most two units: `42 s`, `5 min`, `1 h 30 min`.
pub fn duration(lang: Lang, length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (second, minute, hour) = match lang {
        Lang::Zh => ("秒", "分钟", "小时"),
        Lang::En => ("s", "min", "h"),
    };
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} {second}"),
        (0, _) => format!("{minutes} {minute}"),
        (_, 0) => format!("{hours} {hour}"),
        _ => format!("{hours} {hour} {minutes} {minute}"),
    }
}

/// A difference of sizes with its sign: `+1.5 GiB`, `−3.0 MiB`.
pub fn growth(first: u64, last: u64) -> String {
    let sign = match last.cmp(&first) {
        Ordering::Less => "−",
        Ordering::Equal => "±",
        Ordering::Greater => "+",
    };
    format!("{sign}{}", size(first.abs_diff(last)))
}

/// `2026-11-21 12:34` in the zone of the site.
pub fn minute(zone: &TimeZone, time: Timestamp) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2026-11-21` in the zone of the site.
pub fn day(zone: &TimeZone, time: Timestamp) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

/// A count with thousands separators: `12,345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Puts values into a text of [`crate::text`]: `{0}`, `{1}`… The blank behind a value is for Latin letters: between
/// Chinese characters there is none.
pub fn fill(text: &str, values: &[&str]) -> String {
    // In one pass: a value may itself contain `{1}`, and it may come from a visitor.
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let hit = values.iter().enumerate().find_map(|(i, value)| {
            rest.strip_prefix(&format!("{{{i}}}")).map(|after| (value, after))
        });
        if let Some((value, after)) = hit {
            out.push_str(value);
            let joins = value.ends_with(is_han);
            rest = after
                .strip_prefix(' ')
                .filter(|next| joins && next.starts_with(is_han))
                .unwrap_or(after);
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out + rest
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_stands_between_scripts_only() {
        assert_eq!(fill("{0} 的帮助", &["Debian"]), "Debian 的帮助");
        assert_eq!(fill("{0} 的帮助", &["Debian 软件仓库"]), "Debian 软件仓库的帮助");
        assert_eq!(fill("{0} ago", &["天"]), "天 ago");
    }

    #[test]
    fn a_moment_for_machines_is_in_whole_seconds() {
        let time: Timestamp = "2026-11-21T12:33:05.334155598Z".parse().unwrap();
        assert_eq!(machine(time), "2026-11-21T12:33:05Z");
    }

    #[test]
    fn sizes_use_binary_prefixes_and_at_most_one_decimal() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(768 * 1024 * 1024), "768 MiB");
        assert_eq!(size(u64::MAX), "15.9 EiB");
    }

    #[test]
    fn ages_are_told_in_one_unit_in_both_directions() {
        let now = Timestamp::from_second(1_000_000_000).unwrap_or_default();
        let at = |s: i64| Timestamp::from_second(1_000_000_000 - s).unwrap_or_default();
        assert_eq!(age(Lang::En, now, at(30)), "just now");
        assert_eq!(age(Lang::En, now, at(60)), "1 min ago");
        assert_eq!(age(Lang::Zh, now, at(7_300)), "2 小时前");
        assert_eq!(age(Lang::En, now, at(-90_000)), "in 25 h");
        assert_eq!(age(Lang::En, now, at(86_400 * 59)), "59 days ago");
        assert_eq!(age(Lang::En, now, at(86_400 * 400)), "13 months ago");
    }

    #[test]
    fn durations_and_differences_are_short() {
        let of = |seconds| duration(Lang::En, SignedDuration::from_secs(seconds));
        assert_eq!([of(0), of(59), of(60), of(3599)], ["0 s", "59 s", "1 min", "59 min"]);
        assert_eq!([of(3600), of(90_060), of(-5)], ["1 h", "25 h 1 min", "0 s"]);
        assert_eq!(duration(Lang::Zh, SignedDuration::from_secs(5400)), "1 小时 30 分钟");
        assert_eq!(growth(1024, 3072), "+2.0 KiB");
        assert_eq!(growth(3072, 1024), "−2.0 KiB");
        assert_eq!(growth(5, 5), "±0 B");
    }

    #[test]
    fn a_value_is_never_taken_for_a_place() {
        assert_eq!(fill("{0}: {1} {2}", &["{1}", "b"]), "{1}: b {2}");
    }

    #[test]
    fn counts_are_grouped_by_three() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
