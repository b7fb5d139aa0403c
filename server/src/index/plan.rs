//! From a query to the blocks that may hold its answers.

use std::io;

use tantivy::postings::SegmentPostings;
use tantivy::{DocSet as _, TERMINATED};

use super::fold::{self, HASH_PREFIX};
use super::gram::{self, Gram};
use super::postings::Postings;
use super::query::{Search, Term};

/// Lists walked at most; further ones would exclude little and cost a seek a block.
const MAX_LISTS: usize = 24;

/// A sorted stream of block numbers.
enum Blocks {
    List(SegmentPostings),
    /// Blocks that are in any of these.
    Any(Vec<Conjunction>),
}

impl Blocks {
    fn cost(&self) -> u32 {
        match self {
            Self::List(list) => list.doc_freq(),
            Self::Any(parts) => {
                parts.iter().fold(0, |sum: u32, part| sum.saturating_add(part.cost()))
            }
        }
    }

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
    /// One past the last block.
    end: u32,
    at: Option<u32>,
}

impl Conjunction {
    fn new(mut parts: Vec<Blocks>, end: u32) -> Self {
        parts.sort_by_key(Blocks::cost);
        // A list that holds nearly every block excludes nothing.
        let keep = parts
            .iter()
            .take(MAX_LISTS)
            .take_while(|part| u64::from(part.cost()) * 20 < u64::from(end) * 19)
            .count();
        parts.truncate(keep.max(1));
        Self { parts, end, at: None }
    }

    /// Blocks at most.
    pub fn cost(&self) -> u32 {
        self.parts.first().map_or(self.end, Blocks::cost)
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
    end: u32,
    parts: Vec<Blocks>,
}

impl Planner<'_> {
    fn require(&mut self, gram: Gram) -> io::Result<bool> {
        let list = self.postings.list(gram)?;
        let found = list.is_some();
        self.parts.extend(list.map(Blocks::List));
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
        let Some(hash) = self.postings.list(Gram::hash_prefix(run))? else {
            return self.require_all(trigrams);
        };
        let outer = std::mem::take(&mut self.parts);
        let possible = self.require_all(trigrams)?;
        let plain = std::mem::replace(&mut self.parts, outer);
        if !possible {
            self.parts.push(Blocks::List(hash));
        } else if !plain.is_empty() {
            self.parts.push(Blocks::Any(vec![
                Conjunction::new(vec![Blocks::List(hash)], self.end),
                Conjunction::new(plain, self.end),
            ]));
        }
        Ok(true)
    }
}

/// The blocks that may answer `search`, or `None` when no block can.
///
/// With `name_start`, only those where a name starts like the first term: the best hits are there.
pub fn plan(
    search: &Search,
    postings: &Postings,
    end: u32,
    name_start: bool,
) -> io::Result<Option<Conjunction>> {
    let mut planner = Planner { postings, end, parts: Vec::new() };
    for Term { bytes, .. } in &search.wanted {
        if !planner.require_term(bytes)? {
            return Ok(None);
        }
    }
    if let Some(mirror) = search.mirror
        && !planner.require(Gram::mirror(mirror))?
    {
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
    if name_start {
        let Some(first) = search.wanted.first() else {
            return Ok(None);
        };
        if !planner.require(Gram::name_start(&first.bytes))? {
            return Ok(None);
        }
    }
    Ok(Some(Conjunction::new(planner.parts, end)))
}
