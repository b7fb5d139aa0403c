//! Grams: the terms of the inverted index, as numbers and as tantivy tokens.
//!
//! A gram is a kind (6 bits) and a value (24 bits). Grams only say where to look; every hit is
//! verified, so values that do not fit are hashed and collisions cost time, not correctness.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::fold::{self, HASH_PREFIX};
use super::record::split_name;

/// Length of a gram written as a token: five characters of six bits.
const TOKEN_LEN: usize = 5;

/// Longest extension that has a gram, in bytes.
const MAX_EXTENSION: usize = 8;

/// A term of the inverted index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gram(u32);

impl Gram {
    const fn new(kind: u32, value: u32) -> Self {
        Self(kind << 24 | value & 0x00ff_ffff)
    }

    /// Three consecutive bytes of a folded line. None with a slash: the words around it say enough, and such grams would be
    /// a thirteenth of the inverted index.
    pub fn trigram(bytes: [u8; 3]) -> Option<Self> {
        let [a, b, c] = bytes;
        (!bytes.contains(&b'/')).then(|| Self::new(0, u32::from_be_bytes([0, a, b, c])))
    }

    /// The first byte of a token.
    pub fn token_byte(byte: u8) -> Self {
        Self::new(1, u32::from(byte))
    }

    /// The first two bytes of a token.
    pub fn token_pair(bytes: [u8; 2]) -> Self {
        Self::new(2, u32::from(u16::from_be_bytes(bytes)))
    }

    /// What starts with these one or two bytes; none if no token does.
    pub fn token(start: &[u8]) -> Option<Self> {
        match *start {
            [byte] if fold::is_word(byte) => Some(Self::token_byte(byte)),
            [first, second] if fold::is_word(first) => Some(Self::token_pair([first, second])),
            _ => None,
        }
    }

    /// The start of the last path segment: its first one, two or three bytes.
    pub fn name_start(bytes: &[u8]) -> Self {
        // Names hold no NUL, so that shorter starts are other numbers.
        Self::new(3, bytes.iter().take(3).fold(0, |sum, &byte| sum << 8 | u32::from(byte)))
    }

    /// What follows the last dot of a file name; none for very long ones.
    pub fn extension(extension: &[u8]) -> Option<Self> {
        (1..=MAX_EXTENSION).contains(&extension.len()).then(|| Self::new(4, digest(extension)))
    }

    /// The first [`HASH_PREFIX`] bytes of a hash-named part: one of 8192 numbers. More would say more
    /// exactly where to look, but a term for each hash takes ten bytes.
    pub fn hash_prefix(run: &[u8]) -> Self {
        Self::new(5, digest(&run[..run.len().min(HASH_PREFIX)]) & 0x1fff)
    }

    /// The mirror with this id.
    pub fn mirror(id: &str) -> Self {
        Self::new(6, digest(id.to_ascii_lowercase().as_bytes()))
    }

    /// The gram as a number.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The gram that was written as this token.
    pub fn from_token(token: &[u8]) -> Self {
        let six = |value: u32, &byte: &u8| value << 6 | u32::from(byte.wrapping_sub(b'0') & 0x3f);
        Self(token.iter().fold(0, six))
    }

    /// Appends the gram as a token of five ASCII characters.
    fn push_token(self, out: &mut String) {
        for shift in [24, 18, 12, 6, 0] {
            // 64 consecutive ASCII characters from `0`; all of them print.
            let six = u8::try_from(self.0 >> shift & 0x3f).unwrap_or(0);
            out.push(char::from(b'0' + six));
        }
    }

    /// The gram as it stands in tantivy's term dictionary.
    pub fn text(self) -> String {
        let mut out = String::with_capacity(TOKEN_LEN);
        self.push_token(&mut out);
        out
    }
}

/// FNV-1a folded to 24 bits.
fn digest(bytes: &[u8]) -> u32 {
    let hash = bytes
        .iter()
        .fold(0x811c_9dc5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 24) ^ (hash & 0x00ff_ffff)
}

/// The extension of a folded file name: what follows its last dot.
pub fn extension(name: &[u8]) -> Option<&[u8]> {
    let dot = memchr::memrchr(b'.', name)?;
    (dot + 1 < name.len()).then(|| &name[dot + 1..])
}

/// Collects the grams of one block, each once.
pub struct GramSet {
    /// One bit a trigram: 2 MB stay in the cache, where a table of stamps (64 MB) would not.
    seen: Vec<u64>,
    trigrams: Vec<u32>,
    others: Vec<Gram>,
}

impl Default for GramSet {
    fn default() -> Self {
        Self { seen: vec![0; 1 << 18], trigrams: Vec::new(), others: Vec::new() }
    }
}

impl GramSet {
    /// Adds one folded line that shares its first `shared` bytes with the line added before.
    pub fn add_line(&mut self, line: &[u8], shared: usize, is_dir: bool, mirror: Gram) {
        // Everything before the run that holds the first new byte was added with the last line.
        let run = fold::run_around(line, shared.min(line.len()));
        let from = run.start.saturating_sub(2);
        let mut at = from;
        for hash in fold::hash_runs(line).filter(|hash| hash.end >= from) {
            self.others.push(Gram::hash_prefix(&line[hash.clone()]));
            self.add_plain(line, at..hash.start);
            at = hash.end;
        }
        self.add_plain(line, at..line.len());
        self.add_name(line, is_dir);
        self.others.push(mirror);
    }

    /// Adds the trigrams within `part`, which no hash touches, and its token starts.
    fn add_plain(&mut self, line: &[u8], part: std::ops::Range<usize>) {
        let Some(bytes) = line.get(part.clone()) else {
            return;
        };
        for window in bytes.windows(3) {
            let Some(Gram(value)) = window.first_chunk().and_then(|bytes| Gram::trigram(*bytes))
            else {
                continue;
            };
            let bit = 1_u64 << (value & 63);
            let word = &mut self.seen[value as usize >> 6];
            if *word & bit == 0 {
                *word |= bit;
                self.trigrams.push(value);
            }
        }
        for at in part.clone() {
            if fold::is_token_start(line, at) {
                self.others.push(Gram::token_byte(line[at]));
                if at + 1 < part.end {
                    self.others.push(Gram::token_pair([line[at], line[at + 1]]));
                }
            }
        }
    }

    fn add_name(&mut self, line: &[u8], is_dir: bool) {
        let (_, name) = split_name(line);
        for length in 1..=name.len().min(3) {
            self.others.push(Gram::name_start(&name[..length]));
        }
        if !is_dir && let Some(gram) = extension(name).and_then(Gram::extension) {
            self.others.push(gram);
        }
    }

    /// Writes all grams as one text for [`GramTokenizer`] and empties the set.
    pub fn drain_text(&mut self) -> String {
        self.others.sort_unstable();
        self.others.dedup();
        let mut text = String::with_capacity(TOKEN_LEN * (self.trigrams.len() + self.others.len()));
        for value in self.trigrams.drain(..) {
            self.seen[value as usize >> 6] = 0;
            Gram::new(0, value).push_token(&mut text);
        }
        for gram in self.others.drain(..) {
            gram.push_token(&mut text);
        }
        text
    }
}

/// Cuts the text of [`GramSet::drain_text`] into tokens.
#[derive(Clone, Default)]
pub struct GramTokenizer {
    token: Token,
}

/// The tokens of one block.
pub struct GramStream<'a> {
    token: &'a mut Token,
    rest: &'a str,
}

impl Tokenizer for GramTokenizer {
    type TokenStream<'a> = GramStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> GramStream<'a> {
        self.token.reset();
        GramStream { token: &mut self.token, rest: text }
    }
}

impl TokenStream for GramStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((token, rest)) = self.rest.split_at_checked(TOKEN_LEN) else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(token);
        self.token.position = 0;
        self.rest = rest;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(set: &mut GramSet) -> Vec<String> {
        let text = set.drain_text();
        let mut tokenizer = GramTokenizer::default();
        let mut stream = tokenizer.token_stream(&text);
        let mut found = Vec::new();
        while stream.advance() {
            found.push(stream.token().text.clone());
        }
        found
    }

    #[test]
    fn hashes_have_one_gram_and_shared_starts_are_not_repeated() {
        let first = b"p/8e01364075f85d50dffeb17bde9071b6/qt6.iso";
        let second = b"p/8e01364075f85d50dffeb17bde9071b7/x";
        let mut set = GramSet::default();
        let mirror = Gram::mirror("p");
        set.add_line(first, 0, false, mirror);
        set.add_line(second, 33, false, mirror);
        let found = tokens(&mut set);
        let has = |gram: Gram| found.contains(&gram.text());
        assert!(has(Gram::hash_prefix(b"8e013640")));
        assert!(Gram::trigram(*b"qt6").is_some_and(&has));
        assert!(has(Gram::token_byte(b'6')) && has(Gram::token_pair(*b"qt")));
        assert!(has(Gram::name_start(b"qt6")) && has(Gram::name_start(b"q")));
        assert!(Gram::extension(b"iso").is_some_and(has));
        assert!(
            Gram::trigram(*b"8e0").is_some_and(|gram| !has(gram))
                && Gram::trigram(*b"/8e").is_none()
        );
        assert!(found.iter().all(|token| Gram::from_token(token.as_bytes()).text() == *token));
        assert!(tokens(&mut set).is_empty());
    }
}
