//! Sizes as backends write them, in bytes.
//!
//! A bare `K`, `M`, `G`, `T` or `P` has two readings, told apart by the digits:
//! - `du -h` writes at most one decimal and means powers of 1024 (GNU coreutils manual, "du
//!   invocation");
//! - tunasync copies `Total file size:` from the log of `rsync -h --stats`
//!   (`worker/rsync_provider.go`, `internal/util.go`), which always writes two decimals and means
//!   powers of 1000 (rsync(1), `--human-readable`: a single `-h` is "units of 1000"; a file of 50
//!   GiB is printed as `53.69G`).
//!
//! `GiB` is always 1024, `GB` always 1000. `0`, `-1` and `unknown` mean that nobody measured.

use serde_json::Value;

/// Bytes from a number (bytes) or a text.
pub fn bytes(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().filter(|bytes| *bytes > 0),
        Value::String(text) => from_text(text),
        _ => None,
    }
}

fn from_text(text: &str) -> Option<u64> {
    // `rsync --stats` without -h groups digits with commas.
    let text = text.trim().replace(',', "");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));

    let unit = unit.trim().to_ascii_lowercase();
    let (prefix, rest) = match unit.chars().next() {
        None => ("", ""),
        Some('b') => ("", unit.as_str()),
        Some(letter) => unit.split_at(letter.len_utf8()),
    };
    let power = match prefix {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    let base: u128 = match rest {
        "" if fraction.len() == 2 => 1000,
        "b" if power > 0 => 1000,
        "" | "i" | "ib" | "b" | "byte" | "bytes" => 1024,
        _ => return None,
    };
    // A fraction of a byte is no size; such a number has lost its unit.
    if power == 0 && !fraction.is_empty() {
        return None;
    }
    scale(whole, fraction, base.pow(power))
}

/// `whole.fraction × unit`, in integers: exact, and no float to cast back.
fn scale(whole: &str, fraction: &str, unit: u128) -> Option<u64> {
    let fraction = fraction.get(..fraction.len().min(6))?;
    let divisor = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let whole: u128 = whole.parse::<u64>().ok()?.into();
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse::<u64>().ok()?.into() };
    let bytes = (whole * divisor + fraction) * unit / divisor;
    u64::try_from(bytes).ok().filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_seen_in_the_feeds() {
        for (text, expected) in [
            ("683G", 683 << 30),
            ("1.7T", 1_869_169_767_219),
            ("46.46G", 46_460_000_000),
            ("2.73T", 2_730_000_000_000),
            ("105K", 107_520),
            ("5672039M", 5_672_039 << 20),
            ("1.5 TiB", 1_649_267_441_664),
            ("180.25 GiB", 193_541_963_776),
            ("512 B", 512),
            ("114", 114),
            ("1,234,567", 1_234_567),
            ("2 GB", 2_000_000_000),
            ("3gib", 3 << 30),
        ] {
            assert_eq!(bytes(&json!(text)), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_unknown() {
        for value in [
            json!("unknown"),
            json!(""),
            json!("0"),
            json!("0B"),
            json!(0),
            json!(-1),
            json!("727.88"),
            json!("-1"),
            json!("G"),
            json!("1.2.3G"),
            json!("12 parsecs"),
            json!("约 5T"),
            json!("99999999999999P"),
            json!("99999999999999999999999999999999999999999"),
            json!(null),
            json!(true),
        ] {
            assert_eq!(bytes(&value), None, "{value}");
        }
    }

    #[test]
    fn a_file_of_50_gib_as_rsync_and_as_du_print_it() {
        assert_eq!(bytes(&json!("53.69G")), Some(53_690_000_000));
        assert_eq!(bytes(&json!("50G")), Some(53_687_091_200));
    }
}
