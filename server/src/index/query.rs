//! Queries: what a visitor typed, parsed and limited.

use memchr::memmem::Finder;

use super::fold::{self, accepts};
use super::mirrors::MirrorTable;
use super::record::split_name;

/// Longest query text, in bytes.
pub const MAX_TEXT: usize = 128;
/// Most terms of a query, excluded ones and filters counted.
pub const MAX_TERMS: usize = 8;
/// Most hits of one answer.
pub const MAX_LIMIT: usize = 500;

/// A search request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Terms separated by blanks; all must occur in the path, in any order and case. `"two words"`
    /// is one term, `-word` excludes, `mirror:id` and `ext:iso` filter. Terms of one or two letters
    /// match at the start of a word.
    pub text: String,
    /// Only this mirror, by id.
    pub mirror: Option<String>,
    /// Only files with this extension, with or without the dot; `tar.gz` works.
    pub ext: Option<String>,
    /// Most hits wanted; 0 means 50, more than [`MAX_LIMIT`] means that.
    pub limit: usize,
}

/// Why a query is refused. The text is meant for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Nothing to look for.
    #[error("the query is empty")]
    Empty,
    /// Only excluded terms.
    #[error("the query only excludes: add a word to look for")]
    OnlyExcluded,
    /// Longer than [`MAX_TEXT`]; the length in bytes.
    #[error("the query is {0} bytes long, {MAX_TEXT} are allowed")]
    TooLong(usize),
    /// More than [`MAX_TERMS`] terms; their number.
    #[error("the query has {0} terms, {MAX_TERMS} are allowed")]
    TooManyTerms(usize),
    /// `mirror:` names a mirror that the index does not know.
    #[error("the index has no mirror {0:?}")]
    UnknownMirror(String),
    /// Two different mirrors or extensions.
    #[error("the query has two different {0}: filters, nothing can match both")]
    Contradiction(&'static str),
    /// A file of the index cannot be read; logged where it happened.
    #[error("the index cannot be read at the moment")]
    Unreadable,
}

/// One word to look for, folded.
#[derive(Debug)]
pub struct Term {
    /// The folded bytes, not empty.
    pub bytes: Vec<u8>,
    finder: Finder<'static>,
}

impl Term {
    fn new(text: &str) -> Self {
        let bytes = fold::fold(text.as_bytes());
        let finder = Finder::new(&bytes).into_owned();
        Self { bytes, finder }
    }

    /// All places in a folded line where the term counts as found; see [`accepts`].
    pub fn occurrences<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            while let Some(found) = self.finder.find(line.get(from..)?) {
                let at = from + found;
                from = at + 1;
                if accepts(line, at..at + self.bytes.len()) {
                    return Some(at);
                }
            }
            None
        })
    }

    /// The first place at or after `from` where the bytes occur, accepted or not.
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        Some(from + self.finder.find(text.get(from..)?)?)
    }
}

/// A query ready to run.
#[derive(Debug, Default)]
pub struct Search {
    /// Terms that must occur.
    pub wanted: Vec<Term>,
    /// Terms that must not occur.
    pub excluded: Vec<Term>,
    /// The number of the only mirror wanted.
    pub mirror: Option<u32>,
    /// The only extension wanted, folded, without the leading dot.
    pub ext: Option<Vec<u8>>,
    /// Most hits wanted.
    pub limit: usize,
}

impl Search {
    /// Parses and checks a query.
    pub fn parse(query: &Query, mirrors: &MirrorTable) -> Result<Self, QueryError> {
        if query.text.len() > MAX_TEXT {
            return Err(QueryError::TooLong(query.text.len()));
        }
        let mut search = Self {
            limit: if query.limit == 0 { 50 } else { query.limit.min(MAX_LIMIT) },
            ..Self::default()
        };
        if let Some(id) = &query.mirror {
            search.filter_mirror(id, mirrors)?;
        }
        if let Some(ext) = &query.ext {
            search.filter_ext(ext)?;
        }
        let words = split(&query.text);
        if words.len() > MAX_TERMS {
            return Err(QueryError::TooManyTerms(words.len()));
        }
        for word in words {
            search.add(&word, mirrors)?;
        }
        if search.wanted.is_empty() && search.mirror.is_none() && search.ext.is_none() {
            return Err(if search.excluded.is_empty() {
                QueryError::Empty
            } else {
                QueryError::OnlyExcluded
            });
        }
        Ok(search)
    }

    fn add(&mut self, word: &Word, mirrors: &MirrorTable) -> Result<(), QueryError> {
        if !word.quoted && !word.excluded {
            if let Some(id) = word.text.strip_prefix("mirror:").filter(|id| !id.is_empty()) {
                return self.filter_mirror(id, mirrors);
            }
            if let Some(ext) = word.text.strip_prefix("ext:").filter(|ext| !ext.is_empty()) {
                return self.filter_ext(ext);
            }
        }
        let term = Term::new(&word.text);
        let list = if word.excluded { &mut self.excluded } else { &mut self.wanted };
        if !list.iter().any(|known| known.bytes == term.bytes) {
            list.push(term);
        }
        Ok(())
    }

    fn filter_mirror(&mut self, id: &str, mirrors: &MirrorTable) -> Result<(), QueryError> {
        let number = mirrors.by_id(id).ok_or_else(|| QueryError::UnknownMirror(id.to_owned()))?;
        match self.mirror.replace(number) {
            Some(other) if other != number => Err(QueryError::Contradiction("mirror")),
            _ => Ok(()),
        }
    }

    fn filter_ext(&mut self, ext: &str) -> Result<(), QueryError> {
        let ext = fold::fold(ext.trim_start_matches('.').as_bytes());
        if ext.is_empty() {
            return Ok(());
        }
        match &self.ext {
            Some(other) if *other != ext => Err(QueryError::Contradiction("ext")),
            _ => {
                self.ext = Some(ext);
                Ok(())
            }
        }
    }

    /// Whether a folded line passes `ext:` and holds no excluded term.
    pub fn allows(&self, line: &[u8]) -> bool {
        self.ext.as_ref().is_none_or(|ext| {
            let (_, name) = split_name(line);
            name.strip_suffix(ext.as_slice()).is_some_and(|stem| stem.ends_with(b"."))
        }) && !self.excluded.iter().any(|term| term.occurrences(line).next().is_some())
    }

    /// Whether a wanted term holds this folded word.
    pub fn names(&self, word: &[u8]) -> bool {
        self.wanted.iter().any(|term| memchr::memmem::find(&term.bytes, word).is_some())
    }
}

struct Word {
    text: String,
    quoted: bool,
    excluded: bool,
}

/// Splits at blanks outside quotation marks. A missing closing mark is added at the end: the query
/// is still being typed.
fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (excluded, body) = match rest.strip_prefix('-') {
            Some(body) if !body.is_empty() && !body.starts_with(char::is_whitespace) => {
                (true, body)
            }
            _ => (false, rest),
        };
        let (word, after, quoted) = if let Some(phrase) = body.strip_prefix('"') {
            let (word, after) = phrase.split_once('"').unwrap_or((phrase, ""));
            (word, after, true)
        } else {
            let end = body.find(char::is_whitespace).unwrap_or(body.len());
            (&body[..end], &body[end..], false)
        };
        if !word.is_empty() {
            words.push(Word { text: word.to_owned(), quoted, excluded });
        }
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Search, QueryError> {
        let mirrors = MirrorTable::new(&[("debian".to_owned(), "debian".to_owned())]);
        let query = Query { text: text.to_owned(), ..Query::default() };
        Search::parse(&query, &mirrors)
    }

    #[test]
    fn words_phrases_exclusions_and_filters() {
        let search =
            parse("Ubuntu \"24.04 LTS\" -beta -\"a b\" mirror:Debian ext:.TAR.gz - ubuntu")
                .unwrap();
        let bytes = |terms: &[Term]| -> Vec<String> {
            terms.iter().map(|term| String::from_utf8_lossy(&term.bytes).into_owned()).collect()
        };
        assert_eq!(bytes(&search.wanted), ["ubuntu", "24.04 lts", "-"]);
        assert_eq!(bytes(&search.excluded), ["beta", "a b"]);
        assert_eq!(search.mirror, Some(0));
        assert_eq!(search.ext.as_deref(), Some(&b"tar.gz"[..]));
    }

    #[test]
    fn refusals_say_why() {
        assert_eq!(parse("  ").unwrap_err(), QueryError::Empty);
        assert_eq!(parse("-x").unwrap_err(), QueryError::OnlyExcluded);
        assert_eq!(parse(&"x".repeat(129)).unwrap_err(), QueryError::TooLong(129));
        assert_eq!(parse("1 2 3 4 5 6 7 8 9").unwrap_err(), QueryError::TooManyTerms(9));
        assert_eq!(parse("mirror:x").unwrap_err().to_string(), "the index has no mirror \"x\"");
        assert_eq!(parse("ext:a ext:b").unwrap_err(), QueryError::Contradiction("ext"));
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "\\PC{0,140}|[-\" a:]{0,20}") {
            if let Ok(search) = parse(&text) {
                prop_assert!(search.wanted.iter().chain(&search.excluded).all(|term| !term.bytes.is_empty()));
            }
        }
    }
}
