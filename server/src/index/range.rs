//! Sizes and dates in queries.

use jiff::{ToSpan as _, civil::Date, tz::TimeZone};

/// Least and most, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds<T> {
    /// The least value wanted.
    pub least: T,
    /// The most.
    pub most: T,
}

impl<T: Ord + Copy> Bounds<T> {
    /// Whether a value lies between them.
    pub fn hold(&self, value: T) -> bool {
        (self.least..=self.most).contains(&value)
    }

    /// What both allow.
    pub fn and(self, other: Self) -> Self {
        Self { least: self.least.max(other.least), most: self.most.min(other.most) }
    }

    /// Whether they allow nothing.
    pub fn is_empty(&self) -> bool {
        self.least > self.most
    }
}

/// `>1G`, `<=700M`, `10M..2G`, `1G..`, `..5k`, or one size, which means a twentieth around it: file
/// managers round. Units are powers of 1024: `k`, `M`, `G`, `T`, each with or without `B` or `iB`.
pub fn size_bounds(text: &str) -> Option<Bounds<u64>> {
    let all = Bounds { least: 0, most: u64::MAX };
    if let Some((from, to)) = text.split_once("..") {
        let least = if from.is_empty() { 0 } else { size(from)? };
        let most = if to.is_empty() { u64::MAX } else { size(to)? };
        return (!from.is_empty() || !to.is_empty()).then_some(Bounds { least, most });
    }
    Some(match text.as_bytes() {
        [b'>', b'=', ..] => Bounds { least: size(&text[2..])?, ..all },
        [b'<', b'=', ..] => Bounds { most: size(&text[2..])?, ..all },
        [b'>', ..] => Bounds { least: size(&text[1..])?.checked_add(1)?, ..all },
        [b'<', ..] => Bounds { most: size(&text[1..])?.checked_sub(1)?, ..all },
        _ => {
            let size = size(text)?;
            Bounds { least: size - size / 20, most: size.saturating_add(size / 20) }
        }
    })
}

fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.to_ascii_lowercase();
    let power = match unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit) {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let scale = 1024_u64.pow(power);
    let whole = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    // Three digits behind the point are more than anybody types.
    let thousandths = format!("{part:0<3}").get(..3)?.parse::<u64>().ok()?;
    whole.checked_add(scale.checked_mul(thousandths)? / 1000)
}

/// `after:` a year, a month or a day includes that period; `before:` excludes it. UTC.
pub fn time_bounds(key: &str, text: &str) -> Option<Bounds<i64>> {
    let start = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let start: Date = start.parse().ok()?;
    let seconds = start.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    // A day that the calendar ends with is no bound.
    start.checked_add(1.day()).ok()?;
    Some(match key {
        "after" => Bounds { least: seconds, most: i64::MAX },
        _ => Bounds { least: i64::MIN, most: seconds - 1 },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes() {
        let bounds = |text: &str| size_bounds(text).map(|b| (b.least, b.most));
        assert_eq!(bounds(">1G"), Some(((1 << 30) + 1, u64::MAX)));
        assert_eq!(bounds(">=1GiB"), Some((1 << 30, u64::MAX)));
        assert_eq!(bounds("<700mb"), Some((0, (700 << 20) - 1)));
        assert_eq!(bounds("1.5k..2k"), Some((1536, 2048)));
        assert_eq!(bounds("..10"), Some((0, 10)));
        assert_eq!(bounds("100"), Some((95, 105)));
        for wrong in ["", "..", ">", "1x", "-1", "1.2.3", "99999999999T", "G", "<0"] {
            assert_eq!(bounds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates() {
        let bounds = |key: &str, text: &str| time_bounds(key, text).map(|b| (b.least, b.most));
        let new_year = 1_767_225_600;
        assert_eq!(bounds("after", "2026"), Some((new_year, i64::MAX)));
        assert_eq!(bounds("after", "2026-01"), Some((new_year, i64::MAX)));
        assert_eq!(bounds("before", "2026-01-01"), Some((i64::MIN, new_year - 1)));
        for wrong in ["26", "2026-13", "2026-02-30", "yesterday", "2026-1", ""] {
            assert_eq!(bounds("after", wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,12}|[<>=.0-9kMG-]{0,12}") {
            let _ = (size_bounds(&text), time_bounds("after", &text), time_bounds("before", &text));
        }
    }
}
