//! From a query to the blocks that may hold its answers.

use std::io;

use tantivy::postings::{SegmentPostings, TermInfo};
use tantivy::{DocSet as _, TERMINATED};

use super::fold::{self, HASH_PREFIX};
use super::gram::{self, Gram};
use super::postings::Postings;
use super::query::Search;

/// Lists walked at most; further ones would exclude little and cost a seek a block.
const MAX_LISTS: usize = 24;

/// Candidate blocks from which on the likely best ones are looked at first.
const WORTH_TWO_PASSES: u32 = 200;

/// A list of blocks that was found and not opened yet.
#[derive(Clone)]
enum Source {
    List(TermInfo),
    /// Blocks that are in any of these.
    Any(Vec<Vec<Source>>),
}

impl Source {
    fn cost(&self) -> u32 {
        match self {
            Self::List(list) => list.doc_freq,
            Self::Any(parts) => parts.iter().fold(0, |sum, part| {
                sum.saturating_add(part.iter().map(Self::cost).min().unwrap_or(u32::MAX))
            }),
        }
    }
}

/// A sorted stream of block numbers.
enum Blocks {
    // Boxed: nearly 2 kB each.
    List(Box<SegmentPostings>),
    Any(Vec<Conjunction>),
}

impl Blocks {
    /// The first block at or after `target`, which must not decrease.
    fn seek(&mut self, target: u32) -> u32 {
        match self {
            Self::List(list) if list.doc() >= target => list.doc(),
            Self::List(list) => list.seek(target),
            Self::Any(parts) => {
                parts.iter_mut().map(|part| part.seek(target)).min().unwrap_or(TERMINATED)
            }
        }
    }
}

/// The blocks that are in every one of some lists, ascending.
pub struct Conjunction {
    /// Rarest first. Empty means every block.
    parts: Vec<Blocks>,
    /// Blocks at most.
    pub cost: u32,
    /// One past the last block.
    end: u32,
    at: Option<u32>,
}

impl Conjunction {
    fn open(mut sources: Vec<Source>, postings: &Postings, end: u32) -> io::Result<Self> {
        sources.sort_by_key(Source::cost);
        let cost = sources.first().map_or(end, Source::cost).min(end);
        // A list that holds nearly every block excludes nothing.
        let keep = sources
            .iter()
            .take(MAX_LISTS)
            .take_while(|source| u64::from(source.cost()) * 20 < u64::from(end) * 19)
            .count();
        sources.truncate(keep.max(1));
        let open = |source| -> io::Result<Blocks> {
            Ok(match source {
                Source::List(list) => Blocks::List(Box::new(postings.open_list(&list)?)),
                Source::Any(parts) => Blocks::Any(
                    parts
                        .into_iter()
                        .map(|part| Self::open(part, postings, end))
                        .collect::<io::Result<_>>()?,
                ),
            })
        };
        let parts = sources.into_iter().map(open).collect::<io::Result<_>>()?;
        Ok(Self { parts, cost, end, at: None })
    }

    /// The first common block at or after `target`, or [`TERMINATED`].
    pub fn seek(&mut self, target: u32) -> u32 {
        if let Some(at) = self.at
            && at >= target
        {
            return at;
        }
        let mut candidate = target;
        'next: loop {
            if candidate >= self.end {
                candidate = TERMINATED;
                break;
            }
            for part in &mut self.parts {
                let found = part.seek(candidate);
                if found > candidate {
                    candidate = found;
                    continue 'next;
                }
            }
            break;
        }
        self.at = Some(candidate);
        candidate
    }
}

/// Gathers the lists of a query. Each step returns `false` when there can be no answer.
struct Planner<'a> {
    postings: &'a Postings,
    sources: Vec<Source>,
}

impl Planner<'_> {
    fn require(&mut self, gram: Gram) -> io::Result<bool> {
        let list = self.postings.find(gram)?;
        let found = list.is_some();
        self.sources.extend(list.map(Source::List));
        Ok(found)
    }

    /// One of several grams; none asked for is none required.
    fn require_any(&mut self, grams: impl ExactSizeIterator<Item = Gram>) -> io::Result<bool> {
        if grams.len() == 0 {
            return Ok(true);
        }
        let mut parts = Vec::new();
        for gram in grams {
            parts.extend(self.postings.find(gram)?.map(|list| vec![Source::List(list)]));
        }
        let found = !parts.is_empty();
        match parts.as_mut_slice() {
            [only] => self.sources.append(only),
            [] => {}
            _ => self.sources.push(Source::Any(parts)),
        }
        Ok(found)
    }

    fn require_all(&mut self, mut grams: Vec<Gram>) -> io::Result<bool> {
        grams.sort_unstable();
        grams.dedup();
        for gram in grams {
            if !self.require(gram)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn require_term(&mut self, term: &[u8]) -> io::Result<bool> {
        match *term {
            [byte] if fold::is_word(byte) => self.require(Gram::token_byte(byte)),
            [first, second] if fold::is_word(first) => {
                self.require(Gram::token_pair([first, second]))
            }
            // A lone punctuation mark has no gram: every block is a candidate.
            [] | [_] | [_, _] => Ok(true),
            _ => self.require_long(term),
        }
    }

    /// Terms of three bytes or more: trigrams, and the hash gram for what may be part of a hash.
    fn require_long(&mut self, term: &[u8]) -> io::Result<bool> {
        let runs: Vec<_> = fold::long_runs(term, HASH_PREFIX)
            .filter(|run| {
                let whole = run.start > 0 && run.end < term.len();
                !whole || fold::is_hash(&term[run.clone()])
            })
            .collect();
        let touches = |at: usize, run: &std::ops::Range<usize>| at < run.end && at + 3 > run.start;
        let trigram = |at: usize| {
            let bytes = term.get(at..).and_then(<[u8]>::first_chunk::<3>)?;
            Some(Gram::trigram(*bytes))
        };
        let plain = (0..term.len())
            .filter(|&at| !runs.iter().any(|run| touches(at, run)))
            .filter_map(trigram)
            .collect();
        if !self.require_all(plain)? {
            return Ok(false);
        }
        for run in &runs {
            let only_here = |at: &usize| {
                touches(*at, run) && !runs.iter().any(|other| other != run && touches(*at, other))
            };
            let grams = (0..term.len()).filter(only_here).filter_map(trigram).collect();
            if !self.require_run(&term[run.clone()], grams)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A run that is either the start of a hash, known by its hash gram, or plain text, known by
    /// its trigrams.
    fn require_run(&mut self, run: &[u8], trigrams: Vec<Gram>) -> io::Result<bool> {
        let Some(hash) = self.postings.find(Gram::hash_prefix(run))? else {
            return self.require_all(trigrams);
        };
        let outer = std::mem::take(&mut self.sources);
        let possible = self.require_all(trigrams)?;
        let plain = std::mem::replace(&mut self.sources, outer);
        let hash = Source::List(hash);
        if !possible {
            self.sources.push(hash);
        } else if !plain.is_empty() {
            self.sources.push(Source::Any(vec![vec![hash], plain]));
        }
        Ok(true)
    }
}

/// Where to look, in two passes.
pub struct Plan {
    /// Blocks in which a name starts like the first term: the best hits are there. `None` when
    /// there are so few blocks in all that looking twice would cost more than it saves.
    pub first: Option<Conjunction>,
    /// All blocks that may hold an answer.
    pub all: Conjunction,
}

/// Plans a search over `end` blocks; `None` when no block can hold an answer.
pub fn plan(search: &Search, postings: &Postings, end: u32) -> io::Result<Option<Plan>> {
    let mut planner = Planner { postings, sources: Vec::new() };
    for term in search.required() {
        if !planner.require_term(&term.bytes)? {
            return Ok(None);
        }
    }
    if !planner.require_any(search.mirrors.iter().copied().map(Gram::mirror))? {
        return Ok(None);
    }
    if let Some(ext) = &search.ext {
        let last = gram::extension(ext).unwrap_or(ext);
        if let Some(gram) = Gram::extension(last)
            && !planner.require(gram)?
        {
            return Ok(None);
        }
    }
    let all = Conjunction::open(planner.sources.clone(), postings, end)?;
    let mut first = None;
    if let Some(term) = search.wanted.first()
        && all.cost >= WORTH_TWO_PASSES
        && planner.require(Gram::name_start(&term.bytes))?
    {
        first = Some(Conjunction::open(planner.sources, postings, end)?);
    }
    Ok(Some(Plan { first, all }))
}
