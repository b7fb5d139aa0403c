//! From a query to the blocks that may hold its answers.

use std::io;

use tantivy::postings::{SegmentPostings, TermInfo};
use tantivy::{DocSet as _, TERMINATED};

use super::fold::{self, HASH_PREFIX};
use super::gram::{self, Gram};
use super::mirrors::MirrorTable;
use super::part::Part;
use super::query::{Search, Term};

/// Lists walked at most; further ones would exclude little and cost a seek a block.
const MAX_LISTS: usize = 24;

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
enum Blocks<'a> {
    // Boxed: nearly 2 kB each.
    List(Box<SegmentPostings>),
    Any(Vec<Conjunction<'a>>),
}

impl Blocks<'_> {
    /// The first block at or after `target`, which must not decrease.
    fn seek(&mut self, target: u32) -> io::Result<u32> {
        Ok(match self {
            Self::List(list) if list.doc() >= target => list.doc(),
            Self::List(list) => list.seek(target),
            Self::Any(parts) => {
                let mut first = TERMINATED;
                for part in parts {
                    first = first.min(part.seek(target)?);
                }
                first
            }
        })
    }
}

/// The blocks that are in every one of some lists, ascending.
pub struct Conjunction<'a> {
    part: &'a Part,
    /// Rarest first. Empty, and none waiting, means every block.
    parts: Vec<Blocks<'a>>,
    /// PERF: lists that no block has come to yet, rarest last. Most blocks fail at the second or third list, and to open
    /// one takes as long as to look into a block.
    waiting: Vec<Source>,
    at: Option<u32>,
}

impl<'a> Conjunction<'a> {
    fn new(mut sources: Vec<Source>, part: &'a Part) -> Self {
        let end = part.names().len();
        sources.sort_by_key(Source::cost);
        // A list that holds nearly every block excludes nothing.
        let keep = sources
            .iter()
            .take(MAX_LISTS)
            .take_while(|source| u64::from(source.cost()) * 20 < u64::from(end) * 19)
            .count();
        sources.truncate(keep.max(1));
        sources.reverse();
        Self { part, parts: Vec::new(), waiting: sources, at: None }
    }

    fn open(&self, source: Source) -> io::Result<Blocks<'a>> {
        Ok(match source {
            Source::List(list) => Blocks::List(Box::new(self.part.postings().open_list(&list)?)),
            Source::Any(choices) => {
                let choice = |choice| Self::new(choice, self.part);
                Blocks::Any(choices.into_iter().map(choice).collect())
            }
        })
    }

    /// The first common block at or after `target`, or [`TERMINATED`].
    pub fn seek(&mut self, target: u32) -> io::Result<u32> {
        if let Some(at) = self.at
            && at >= target
        {
            return Ok(at);
        }
        let mut candidate = target;
        while candidate < self.part.names().len() {
            let next = self.agree(candidate)?;
            if next == candidate {
                self.at = Some(candidate);
                return Ok(candidate);
            }
            candidate = next;
        }
        self.at = Some(TERMINATED);
        Ok(TERMINATED)
    }

    /// The candidate when it is in all lists, or the next one of the first list that lacks it.
    fn agree(&mut self, candidate: u32) -> io::Result<u32> {
        for part in &mut self.parts {
            let found = part.seek(candidate)?;
            if found > candidate {
                return Ok(found);
            }
        }
        while let Some(source) = self.waiting.pop() {
            let mut part = self.open(source)?;
            let found = part.seek(candidate)?;
            self.parts.push(part);
            if found > candidate {
                return Ok(found);
            }
        }
        Ok(candidate)
    }
}

/// What a block must hold.
pub enum Need {
    /// A gram.
    Gram(Gram),
    /// All of one of these.
    Any(Vec<Vec<Need>>),
}

/// What every block with an answer holds.
pub fn needs(search: &Search, mirrors: &MirrorTable) -> Vec<Need> {
    let mut needs = Vec::new();
    for term in search.required() {
        need_term(&term.bytes, &mut needs);
    }
    for choice in &search.choices {
        let need = |term: &Term| {
            let mut needs = Vec::new();
            need_term(&term.bytes, &mut needs);
            needs
        };
        needs.push(Need::Any(choice.terms().map(need).collect()));
    }
    let mut ids = search.mirrors.iter().filter_map(|&number| mirrors.get(number));
    let mut one = || ids.next().map(|mirror| Need::Gram(Gram::mirror(&mirror.id)));
    if let Some(first) = one() {
        let others = std::iter::from_fn(one).map(|gram| vec![gram]);
        needs.push(Need::Any([vec![first]].into_iter().chain(others).collect()));
    }
    if let Some(ext) = &search.ext {
        let last = gram::extension(ext).unwrap_or(ext);
        needs.extend(Gram::extension(last).map(Need::Gram));
    }
    needs
}

fn need_term(term: &[u8], needs: &mut Vec<Need>) {
    match *term {
        [byte] if fold::is_word(byte) => needs.push(Need::Gram(Gram::token_byte(byte))),
        [first, second] if fold::is_word(first) => {
            needs.push(Need::Gram(Gram::token_pair([first, second])));
        }
        // A lone punctuation mark has no gram: every block is a candidate.
        [] | [_] | [_, _] => {}
        _ => need_long(term, needs),
    }
}

/// Terms of three bytes or more: trigrams, and the hash gram for what may be part of a hash.
fn need_long(term: &[u8], needs: &mut Vec<Need>) {
    let runs: Vec<_> = fold::long_runs(term, HASH_PREFIX)
        .filter(|run| {
            let whole = run.start > 0 && run.end < term.len();
            !whole || fold::is_hash(&term[run.clone()])
        })
        .collect();
    let touches = |at: usize, run: &std::ops::Range<usize>| at < run.end && at + 3 > run.start;
    let trigrams = |is_wanted: &dyn Fn(usize) -> bool| {
        let mut grams: Vec<Gram> = (0..term.len())
            .filter(|&at| is_wanted(at))
            .filter_map(|at| term.get(at..)?.first_chunk::<3>())
            .map(|bytes| Gram::trigram(*bytes))
            .collect();
        grams.sort_unstable();
        grams.dedup();
        grams.into_iter().map(Need::Gram).collect::<Vec<_>>()
    };
    needs.extend(trigrams(&|at| !runs.iter().any(|run| touches(at, run))));
    for run in &runs {
        // Either the start of a hash, known by its hash gram, or plain text.
        let others = || runs.iter().filter(|other| *other != run);
        let plain = trigrams(&|at| touches(at, run) && !others().any(|other| touches(at, other)));
        let hash = Need::Gram(Gram::hash_prefix(&term[run.clone()]));
        needs.push(Need::Any(vec![vec![hash], plain]));
    }
}

/// The lists of a part for what is needed; `None` when no block can have it all.
fn find(needs: &[Need], part: &Part) -> io::Result<Option<Vec<Source>>> {
    let is_missing = |need: &Need| matches!(need, Need::Gram(gram) if !part.may_hold(*gram));
    if needs.iter().any(is_missing) {
        return Ok(None);
    }
    let mut sources = Vec::with_capacity(needs.len());
    for need in needs {
        match need {
            Need::Gram(gram) => match part.postings().find(*gram)? {
                Some(list) => sources.push(Source::List(list)),
                None => return Ok(None),
            },
            Need::Any(choices) => {
                let mut possible = Vec::new();
                for choice in choices {
                    possible.extend(find(choice, part)?);
                }
                if possible.len() > 1 && possible.iter().all(|choice| !choice.is_empty()) {
                    sources.push(Source::Any(possible));
                } else if possible.len() <= 1 {
                    let Some(mut only) = possible.pop() else { return Ok(None) };
                    sources.append(&mut only);
                }
            }
        }
    }
    Ok(Some(sources))
}

/// Where to look in one part.
pub struct Lane<'a> {
    /// The part.
    pub part: &'a Part,
    /// Blocks at most.
    pub cost: u32,
    sources: Vec<Source>,
    /// All blocks that may hold an answer.
    pub all: Conjunction<'a>,
    /// Of these, the blocks where a name starts like the first term: the best hits are there.
    pub first: Option<Conjunction<'a>>,
    /// Blocks that were looked into, ascending.
    pub seen: Vec<u32>,
    /// How many of them the second pass has come by.
    pub passed: usize,
}

impl<'a> Lane<'a> {
    /// `None` when the part holds no answer.
    pub fn new(part: &'a Part, needs: &[Need]) -> io::Result<Option<Self>> {
        let Some(sources) = find(needs, part)? else { return Ok(None) };
        let cost = sources.iter().map(Source::cost).min().unwrap_or(u32::MAX);
        let cost = cost.min(part.names().len());
        let all = Conjunction::new(sources.clone(), part);
        let (seen, passed) = (Vec::new(), 0);
        Ok(Some(Self { part, cost, sources, all, first: None, seen, passed }))
    }

    /// Looks for the names that start like a term.
    pub fn find_starts(&mut self, gram: Gram) -> io::Result<()> {
        if self.part.may_hold(gram)
            && let Some(starts) = self.part.postings().find(gram)?
        {
            let starts = std::iter::once(Source::List(starts));
            let sources = self.sources.iter().cloned().chain(starts).collect();
            self.first = Some(Conjunction::new(sources, self.part));
        }
        Ok(())
    }
}

/// What is known of a part.
enum Asked<'a> {
    NotYet,
    /// No answer can be there.
    Nothing,
    Lane(Lane<'a>),
}

/// Where to look, part by part; a part is asked when the search comes to it.
///
/// PERF: an index of a hundred million paths has dozens of parts, and most searches have enough after a few.
pub struct Lanes<'a> {
    needs: Vec<Need>,
    parts: Vec<(&'a Part, Asked<'a>)>,
}

impl<'a> Lanes<'a> {
    /// The parts in this order.
    pub fn new(parts: Vec<&'a Part>, needs: Vec<Need>) -> Self {
        Self { needs, parts: parts.into_iter().map(|part| (part, Asked::NotYet)).collect() }
    }

    /// The number of parts.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// The part at a place.
    pub fn part(&self, at: usize) -> &'a Part {
        self.parts[at].0
    }

    /// Where to look in the part at a place.
    pub fn get(&mut self, at: usize) -> io::Result<Option<&mut Lane<'a>>> {
        let (part, asked) = &mut self.parts[at];
        if matches!(asked, Asked::NotYet) {
            *asked = Lane::new(part, &self.needs)?.map_or(Asked::Nothing, Asked::Lane);
        }
        Ok(match asked {
            Asked::Lane(lane) => Some(lane),
            _ => None,
        })
    }
}
