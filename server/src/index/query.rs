//! Queries: what a visitor typed, parsed and limited.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::fold::{self, accepts};
use super::mirrors::MirrorTable;
use super::pattern::Pattern;
use super::range::{Bounds, size_bounds, time_bounds};
use super::record::split_name;

/// Longest query text, in characters.
pub const MAX_TEXT: usize = 128;
/// Most terms of a query, excluded ones and filters counted.
pub const MAX_TERMS: usize = 8;
/// Most hits of one answer.
pub const MAX_LIMIT: usize = 500;

/// For a word, what may stand for it.
pub type Synonyms = BTreeMap<String, Vec<String>>;

/// What a visitor may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something to download.
    File,
    /// A place to look around, or an address for a configuration.
    Folder,
}

/// A search request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words separated by blanks; all must hold, in any order and case.
    ///
    /// | word | meaning |
    /// |---|---|
    /// | `linux` | occurs in the path; one or two letters only at the start of a word |
    /// | `"two words"` | occurs literally |
    /// | `linux-6.*.xz` | the name has this form; see [`Pattern::glob`] |
    /// | `/linux-[56]\./` | a regular expression matches the path |
    /// | `path:dists/sid` | occurs in the folder; `path:/debian/` is where the path begins |
    /// | `mirror:debian`, `ext:tar.gz` | filters |
    /// | `size:>1G`, `after:2026-01`, `before:2026` | see [`size_bounds`], [`time_bounds`] |
    /// | `-word` | any of the first five or `ext:` does not hold |
    ///
    /// A pattern or range that cannot be read, or that alone does not say where to look, is taken as a
    /// plain word; [`Answer::literal`](super::Answer::literal) names it.
    pub text: String,
    /// Only these mirrors, by id; all when empty.
    pub mirrors: Vec<String>,
    /// Only files with this extension, with or without the dot; `tar.gz` works.
    pub ext: Option<String>,
    /// Only what is below this folder.
    pub folder: Option<String>,
    /// For words, in small letters, what names may have instead: each of these counts as found where it is a word of its
    /// own, or begins one if it ends with `*`.
    pub also: Arc<Synonyms>,
    /// The same, tried when nothing is found without.
    pub instead: Arc<Synonyms>,
    /// What should come first.
    pub kind: Option<Kind>,
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
    /// Longer than [`MAX_TEXT`]; the length in characters.
    #[error("the query is {0} characters long, {MAX_TEXT} are allowed")]
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
    /// Folds a word.
    pub fn new(text: &[u8]) -> Self {
        let bytes = fold::fold(text);
        let finder = Finder::new(&bytes).into_owned();
        Self { bytes, finder }
    }

    /// All places in a folded line where the term counts as found; see [`accepts`].
    pub fn occurrences<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        self.occurrences_from(line, 0)
    }

    /// Of these, those at or after a place.
    pub fn occurrences_from<'a>(
        &'a self,
        line: &'a [u8],
        mut from: usize,
    ) -> impl Iterator<Item = usize> + 'a {
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

    /// Whether it counts as found anywhere in a folded line.
    pub fn occurs(&self, line: &[u8]) -> bool {
        self.occurrences(line).next().is_some()
    }

    /// The first place at or after `from` where the bytes occur, accepted or not.
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        Some(from + self.finder.find(text.get(from..)?)?)
    }
}

/// A word that other words may stand for.
#[derive(Debug)]
pub struct Choice {
    /// The word as it was typed.
    pub typed: Term,
    /// What counts as found, too.
    pub others: Vec<Other>,
}

/// What may stand for a word, where it is a word of its own.
#[derive(Debug)]
pub struct Other {
    /// The text.
    pub term: Term,
    /// It need not end where a word does.
    pub is_start: bool,
}

impl Choice {
    fn new(typed: Term, others: &[String]) -> Self {
        let other = |text: &String| {
            let stem = text.strip_suffix('*');
            let term = Term::new(stem.unwrap_or(text).as_bytes());
            Other { term, is_start: stem.is_some() }
        };
        Self { typed, others: others.iter().map(other).collect() }
    }

    /// The word itself, and what may stand for it.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        std::iter::once(&self.typed).chain(self.others.iter().map(|other| &other.term))
    }
}

/// A text that must occur in the folder of a path.
#[derive(Debug)]
pub struct Folder {
    /// The text, without the slash that anchors it.
    pub term: Term,
    /// Whether it stands at the start of the path.
    pub is_anchored: bool,
}

impl Folder {
    /// Nothing for the root: every path is below it.
    fn parse(text: &str) -> Option<Self> {
        let path = text.trim_start_matches('/');
        let is_anchored = path.len() < text.len();
        (!path.is_empty()).then(|| Self { term: Term::new(path.as_bytes()), is_anchored })
    }

    /// Everything below one folder, whatever slashes stand around it.
    fn below(folder: &str) -> Option<Self> {
        Self::parse(&format!("/{}/", folder.trim_matches('/')))
            .filter(|_| folder.contains(|c| c != '/'))
    }

    fn holds(&self, line: &[u8]) -> bool {
        let (folder, _) = split_name(line);
        let length = self.term.bytes.len();
        if folder.is_empty() {
            return false;
        }
        let mut places = self.term.occurrences(line);
        if self.is_anchored {
            length <= folder.len() + 1 && places.next() == Some(0)
        } else {
            places.any(|at| at + length <= folder.len() + 1)
        }
    }
}

/// Something that must not hold of a line.
#[derive(Debug)]
enum Exclusion {
    Word(Term),
    Pattern(Pattern),
    Folder(Folder),
    Extension(Vec<u8>),
}

impl Exclusion {
    fn holds(&self, line: &[u8]) -> bool {
        match self {
            Self::Word(term) => term.occurs(line),
            Self::Pattern(pattern) => pattern.find(line).is_some(),
            Self::Folder(folder) => folder.holds(line),
            Self::Extension(ext) => has_extension(line, ext),
        }
    }
}

/// A query ready to run.
#[derive(Debug, Default)]
pub struct Search {
    /// Terms that must occur.
    pub wanted: Vec<Term>,
    /// Words of which each must occur or be stood for.
    pub choices: Vec<Choice>,
    /// Globs and regular expressions that must match.
    pub patterns: Vec<Pattern>,
    /// Texts that must occur in the folder.
    pub folders: Vec<Folder>,
    excluded: Vec<Exclusion>,
    /// The numbers of the only mirrors wanted; empty for all.
    pub mirrors: Vec<u32>,
    /// The only extension wanted, folded, without the leading dot.
    pub ext: Option<Vec<u8>>,
    /// Sizes wanted, in bytes.
    pub sizes: Option<Bounds<u64>>,
    /// Modification times wanted, Unix seconds.
    pub times: Option<Bounds<i64>>,
    /// Words that look like more and were taken as they stand.
    pub literal: Vec<String>,
    /// What should come first.
    pub kind: Option<Kind>,
    /// Most hits wanted.
    pub limit: usize,
}

impl Search {
    /// Parses and checks a query.
    pub fn parse(query: &Query, mirrors: &MirrorTable) -> Result<Self, QueryError> {
        let length = query.text.chars().count();
        if length > MAX_TEXT {
            return Err(QueryError::TooLong(length));
        }
        let words = split(&query.text);
        if words.len() > MAX_TERMS {
            return Err(QueryError::TooManyTerms(words.len()));
        }
        let search = Self::of(query, &words, mirrors, false)?;
        if search.says_where() {
            return Ok(search);
        }
        let search = Self::of(query, &words, mirrors, true)?;
        match words.iter().all(|word| word.excluded) {
            _ if search.says_where() => Ok(search),
            true if !words.is_empty() => Err(QueryError::OnlyExcluded),
            _ => Err(QueryError::Empty),
        }
    }

    /// Whether there is anything that the index can look up.
    fn says_where(&self) -> bool {
        self.required().next().is_some()
            || !self.choices.is_empty()
            || !self.mirrors.is_empty()
            || self.ext.is_some()
    }

    /// `is_literal` takes patterns and ranges as plain words.
    fn of(
        query: &Query,
        words: &[Word],
        mirrors: &MirrorTable,
        is_literal: bool,
    ) -> Result<Self, QueryError> {
        let mut search = Self {
            kind: query.kind,
            limit: if query.limit == 0 { 50 } else { query.limit.min(MAX_LIMIT) },
            ..Self::default()
        };
        for id in &query.mirrors {
            search.mirrors.push(number(id, mirrors)?);
        }
        if let Some(ext) = &query.ext {
            search.filter_ext(ext)?;
        }
        if let Some(folder) = &query.folder {
            search.folders.extend(Folder::below(folder));
        }
        for word in words {
            search.add(word, query, mirrors, is_literal)?;
        }
        Ok(search)
    }

    fn add(
        &mut self,
        word: &Word,
        query: &Query,
        mirrors: &MirrorTable,
        is_literal: bool,
    ) -> Result<(), QueryError> {
        if word.excluded {
            self.exclude(word);
            return Ok(());
        }
        match word.key() {
            Some(("mirror", id)) => return self.filter_mirror(id, mirrors),
            Some(("ext", ext)) => return self.filter_ext(ext),
            Some(("path", path)) => {
                self.folders.extend(Folder::parse(path));
                return Ok(());
            }
            Some(("size", size)) if !is_literal => {
                if let Some(bounds) = size_bounds(size) {
                    return narrow(&mut self.sizes, bounds, "size");
                }
            }
            Some((key @ ("after" | "before"), time)) if !is_literal => {
                if let Some(bounds) = time_bounds(key, time) {
                    return narrow(&mut self.times, bounds, "date");
                }
            }
            _ => {}
        }
        if !is_literal && let Some(pattern) = word.pattern() {
            self.patterns.push(pattern);
            return Ok(());
        }
        if word.looks_like_more() {
            self.literal.push(word.text.clone());
        }
        let term = Term::new(word.text.as_bytes());
        if let Some(others) = query.also.get(&word.text.to_lowercase()).filter(|_| !word.quoted) {
            self.choices.push(Choice::new(term, others));
            return Ok(());
        }
        if !self.wanted.iter().any(|known| known.bytes == term.bytes) {
            self.wanted.push(term);
        }
        Ok(())
    }

    fn exclude(&mut self, word: &Word) {
        let exclusion = match (word.key(), word.pattern()) {
            (Some(("ext", ext)), _) => Some(Exclusion::Extension(folded_extension(ext))),
            (Some(("path", path)), _) => Folder::parse(path).map(Exclusion::Folder),
            (_, Some(pattern)) => Some(Exclusion::Pattern(pattern)),
            _ => Some(Exclusion::Word(Term::new(word.text.as_bytes()))),
        };
        self.excluded.extend(exclusion);
    }

    /// A mirror typed into the query narrows those chosen beside it.
    fn filter_mirror(&mut self, id: &str, mirrors: &MirrorTable) -> Result<(), QueryError> {
        let number = number(id, mirrors)?;
        if !self.mirrors.is_empty() && !self.mirrors.contains(&number) {
            return Err(QueryError::Contradiction("mirror"));
        }
        self.mirrors = vec![number];
        Ok(())
    }

    fn filter_ext(&mut self, ext: &str) -> Result<(), QueryError> {
        let ext = folded_extension(ext);
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

    /// Whether a folded line passes what is no ranked word: folders, `ext:` and exclusions.
    pub fn allows(&self, line: &[u8]) -> bool {
        self.ext.as_ref().is_none_or(|ext| has_extension(line, ext))
            && self.folders.iter().all(|folder| folder.holds(line))
            && !self.excluded.iter().any(|exclusion| exclusion.holds(line))
    }

    /// Whether a word names this mirror.
    pub fn is_about(&self, mirror: &str) -> bool {
        let id = mirror.as_bytes();
        let begins = |term: &Term| term.bytes.len() > 2 && id.starts_with(&term.bytes);
        // PERF: asked of every mirror by every search.
        let is = |term: &Term| term.bytes.len() == id.len() && fold::fold(id) == term.bytes;
        self.wanted.iter().any(|term| begins(term) || is(term))
    }

    /// Every text that an answer must hold.
    pub fn required(&self) -> impl Iterator<Item = &Term> {
        let literals = self.patterns.iter().flat_map(|pattern| &pattern.literals);
        self.wanted.iter().chain(literals).chain(self.folders.iter().map(|folder| &folder.term))
    }

    /// Whether a wanted term holds this folded word.
    pub fn names(&self, word: &[u8]) -> bool {
        self.required()
            .chain(self.choices.iter().flat_map(Choice::terms))
            .any(|term| memchr::memmem::find(&term.bytes, word).is_some())
    }
}

fn number(id: &str, mirrors: &MirrorTable) -> Result<u32, QueryError> {
    mirrors.by_id(id).ok_or_else(|| QueryError::UnknownMirror(id.to_owned()))
}

fn folded_extension(ext: &str) -> Vec<u8> {
    fold::fold(ext.trim_start_matches('.').as_bytes())
}

fn has_extension(line: &[u8], ext: &[u8]) -> bool {
    let (_, name) = split_name(line);
    name.strip_suffix(ext).is_some_and(|stem| stem.ends_with(b"."))
}

/// Intersects bounds; those that leave nothing are refused.
fn narrow<T: Ord + Copy>(
    slot: &mut Option<Bounds<T>>,
    new: Bounds<T>,
    what: &'static str,
) -> Result<(), QueryError> {
    let both = slot.map_or(new, |old| old.and(new));
    if both.is_empty() {
        return Err(QueryError::Contradiction(what));
    }
    *slot = Some(both);
    Ok(())
}

/// A word of a query as it was typed.
pub struct Word {
    /// The word without quotation marks and the sign that excludes it.
    pub text: String,
    quoted: bool,
    excluded: bool,
}

impl Word {
    /// A word that is nothing else.
    pub fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), quoted: false, excluded: false }
    }

    /// Whether it is looked for, neither in quotation marks nor a filter, a pattern or a range.
    pub fn is_plain(&self) -> bool {
        let filters = ["mirror", "ext", "path", "size", "after", "before"];
        let is_filter = self.key().is_some_and(|(key, _)| filters.contains(&key));
        !self.quoted && !self.excluded && !is_filter && !self.looks_like_more()
    }

    /// The word as it stands in a query.
    pub fn source(&self) -> String {
        let sign = if self.excluded { "-" } else { "" };
        let mark = if self.quoted { "\"" } else { "" };
        format!("{sign}{mark}{}{mark}", self.text)
    }

    /// `key:value` of an unquoted word, the value not empty.
    fn key(&self) -> Option<(&str, &str)> {
        let (key, value) = self.text.split_once(':')?;
        (!self.quoted && !value.is_empty()).then_some((key, value))
    }

    /// The text of the regular expression that an unquoted word is.
    fn expression(&self) -> Option<&str> {
        let text = self.text.strip_prefix('/')?.strip_suffix('/')?;
        (!self.quoted && !text.is_empty() && !is_plain_path(text)).then_some(text)
    }

    /// The glob or regular expression that an unquoted word is, if it can be used.
    fn pattern(&self) -> Option<Pattern> {
        match self.expression() {
            Some(text) => Pattern::regex(text),
            None if !self.quoted && self.text.contains('*') => Pattern::glob(&self.text),
            None => None,
        }
    }

    /// Whether a word that is taken as it stands could have been meant as a pattern or a range.
    fn looks_like_more(&self) -> bool {
        let is_range = matches!(self.key(), Some(("size" | "after" | "before", _)));
        is_range || self.expression().is_some() || !self.quoted && self.text.contains('*')
    }
}

/// Whether the text between two slashes is a path that was pasted (`/debian/dists/`) and no
/// expression: dots alone do not make one.
fn is_plain_path(text: &str) -> bool {
    !text.contains(['\\', '*', '+', '?', '[', '(', '|', '{', '^', '$'])
}

/// Splits at blanks outside quotation marks. A missing closing mark is added at the end: the query
/// is still being typed.
pub fn split(text: &str) -> Vec<Word> {
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
        assert!(!search.allows(b"x beta.tar.gz") && !search.allows(b"a b.tar.gz"));
        assert!(search.allows(b"debian/x.tar.gz") && !search.allows(b"debian/x.gz"));
        assert_eq!(search.mirrors, [0]);
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
        assert_eq!(parse("a size:>2G size:<1G").unwrap_err(), QueryError::Contradiction("size"));
    }

    #[test]
    fn what_cannot_be_used_is_a_word_and_named() {
        for text in ["size:big", "/a(/", "*.*", "size:>1G", "before:now"] {
            let search = parse(text).unwrap();
            assert_eq!(search.literal, [text]);
            assert_eq!((search.wanted.len(), search.patterns.len()), (1, 0), "{text}");
        }
        let search = parse("iso size:>1G *").unwrap();
        assert!(search.literal.is_empty() && search.sizes.is_some());
        assert_eq!(search.patterns.len(), 1, "with a word that says where, any pattern will do");
    }

    #[test]
    fn folders_are_texts_of_the_path_before_the_name() {
        let allows = |query: &str, line: &str| parse(query).unwrap().allows(line.as_bytes());
        assert!(allows("path:dists/sid", "debian/dists/sid/release"));
        assert!(allows("path:/debian/dists/", "debian/dists/sid/release"));
        assert!(!allows("path:/dists/", "debian/dists/sid/release"));
        let below = |folder: &str| {
            let query = Query { folder: Some(folder.to_owned()), ..Query::default() };
            Search::parse(&query, &MirrorTable::default())
        };
        for folder in ["/debian/", "debian"] {
            let search = below(folder).unwrap();
            assert!(search.allows(b"debian/dists") && !search.allows(b"debian-cd/dists"));
        }
        assert_eq!(below("/").unwrap_err(), QueryError::Empty);
        assert!(!allows("path:release", "debian/dists/sid/release"));
        assert!(!allows("path:/debian/dists/", "debian/dists"));
        assert!(!allows("x -path:dists -ext:gz", "debian/dists/x"));
        assert!(!allows("x -*.iso", "debian/x.iso"));
    }

    #[test]
    fn a_pasted_path_is_a_word_and_an_expression_a_pattern() {
        assert_eq!(parse("/debian/dists/").unwrap().wanted.len(), 1);
        let search = parse("/linux-[56]\\./ linux-*.xz").unwrap();
        assert_eq!((search.wanted.len(), search.patterns.len()), (0, 2));
        assert_eq!(parse("\"a*b\"").unwrap().wanted.len(), 1, "in quotes a star is a star");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "\\PC{0,140}|[-\" a:]{0,20}") {
            if let Ok(search) = parse(&text) {
                prop_assert!(search.required().all(|term| !term.bytes.is_empty()));
            }
        }
    }
}
