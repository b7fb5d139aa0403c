//! Globs and regular expressions of a query.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use super::query::Term;

/// Largest compiled pattern, in bytes; it bounds the work for each byte of a line.
const MAX_PROGRAM: usize = 64 << 10;

/// Deepest nesting of a pattern.
const MAX_NESTING: u32 = 20;

/// Shortest literal that says where to look: the length of a gram.
const LEAST_LITERAL: usize = 3;

/// A compiled glob or regular expression over folded paths.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    /// Texts of three bytes or more that every match holds.
    pub literals: Vec<Term>,
}

impl Pattern {
    /// A word with `*`. Without a slash it is about the whole name, with one about the last segments
    /// of the path; `*` stays within a segment, `**` does not.
    /// Nothing when it is too complex.
    pub fn glob(text: &str) -> Option<Self> {
        let mut source = String::from(if text.starts_with('/') { "^" } else { "(?:^|/)" });
        let mut rest = text.trim_start_matches('/');
        while let Some(star) = rest.find('*') {
            source.push_str(&regex_syntax::escape(&rest[..star]));
            let after = rest[star..].trim_start_matches('*');
            let stars = rest.len() - star - after.len();
            // Names are bytes, and so is what a star stands for.
            source.push_str(if stars == 1 { "(?-u:[^/])*" } else { "(?-u:.)*" });
            rest = after;
        }
        source.push_str(&regex_syntax::escape(rest));
        source.push('$');
        Self::regex(&source)
    }

    /// The text between the slashes of `/…/`, matched anywhere in the path. Nothing when it is wrong
    /// or too complex.
    pub fn regex(source: &str) -> Option<Self> {
        let hir = regex_syntax::ParserBuilder::new()
            .utf8(false)
            .nest_limit(MAX_NESTING)
            .dot_matches_new_line(true)
            .build()
            .parse(source)
            .ok()?;
        let regex = RegexBuilder::new(source)
            .case_insensitive(true)
            .dot_matches_new_line(true)
            .nest_limit(MAX_NESTING)
            .size_limit(MAX_PROGRAM)
            .dfa_size_limit(4 * MAX_PROGRAM)
            .build()
            .ok()?;
        let mut literals = Literals::default();
        literals.visit(&hir);
        literals.end();
        Some(Self { regex, literals: literals.found })
    }

    /// Where the pattern matches a folded line first; a slash at the start of a match is not part of
    /// it. What it requires must count as found, as it must for a word: the index knows no more.
    pub fn find(&self, line: &[u8]) -> Option<Range<usize>> {
        if !self.literals.iter().all(|literal| literal.occurs(line)) {
            return None;
        }
        let found = self.regex.find(line)?;
        let slash = usize::from(found.len() > 1 && found.as_bytes().starts_with(b"/"));
        Some(found.start() + slash..found.end())
    }
}

/// Collects what every match of a pattern must hold.
#[derive(Default)]
struct Literals {
    found: Vec<Term>,
    run: Vec<u8>,
}

impl Literals {
    /// Everything under `hir` is required at this point of a match.
    fn visit(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => self.run.extend_from_slice(&literal.0),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.visit(part)),
            HirKind::Capture(capture) => self.visit(&capture.sub),
            HirKind::Repetition(repetition) => {
                self.end();
                if repetition.min > 0 {
                    self.visit(&repetition.sub);
                    self.end();
                }
            }
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Class(_) | HirKind::Alternation(_) => self.end(),
        }
    }

    fn end(&mut self) {
        let literal = std::mem::take(&mut self.run);
        if literal.len() >= LEAST_LITERAL {
            self.found.push(Term::new(&literal));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matched(pattern: &Pattern, line: &str) -> Option<String> {
        pattern.find(line.as_bytes()).map(|range| line[range].to_owned())
    }

    #[test]
    fn globs_are_about_whole_names() {
        let pattern = Pattern::glob("linux-6.*.tar.xz").unwrap();
        assert_eq!(
            matched(&pattern, "kernel/v6.x/linux-6.12.tar.xz").as_deref(),
            Some("linux-6.12.tar.xz")
        );
        assert_eq!(matched(&pattern, "kernel/v6.x/linux-6.12.tar.xz.sig"), None);
        assert_eq!(matched(&pattern, "kernel/my-linux-6.12.tar.xz"), None);
        assert_eq!(matched(&pattern, "linux-6.x/a.tar.xz"), None, "one star stays in its segment");
        let deep = Pattern::glob("dists/**.xz").unwrap();
        assert_eq!(matched(&deep, "debian/dists/sid/a/b.xz").as_deref(), Some("dists/sid/a/b.xz"));
        let rooted = Pattern::glob("/debian/*").unwrap();
        assert_eq!(matched(&rooted, "debian/README").as_deref(), Some("debian/README"));
        assert_eq!(matched(&rooted, "x/debian/README"), None);
    }

    #[test]
    fn a_star_stands_for_any_bytes() {
        for glob in ["*b*", "a**c", "a/*"] {
            let pattern = Pattern::glob(glob).unwrap();
            assert!(pattern.regex.is_match(b"a/b\xff\x07c"), "{glob}");
        }
    }

    #[test]
    fn required_literals_are_found_and_only_those() {
        let literals = |text: &str| -> Vec<String> {
            let pattern = Pattern::regex(text).unwrap();
            pattern
                .literals
                .iter()
                .map(|l| String::from_utf8_lossy(&l.bytes).into_owned())
                .collect()
        };
        assert_eq!(literals(r"linux-image-6\.1\.[0-9]+-amd64"), ["linux-image-6.1.", "-amd64"]);
        assert_eq!(literals("(?:abc|def)ghi"), ["ghi"]);
        assert_eq!(literals("ab?cde"), ["cde"]);
        assert_eq!(literals("(abc)+x"), ["abc"]);
        assert_eq!(literals("(abc)*"), Vec::<String>::new());
        assert_eq!(literals("a|bcd"), Vec::<String>::new());
        assert_eq!(literals("QT6"), ["qt6"]);
    }

    #[test]
    fn wild_patterns_are_refused() {
        for text in ["(", "a{1000}{1000}", "\\p{Nonsense}", &"(".repeat(60)] {
            assert!(Pattern::regex(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_matches_holds_the_literals(text in "[a-c.*+?()|\\[\\]x-]{0,12}", line in "[a-c/x.-]{0,24}") {
            if let Some(pattern) = Pattern::regex(&text)
                && pattern.regex.is_match(line.as_bytes())
            {
                for literal in &pattern.literals {
                    prop_assert!(literal.find(line.as_bytes(), 0).is_some());
                }
            }
        }
    }
}
