//! The file-search index: build it from a walk or a list, open it, search it.
//!
//! Mirrors are kept in parts (`part`): a large one alone, small ones together, and an update writes
//! the parts of the mirrors that changed. Within a part, entries are sorted by quality and version
//! (`order`, `version`), cut into blocks of 32, and each block is one document of a tantivy index whose terms
//! are grams of its paths. A search walks the posting lists in that order, decodes the blocks they
//! share, verifies every line and stops after enough matches. The order is therefore the first half
//! of the ranking.

mod bench;
mod block;
mod build;
mod catalogue;
mod filter;
mod fold;
mod gather;
mod generation;
mod gram;
pub mod import;
mod loosen;
mod mirrors;
mod names;
mod order;
mod part;
mod pattern;
mod plan;
mod postings;
mod query;
mod range;
mod rank;
mod reader;
mod record;
mod search;
mod version;
mod walk;
mod words;

/// Parses a query and holds it against one line, in which whatever is found must lie.
#[cfg(feature = "fuzzing")]
pub fn try_query(text: &str, line: &[u8]) {
    let query = Query { text: text.to_owned(), ..Query::default() };
    let mirrors = mirrors::MirrorTable::new(&[("debian".to_owned(), "debian".to_owned())]);
    let shortened = loosen::shortened(&query).into_iter().chain(loosen::halved(&query));
    let shortened = shortened.map(|(_, shortened)| shortened);
    let spelt = loosen::spelt_otherwise(&query).into_iter().chain(loosen::in_pieces(&query));
    for other in shortened.chain(spelt) {
        assert!(loosen::shortened(&other).len() <= query.text.len());
        let _ = query::Search::parse(&other, &mirrors);
    }
    let Ok(search) = query::Search::parse(&query, &mirrors) else { return };
    let line = fold::fold(line);
    let _ = search.allows(&line);
    for pattern in &search.patterns {
        assert!(pattern.find(&line).is_none_or(|found| found.end <= line.len()));
    }
    for term in search.required() {
        assert!(!term.bytes.is_empty());
        for at in term.occurrences(&line) {
            assert_eq!(line.get(at..at + term.bytes.len()), Some(term.bytes.as_slice()));
        }
    }
}

#[cfg(test)]
mod tests;

pub use bench::{BenchRow, bench};
pub use build::{BuildReport, Progress, build, update};
pub use catalogue::Intake;
pub use generation::current;
pub use mirrors::IndexedMirror;
pub use query::{Kind, MAX_LIMIT, MAX_TERMS, MAX_TEXT, Query, QueryError, Synonyms};
pub use reader::{Index, IndexStats};
pub use record::{FileRecord, PathError, is_in_flight};
pub use search::{Answer, Hit, Limits};
pub use walk::{Walk, WalkReport, walk, walk_some};
