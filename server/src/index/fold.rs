//! The search form of a path: letter case folded, tokens and hash-named parts recognised.

/// A run of at least this many letters and digits, more than a sixth of them digits, is a hash.
const HASH_LEN: usize = 24;

/// A hash is found only by at least this many of its first bytes.
pub const HASH_PREFIX: usize = 8;

/// Appends the folded form of `text` to `out`. The length in bytes never changes, so that offsets
/// in the folded form are offsets in the original.
///
/// ASCII is lower-cased, and so is every other letter whose lower case is one character of the
/// same length in UTF-8. Bytes that are not UTF-8 stay as they are.
pub fn fold_into(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(text);
    let folded = &mut out[start..];
    folded.make_ascii_lowercase();
    if folded.is_ascii() {
        return;
    }
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        for (offset, letter) in chunk.valid().char_indices() {
            let mut lower = letter.to_lowercase();
            if let (false, Some(small), None) = (letter.is_ascii(), lower.next(), lower.next())
                && small.len_utf8() == letter.len_utf8()
            {
                small.encode_utf8(&mut folded[at + offset..]);
            }
        }
        at += chunk.valid().len() + chunk.invalid().len();
    }
}

/// The folded form of `text` as a new vector; see [`fold_into`].
pub fn fold(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Other,
}

/// Bytes from 0x80 are parts of letters: every script then has words, at the price of Chinese
/// punctuation not ending one.
const fn classify(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::Digit,
        b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => Class::Letter,
        _ => Class::Other,
    }
}

/// PERF: every byte of every candidate is looked up here.
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        classes[byte as usize] = classify(byte);
        byte += 1;
    }
    classes[byte as usize] = classify(byte);
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

/// Whether the byte is a letter, a digit or part of a non-ASCII character.
pub fn is_word(byte: u8) -> bool {
    class(byte) != Class::Other
}

/// Whether the byte is a letter or part of a non-ASCII character.
pub fn is_letter(byte: u8) -> bool {
    class(byte) == Class::Letter
}

/// The words of a line: runs of letters and digits.
pub fn words(line: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].iter().position(|&byte| is_word(byte))?;
        let length = line[start..].iter().take_while(|&&byte| is_word(byte)).count();
        at = start + length;
        Some(start..at)
    })
}

/// Whether a token starts at `at`: a letter or digit after something of another kind. A change
/// between letters and digits counts (`qt6`, `cp312`).
pub fn is_token_start(line: &[u8], at: usize) -> bool {
    line.get(at).is_some_and(|&byte| is_word(byte)) && is_boundary(line, at)
}

/// Whether the kind of byte changes between `at - 1` and `at`, or `at` is an end of the line.
pub fn is_boundary(line: &[u8], at: usize) -> bool {
    match (at.checked_sub(1).and_then(|before| line.get(before)), line.get(at)) {
        (Some(&before), Some(&after)) => {
            class(before) != class(after) || class(after) == Class::Other
        }
        _ => true,
    }
}

fn is_hash_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether a whole run of folded letters and digits is a hash: nobody searches for pieces of it,
/// and its trigrams would be two fifths of the index.
pub fn is_hash(run: &[u8]) -> bool {
    run.len() >= HASH_LEN && 6 * run.iter().filter(|byte| byte.is_ascii_digit()).count() > run.len()
}

/// The run of ASCII letters and digits around `at`, as a range; empty when there is none.
pub fn run_around(line: &[u8], at: usize) -> std::ops::Range<usize> {
    let start =
        line[..at].iter().rposition(|&byte| !is_hash_byte(byte)).map_or(0, |before| before + 1);
    let length = line[at..].iter().take_while(|&&byte| is_hash_byte(byte)).count();
    start..at + length
}

/// All runs of ASCII letters and digits that are at least `least` bytes long.
pub fn long_runs(line: &[u8], least: usize) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < line.len() {
            let start = at;
            at += line[at..].iter().take_while(|&&byte| is_hash_byte(byte)).count();
            let run = start..at;
            at += 1;
            if run.len() >= least {
                return Some(run);
            }
        }
        None
    })
}

/// The hash-named parts of a folded line, in order.
pub fn hash_runs(line: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    long_runs(line, HASH_LEN).filter(|run| is_hash(&line[run.clone()]))
}

/// Whether an occurrence of a search term in a folded line counts.
///
/// Terms of one or two bytes must start a token (unless they start with punctuation), and a hash
/// is matched only by [`HASH_PREFIX`] or more of its first bytes. The postings hold exactly what
/// this accepts, so a result never depends on which other names share the block.
pub fn accepts(line: &[u8], occurrence: std::ops::Range<usize>) -> bool {
    let std::ops::Range { start, end } = occurrence;
    if end - start < 3 && is_word(line[start]) && !is_token_start(line, start) {
        return false;
    }
    let mut at = start;
    while at < end {
        if !is_hash_byte(line[at]) {
            at += 1;
            continue;
        }
        let run = run_around(line, at);
        at = run.end;
        let covered = end.min(run.end) - run.start;
        if is_hash(&line[run.clone()]) && (run.start < start || covered < HASH_PREFIX) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_the_length_and_odd_bytes() {
        assert_eq!(fold("Übersicht РУКО İ".as_bytes()), "übersicht руко İ".as_bytes());
        assert_eq!(fold(b"A\xff\xc3Z"), b"a\xff\xc3z");
    }

    #[test]
    fn tokens_start_at_changes_of_kind() {
        let line = b"qt6-base.iso";
        let starts: Vec<usize> = (0..line.len()).filter(|&at| is_token_start(line, at)).collect();
        assert_eq!(starts, [0, 2, 4, 9]);
    }

    #[test]
    fn hashes_match_by_their_first_bytes_only() {
        let line = b"by-hash/8e01364075f85d50dffeb17bde9071b6.gz";
        assert!(accepts(line, 8..16));
        assert!(accepts(line, 0..43));
        assert!(!accepts(line, 8..15));
        assert!(!accepts(line, 9..20));
        assert!(accepts(line, 0..8));
        assert!(accepts(line, 40..43));
    }
}
