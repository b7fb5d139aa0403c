//! Versions in the order in which they appeared.

use std::cmp::Ordering;

/// A piece of a version.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// Digits without leading zeros.
    Number(&'a str),
    Word(&'a str),
}

/// What comes before the release that it leads to.
const BEFORE: [&str; 9] = ["dev", "snapshot", "alpha", "a", "beta", "b", "pre", "preview", "rc"];
/// What always means the newest.
const NEWEST: [&str; 4] = ["latest", "current", "stable", "online"];

/// Compares two versions, the older first: `9.10` after `9.9`, `6.18-rc1` before `6.18`, `24.03-LTS-SP1`
/// after `24.03-LTS`, and `latest` after everything. Separators do not matter, but for Debian's `~`, which
/// is before the end. Equal only when the texts are.
pub fn compare(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (pieces(one), pieces(other));
    loop {
        let (x, y) = (left.next(), right.next());
        if x.is_none() && y.is_none() {
            return one.cmp(other);
        }
        let order = rank(x.as_ref()).cmp(&rank(y.as_ref())).then_with(|| match (&x, &y) {
            (Some(Piece::Number(x)), Some(Piece::Number(y))) => {
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            (Some(Piece::Word(x)), Some(Piece::Word(y))) => before(x)
                .cmp(&before(y))
                .then_with(|| x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase())),
            _ => Ordering::Equal,
        });
        if order.is_ne() {
            return order;
        }
    }
}

/// A key for the line of releases that a version is of, which its first numbers tell: `24.04.3` and `24.04` are
/// of one line when two count.
pub fn series(version: &str, numbers: usize) -> String {
    let found = pieces(version).filter_map(|piece| match piece {
        Piece::Number(number) => Some(number),
        Piece::Word(_) => None,
    });
    let numbers: Vec<_> = found.take(numbers).collect();
    if numbers.is_empty() { version.to_owned() } else { numbers.join(".") }
}

/// Kinds of pieces, in order; the end is between what leads to a release and what follows it.
fn rank(piece: Option<&Piece<'_>>) -> u8 {
    match piece {
        Some(Piece::Word("~")) => 0,
        Some(Piece::Word(word)) if before(word).is_some() => 1,
        None => 2,
        Some(Piece::Word(word)) if is_any(&NEWEST, word) => 5,
        Some(Piece::Word(_)) => 3,
        Some(Piece::Number(_)) => 4,
    }
}

fn before(word: &str) -> Option<usize> {
    BEFORE.iter().position(|known| known.eq_ignore_ascii_case(word))
}

fn is_any(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn pieces(version: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '~');
        let first = rest.chars().next()?;
        let is_more = |c: char| match first {
            '~' => false,
            first if first.is_ascii_digit() => c.is_ascii_digit(),
            _ => c.is_alphanumeric() && !c.is_ascii_digit(),
        };
        let skip = first.len_utf8();
        let end = rest[skip..].find(|c| !is_more(c)).map_or(rest.len(), |at| skip + at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(if first.is_ascii_digit() {
            Piece::Number(piece.trim_start_matches('0'))
        } else {
            Piece::Word(piece)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_in_the_order_of_their_release() {
        for line in [
            "8.10 9 9.2 9.10 10.0 10.1",
            "6.17 6.18-rc1 6.18-rc2 6.18-rc10 6.18 6.18.1",
            "24.03-LTS 24.03-LTS-SP1 24.03-LTS-SP2 25.03",
            "1.0~beta1 1.0 1.0.1",
            "2024.10-1 2025.06-0 2025.06-1 latest",
            "9.1-1 9.1-2 9.2-1",
            "20250815T170108Z 20251116T170108Z",
            "15.6 16.0 Current",
            "26.04-beta 26.04 26.04.1",
        ] {
            let versions: Vec<&str> = line.split(' ').collect();
            for (i, one) in versions.iter().enumerate() {
                for (j, other) in versions.iter().enumerate() {
                    assert_eq!(compare(one, other), i.cmp(&j), "{one} {other}");
                }
            }
        }
    }

    #[test]
    fn a_line_of_releases_is_its_first_numbers() {
        assert_eq!(series("24.04.3", 2), series("24.04", 2));
        assert_ne!(series("24.10", 2), series("24.1", 2));
        assert_eq!(series("10.1", 1), series("10", 1));
        assert_eq!(series("latest", 2), "latest");
    }

    proptest! {
        #[test]
        fn the_order_is_total(versions in prop::collection::vec("[0-2a.~-]{0,5}|rc1|latest", 3)) {
            let [a, b, c] = [&versions[0], &versions[1], &versions[2]];
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le());
            }
        }
    }
}
