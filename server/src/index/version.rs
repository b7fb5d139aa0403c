//! Names in the order in which people want them: the newest version first.

use std::cmp::Ordering;

use super::block::shared_prefix;

/// A piece of a name: its class in the order, and what numbers and letters of patches are compared
/// by: the longer and higher one comes first.
type Token<'a> = (u16, &'a [u8]);

const DOT_NUMBER: u16 = 0;
const PATCH: u16 = 1;
const END: u16 = 2;
const EPOCH: u16 = 8;
const NUMBER: u16 = 9;
const LETTER: u16 = 16;
const PIECE: u16 = 300;
const PRE_RELEASE: u16 = 900;
const TILDE: u16 = 1000;
/// Highest number of a piece that stands right behind its word: `dvd1`.
const MAX_GLUED_PIECE: u16 = 20;

/// How far before a release a version with this word is: `rc` is the nearest.
fn pre_release(word: &[u8], is_in_version: bool) -> Option<u16> {
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    let distance = match word.len() {
        // Right after a number, and with a number of its own: `3.13.0b2`.
        1 if !is_in_version => return None,
        1 => ["c", "b", "a"].iter().position(|name| is(name))?,
        // PERF: nearly every word ends here.
        2..=8 if b"abdnprs".contains(&word[0].to_ascii_lowercase()) => {
            let far = ["rc", "beta", "alpha", "pre", "preview", "nightly", "snapshot", "daily"];
            match far.iter().position(|name| is(name)) {
                Some(distance) => distance,
                // `libc6-dev` is no version.
                None if is_in_version && is("dev") => far.len(),
                None => return None,
            }
        }
        _ => return None,
    };
    Some(PRE_RELEASE + u16::try_from(distance).unwrap_or(0))
}

/// Words before the number of a piece of something: the first one is wanted first.
fn counts_pieces(word: &[u8]) -> bool {
    let is_short = (2..=4).contains(&word.len());
    is_short
        && ["dvd", "cd", "bd", "disc", "disk", "part"]
            .iter()
            .any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}

/// What the last piece of a name ends with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Number,
    Letter,
    Dot,
    Other,
}

/// Cuts pieces off a name, by the rules of Debian, rpm and semver as far as they agree.
struct Tokens<'a> {
    rest: &'a [u8],
    before: Before,
    /// A number that follows counts pieces.
    counts_pieces: bool,
}

impl<'a> Tokens<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest, before: Before::Other, counts_pieces: false }
    }

    /// `.5` is one piece before everything else, so that `6.1.5` comes before `6.1`; `~` is after
    /// everything, because it marks a version before a release.
    fn next(&mut self) -> Token<'a> {
        let Some((&first, after)) = self.rest.split_first() else {
            return (END, b"");
        };
        let (class, digits) = match first {
            b'.' if after.first().is_some_and(u8::is_ascii_digit) => (DOT_NUMBER, after),
            b'0'..=b'9' => (NUMBER, self.rest),
            b'a'..=b'z' | b'A'..=b'Z' => return self.letter(first, after),
            _ => {
                let is_dot = first == b'.';
                let before = if is_dot { Before::Dot } else { Before::Other };
                let before = std::mem::replace(&mut self.before, before);
                self.counts_pieces &= before == Before::Letter && matches!(first, b'-' | b'_');
                self.rest = after;
                let class = match first {
                    b'^' => PATCH,
                    b'/' => 3,
                    b'.' => 4,
                    b'+' => 5,
                    b'-' => 6,
                    b'_' => 7,
                    b'~' => TILDE,
                    other => LETTER + u16::from(other),
                };
                return (class, b"");
            }
        };
        let end = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, after) = digits.split_at(end);
        self.rest = after;
        let is_glued = self.before == Before::Letter;
        self.before = Before::Number;
        let zeros = number.iter().take_while(|&&byte| byte == b'0').count();
        let counts_pieces = std::mem::take(&mut self.counts_pieces);
        if counts_pieces && class == NUMBER && (1..=2).contains(&number.len()) {
            let value = number.iter().fold(0, |sum, digit| 10 * sum + u16::from(digit - b'0'));
            // `cd78.iso` is the disc of version 7.8.
            if !is_glued || value <= MAX_GLUED_PIECE {
                return (PIECE + value, b"");
            }
        }
        let is_epoch = class == NUMBER && after.first() == Some(&b':');
        (if is_epoch { EPOCH } else { class }, &number[zeros..])
    }

    fn letter(&mut self, first: u8, after: &'a [u8]) -> Token<'a> {
        let before = std::mem::replace(&mut self.before, Before::Letter);
        let is_after_number = before == Before::Number;
        let is_in_version = is_after_number || before == Before::Dot;
        if before != Before::Letter {
            let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let (word, behind) = self.rest.split_at(length);
            self.counts_pieces = counts_pieces(word);
            let has_number = behind.first().is_some_and(u8::is_ascii_digit);
            if is_after_number && length == 1 && !has_number {
                // `1.1.1w` is newer than `1.1.1v`, and that than `1.1.1`.
                self.rest = behind;
                return (PATCH, word);
            }
            let is_marked = length > 1 || is_after_number && has_number;
            if let Some(class) = pre_release(word, is_in_version).filter(|_| is_marked) {
                self.rest = behind;
                return (class, b"");
            }
        }
        self.rest = after;
        (LETTER + u16::from(first), b"")
    }
}

/// A key for sorting names that all have the same first `common` bytes: names with different keys are ordered by
/// [`newest_first`] as their keys are, those with equal keys differ further on, or not at all. Of the number, the lowest
/// 32 bits are left 0.
pub fn sort_key(name: &[u8], common: usize) -> u128 {
    const BYTES: usize = 12;
    // No piece goes across what is neither letter, digit nor dot.
    let is_inside = |byte: &u8| *byte == b'.' || byte.is_ascii_alphanumeric();
    let start = name[..common].iter().rposition(|byte| !is_inside(byte)).map_or(0, |at| at + 1);
    let mut tokens = Tokens::new(&name[start..]);
    tokens.counts_pieces = counts_pieces_before(&name[..start]);
    let mut key = [0; 16];
    let mut room = key[..BYTES].iter_mut();
    loop {
        let (class, number) = tokens.next();
        let Some(slot) = room.next() else { break };
        // Classes in their order; what has none of its own ends the key.
        let (byte, is_exact) = match class {
            0..LETTER => (class, true),
            LETTER..PIECE => ((class - LETTER).min(0x80) + LETTER, class < LETTER + 0x80),
            PIECE..PRE_RELEASE => (class - PIECE + LETTER + 0x81, true),
            _ if class < TILDE => (class - PRE_RELEASE + 245, true),
            _ => (254, true),
        };
        *slot = u8::try_from(byte).unwrap_or(u8::MAX);
        if !is_exact || class == END {
            break;
        }
        if !matches!(class, DOT_NUMBER | PATCH | EPOCH | NUMBER) {
            continue;
        }
        // The longer and higher number comes first.
        let length = u8::try_from(number.len()).unwrap_or(u8::MAX);
        for byte in std::iter::once(length).chain(number.iter().copied()) {
            let Some(slot) = room.next() else { return u128::from_be_bytes(key) };
            *slot = u8::MAX - byte;
        }
        if length == u8::MAX {
            break;
        }
    }
    u128::from_be_bytes(key)
}

/// Whether two names that have the same first `common` bytes, and then these letters, differ in
/// words that say nothing of versions.
fn differ_in_plain_words(name: &[u8], common: usize, left: u8, right: u8) -> bool {
    let letters = name[..common].iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let start = common - letters;
    let is_after_version =
        start > 0 && (name[start - 1] == b'.' || name[start - 1].is_ascii_digit());
    let is_plain = |first: u8| !b"abcdnprs".contains(&first.to_ascii_lowercase());
    match name.get(start) {
        Some(&first) if letters > 0 => is_plain(first),
        _ => !is_after_version && is_plain(left) && is_plain(right),
    }
}

/// Whether what stands before a number ends with a word for pieces, as [`Tokens`] sees it: `dvd`, `dvd-`.
fn counts_pieces_before(before: &[u8]) -> bool {
    let text = match before.split_last() {
        Some((b'-' | b'_', text)) => text,
        _ => before,
    };
    let length = text.iter().rev().take(5).take_while(|byte| byte.is_ascii_alphabetic()).count();
    counts_pieces(&text[text.len() - length..])
}

/// Compares two paths or names: letters ascending, numbers descending (so the newest version comes
/// first), a directory before what is in it. A total order; equal only when the bytes are.
pub fn newest_first(left: &[u8], right: &[u8]) -> Ordering {
    let common = shared_prefix(left, right);
    if common == left.len() && common == right.len() {
        return Ordering::Equal;
    }
    let (next, other) = (left.get(common), right.get(common));
    if let (Some(a), Some(b)) = (next, other)
        && a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && differ_in_plain_words(left, common, *a, *b)
    {
        // PERF: most names differ here, and need not be taken apart.
        return a.cmp(b);
    }
    // Back up to where no piece goes across: the start of a number, or of all that hangs together.
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let is_number = !is_letter(next) && !is_letter(other) && !is_letter(left[..common].last());
    let is_inside = |byte: &u8| match byte {
        b'0'..=b'9' => true,
        b'.' => !is_number,
        _ => !is_number && byte.is_ascii_alphabetic(),
    };
    let mut start =
        left[..common].iter().rposition(|byte| !is_inside(byte)).map_or(0, |before| before + 1);
    if start > 0 && left[start - 1] == b'.' {
        start -= 1;
    }
    let counts_pieces = counts_pieces_before(&left[..start]);
    let (mut a, mut b) = (Tokens::new(&left[start..]), Tokens::new(&right[start..]));
    (a.counts_pieces, b.counts_pieces) = (counts_pieces, counts_pieces);
    if start > 0 && left[start - 1].is_ascii_alphabetic() {
        (a.before, b.before) = (Before::Letter, Before::Letter);
    }
    while !(a.rest.is_empty() && b.rest.is_empty()) {
        let ((class_a, x), (class_b, y)) = (a.next(), b.next());
        if class_a != class_b {
            return class_a.cmp(&class_b);
        }
        // PERF: most pieces are letters, of which nothing else is compared.
        if x.is_empty() && y.is_empty() {
            continue;
        }
        let order = y.len().cmp(&x.len()).then_with(|| y.cmp(x));
        if order.is_ne() {
            return order;
        }
    }
    // The same but for leading zeros, or the case of a pre-release.
    left.cmp(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn new_versions_come_first() {
        let sorted = [
            "linux",
            "linux/v6.x",
            "linux-10.1.tar.xz",
            "linux-6.10.tar.xz",
            "linux-6.9.2.tar.xz",
            "linux-6.9.tar.xz",
            "linux-6.9-rc1.tar.xz",
            "linux-6.9~rc2.tar.xz",
            "linux-6.8.tar.xz",
        ];
        for (at, left) in sorted.iter().enumerate() {
            for (later, right) in sorted.iter().enumerate() {
                assert_eq!(
                    newest_first(left.as_bytes(), right.as_bytes()),
                    at.cmp(&later),
                    "{left} {right}"
                );
            }
        }
    }

    #[test]
    fn versions_are_compared_as_debian_rpm_and_semver_do() {
        // Newest first in each line.
        for line in [
            "foo_1.0-1+b1_amd64.deb foo_1.0-1_amd64.deb foo_1.0-1~bpo12+1_amd64.deb",
            "foo_1:1.0-1_all.deb foo_2.0-1_all.deb foo_2.0~rc1-1_all.deb foo_2.0~beta1-1_all.deb",
            "foo_1.0+dfsg-1.deb foo_1.0-1.deb",
            "openssl-3.0.1.tar.gz openssl-1.1.1w.tar.gz openssl-1.1.1v.tar.gz openssl-1.1.1.tar.gz",
            "Python-3.14.0.tgz Python-3.14.0rc2.tgz Python-3.14.0b4.tgz Python-3.14.0a7.tgz",
            "linux-6.18-rc2.tar.gz linux-6.18-rc1.tar.gz linux-6.17.9.tar.gz linux-6.17.tar.gz",
            "x-2.0.0.tgz x-2.0.0-rc.1.tgz x-2.0.0-beta.11.tgz x-2.0.0-beta.2.tgz x-2.0.0-alpha.1.tgz",
            "app-1.2-x86_64.run app-1.2-beta-x86_64.run app-1.1-x86_64.run",
            "pkg-1.0^git2-1.rpm pkg-1.0-1.rpm pkg-1.0~rc1-1.rpm",
            "kernel-6.1.10-200.fc42.rpm kernel-6.1.9-300.fc42.rpm",
            "pkg-1.0.tar.gz pkg-1.0.dev3.tar.gz",
            "libc6-dbg_2.41.deb libc6-dev_2.41.deb libc6-udeb_2.41.deb",
            "2024.10.1 2024.9.30 2024.9.3",
            "x-13.2-DVD-1.iso x-13.2-DVD-2.iso x-13.2-DVD-10.iso x-13.1-DVD-1.iso",
            "x-cd1.iso x-cd2.iso x-cd10.iso",
        ] {
            let names: Vec<&str> = line.split(' ').collect();
            for (at, left) in names.iter().enumerate() {
                for (later, right) in names.iter().enumerate() {
                    let order = newest_first(left.as_bytes(), right.as_bytes());
                    assert_eq!(order, at.cmp(&later), "{left} {right}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8000, ..ProptestConfig::default() })]

        #[test]
        fn keys_are_in_the_same_order(
            start in "([abw012.:~_/-]|dvd|1:){0,3}",
            names in prop::collection::vec("([abwz0129.:~_/^+é-]|rc|beta|dev|dvd|1:|10|007){0,7}", 2),
            long in "(|[0-9]{250,260})",
        ) {
            let [a, b] = [&names[0], &names[1]].map(|name| format!("{start}{long}{name}").into_bytes());
            let common = shared_prefix(&a, &b);
            for common in [common, common / 2, 0] {
                let by_key = sort_key(&a, common).cmp(&sort_key(&b, common));
                prop_assert!(by_key.is_eq() || by_key == newest_first(&a, &b));
            }
        }

        #[test]
        fn the_order_is_total(names in prop::collection::vec("([abw012.:~_/-]|rc|beta|dev|dvd|1:){0,6}", 3)) {
            let [a, b, c] = [&names[0], &names[1], &names[2]].map(String::as_bytes);
            prop_assert_eq!(newest_first(a, b), newest_first(b, a).reverse());
            if newest_first(a, b).is_le() && newest_first(b, c).is_le() {
                prop_assert!(newest_first(a, c).is_le());
            }
        }
    }
}
