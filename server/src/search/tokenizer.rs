//! Words of prose: Latin words folded, and pairs of neighbouring characters where a script writes no
//! blanks. Pairs need no dictionary, find every word of two characters, and are what Lucene's CJK
//! analyser makes.

use std::ops::Range;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Longest word kept, in bytes; longer ones are no words (keys, hashes).
const MAX_WORD: usize = 40;

/// Whether words of this character's script are not separated by blanks.
pub fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x323AF)
}

/// The words of a text, folded, with their places in it, in bytes.
pub fn words(text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if !c.is_alphanumeric() {
            continue;
        }
        let mut run = vec![(start, c)];
        while let Some(next) =
            chars.next_if(|(_, next)| next.is_alphanumeric() && is_cjk(*next) == is_cjk(c))
        {
            run.push(next);
        }
        let end = |at: usize| run.get(at).map_or(0, |(start, c)| start + c.len_utf8());
        if !is_cjk(c) {
            let range = start..end(run.len() - 1);
            if range.len() <= MAX_WORD {
                found.push((text[range.clone()].to_lowercase(), range));
            }
        } else if run.len() == 1 {
            found.push((c.to_string(), start..end(0)));
        } else {
            let pairs = run
                .windows(2)
                .enumerate()
                .map(|(at, pair)| (pair.iter().map(|(_, c)| c).collect(), pair[0].0..end(at + 1)));
            found.extend(pairs);
        }
    }
    found
}

/// [`words`] for tantivy.
#[derive(Clone, Default)]
pub struct WordTokenizer;

/// The words of one text.
pub struct WordStream {
    words: std::vec::IntoIter<(String, Range<usize>)>,
    token: Token,
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream {
        WordStream { words: words(text).into_iter(), token: Token::default() }
    }
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        let Some((text, range)) = self.words.next() else { return false };
        self.token = Token {
            offset_from: range.start,
            offset_to: range.end,
            position: self.token.position.wrapping_add(1),
            text,
            position_length: 1,
        };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn latin_words_are_folded_and_chinese_ones_are_pairs() {
        assert_eq!(texts("更换 PyPI 软件源。"), ["更换", "pypi", "软件", "件源"]);
        assert_eq!(texts("deb822格式 x-y 源"), ["deb822", "格式", "x", "y", "源"]);
        assert_eq!(texts(&"a".repeat(41)), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn places_are_where_the_words_are(text in "[a-c 软件源仓库。É-]{0,20}|\\PC{0,20}") {
            for (word, range) in words(&text) {
                prop_assert_eq!(text[range].to_lowercase(), word.to_lowercase());
            }
        }
    }
}
