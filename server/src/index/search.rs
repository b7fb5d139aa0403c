//! Answering a query.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tantivy::TERMINATED;

use super::block::{BLOCK_LEN, DamagedBlock, Facts};
use super::fold;
use super::names::NamesCursor;
use super::order;
use super::plan::{Conjunction, Plan, plan};
use super::query::{Query, QueryError, Search};
use super::rank::{self, Candidate, Verdict};
use super::reader::Index;
use super::record::{FileRecord, split_name};

/// One file or directory that answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The path for display: bytes that are not UTF-8 are replaced.
    pub path: String,
    /// The path as it is on disk, for links.
    pub path_bytes: Vec<u8>,
    /// Id of the mirror.
    pub mirror: String,
    /// Size in bytes; 0 for directories.
    pub size: u64,
    /// Modification time, Unix seconds.
    pub mtime: i64,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Where the terms were found, as byte ranges of `path`, ascending and not overlapping.
    pub highlights: Vec<Range<usize>>,
    /// Higher is better; only comparable within one answer.
    pub score: i32,
}

/// The answer to a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The best hits, best first.
    pub hits: Vec<Hit>,
    /// Matching paths found.
    pub total: u64,
    /// Whether there are no more; otherwise `total` is a lower bound and better hits may exist.
    pub total_is_exact: bool,
    /// Time taken, in microseconds.
    pub took_us: u64,
    /// Words that look like a pattern or a range and were looked for as they stand.
    pub literal: Vec<String>,
}

/// When a search gives up looking for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Matches ranked.
    pub matches: usize,
    /// Blocks decoded.
    pub blocks: usize,
    /// Time.
    pub deadline: Duration,
}

impl Limits {
    /// What a visitor's query may cost.
    pub const VISITOR: Self =
        Self { matches: 2000, blocks: 6000, deadline: Duration::from_millis(5) };
    /// No limits: for tests and exhaustive counts, never in the request path.
    pub const NONE: Self =
        Self { matches: usize::MAX, blocks: usize::MAX, deadline: Duration::MAX };
}

/// The part of the limits that the first pass may use.
const FIRST_PASS: usize = 2;

/// Further blocks looked into when the first pass has already filled the page.
const FURTHER_BLOCKS: usize = 300;

/// While nothing is found, a search goes on for so many deadlines.
const EMPTY_HANDED: u32 = 20;

/// Blocks walked between two looks at the clock.
const CLOCK_EVERY: usize = 8;

struct Found {
    score: i32,
    /// Place in the static rank.
    entry: u64,
    path: Range<usize>,
    facts: Facts,
}

/// One running search.
struct Run<'a> {
    index: &'a Index,
    search: &'a Search,
    started: Instant,
    cursor: NamesCursor<'a>,
    folded: Vec<u8>,
    places: Vec<Range<usize>>,
    paths: Vec<u8>,
    found: Vec<Found>,
    /// The best scores so far, as many as are shown.
    page: BinaryHeap<Reverse<i32>>,
    floor: i32,
    total: usize,
    blocks: usize,
    /// Blocks of the first pass, ascending.
    seen: Vec<u32>,
}

impl Index {
    /// Answers a query within [`Limits::VISITOR`].
    pub fn search(&self, query: &Query) -> Result<Answer, QueryError> {
        self.search_within(query, Limits::VISITOR)
    }

    /// Answers a query within other limits.
    pub fn search_within(&self, query: &Query, limits: Limits) -> Result<Answer, QueryError> {
        let started = Instant::now();
        let search = Search::parse(query, self.mirrors())?;
        let unreadable = |error: std::io::Error| {
            tracing::error!(%error, "the file index cannot be read");
            QueryError::Unreadable
        };
        let plan = plan(&search, self.postings(), self.names().len()).map_err(unreadable)?;
        let Some(Plan { first, all }) = plan else {
            return Ok(Answer {
                total_is_exact: true,
                took_us: micros(started),
                literal: search.literal,
                ..Answer::default()
            });
        };
        let mut run = Run {
            index: self,
            search: &search,
            started,
            cursor: self.names().cursor().map_err(unreadable)?,
            folded: Vec::new(),
            places: Vec::new(),
            paths: Vec::new(),
            found: Vec::new(),
            page: BinaryHeap::new(),
            floor: i32::MIN,
            total: 0,
            blocks: 0,
            seen: Vec::new(),
        };
        if let Some(first) = first {
            let share = Limits {
                matches: limits.matches / FIRST_PASS,
                blocks: limits.blocks / FIRST_PASS,
                deadline: limits.deadline / 2,
            };
            run.walk(first, share, true);
        }
        let mut rest = limits;
        if limits != Limits::NONE && run.total >= search.limit {
            rest.blocks = limits.blocks.min(run.blocks + FURTHER_BLOCKS);
        }
        let total_is_exact = run.walk(all, rest, false);
        Ok(run.answer(total_is_exact))
    }
}

impl Index {
    /// Every file and directory below a folder, in no particular order. For background tasks: it
    /// takes as long as there are entries, about a second for a million.
    ///
    /// # Errors
    /// When the index cannot be read or is damaged.
    pub fn below(&self, folder: &str, visit: &mut dyn FnMut(FileRecord)) -> anyhow::Result<()> {
        let query = Query { folder: Some(folder.to_owned()), ..Query::default() };
        let Ok(search) = Search::parse(&query, self.mirrors()) else {
            bail!("{folder:?} is no folder");
        };
        let Some(plan) = plan(&search, self.postings(), self.names().len())? else {
            return Ok(());
        };
        let mut blocks = plan.all;
        let mut cursor = self.names().cursor()?;
        let inside = format!("{}/", folder.trim_matches('/')).into_bytes();
        let mut block = blocks.seek(0);
        while block != TERMINATED {
            cursor.read(block).with_context(|| format!("block {block}"))?;
            for line in 0..cursor.lines.len() {
                if cursor.lines.line(line).starts_with(&inside) {
                    let Facts { size, mtime, is_dir } = cursor.facts(line)?;
                    let path = cursor.lines.line(line).to_vec();
                    visit(FileRecord { path, size, mtime, is_dir });
                }
            }
            block = blocks.seek(block + 1);
        }
        Ok(())
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

impl Run<'_> {
    /// Looks into the blocks of a plan. Returns whether it came to the end.
    fn walk(&mut self, mut blocks: Conjunction, limits: Limits, first_pass: bool) -> bool {
        let seen = if first_pass { Vec::new() } else { std::mem::take(&mut self.seen) };
        let mut seen = seen.into_iter().peekable();
        let mut complete = true;
        let mut block = blocks.seek(0);
        while block != TERMINATED {
            while seen.next_if(|&known| known < block).is_some() {}
            let known = seen.next_if_eq(&block).is_some();
            if !known {
                // On a machine that is busy with other things an empty page would be a lie.
                let patience = if self.total == 0 {
                    limits.deadline.saturating_mul(EMPTY_HANDED)
                } else {
                    limits.deadline
                };
                let late =
                    self.blocks.is_multiple_of(CLOCK_EVERY) && self.started.elapsed() > patience;
                if late || self.total >= limits.matches || self.blocks >= limits.blocks {
                    return false;
                }
                self.blocks += 1;
                if let Err(error) = self.look_into(block) {
                    tracing::error!(%error, block, "the file index is damaged");
                    complete = false;
                }
                if first_pass {
                    self.seen.push(block);
                }
            }
            block = blocks.seek(block + 1);
        }
        complete
    }

    fn look_into(&mut self, block: u32) -> Result<(), DamagedBlock> {
        self.cursor.read(block)?;
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        fold::fold_into(&self.cursor.lines.text, &mut folded);
        let longest = self.search.required().max_by_key(|term| term.bytes.len());
        let mut line = 0;
        while line < self.cursor.lines.len() {
            if let Some(term) = longest {
                // No term contains NUL, so an occurrence lies within one line.
                match term.find(&folded, self.cursor.lines.range(line).start) {
                    Some(at) => line = self.cursor.lines.line_at(at),
                    None => break,
                }
            }
            let range = self.cursor.lines.range(line);
            if self.search.allows(&folded[range]) {
                self.take(block, line, &folded)?;
            }
            line += 1;
        }
        self.folded = folded;
        Ok(())
    }

    /// Scores and keeps a line if it matches.
    fn take(&mut self, block: u32, line: usize, folded: &[u8]) -> Result<(), DamagedBlock> {
        let range = self.cursor.lines.range(line);
        let facts = self.cursor.facts(line)?;
        let path = &self.cursor.lines.text[range.clone()];
        if !self.is_wanted(path, facts) {
            return Ok(());
        }
        let entry = u64::from(block) * BLOCK_LEN as u64 + line as u64;
        let candidate = self.candidate(path, &folded[range.clone()], facts, entry);
        let score = match rank::score(&candidate, self.search, self.floor, &mut self.places) {
            Verdict::Miss => return Ok(()),
            Verdict::Low => {
                self.total += 1;
                return Ok(());
            }
            Verdict::Score(score) => score,
        };
        self.total += 1;
        if score >= self.floor {
            let start = self.paths.len();
            self.paths.extend_from_slice(path);
            self.found.push(Found { score, entry, path: start..self.paths.len(), facts });
            self.raise_floor(score);
        }
        Ok(())
    }

    /// Whether a line passes the filters that its text alone does not tell.
    fn is_wanted(&self, path: &[u8], facts: Facts) -> bool {
        let Search { mirrors, ext, sizes, times, .. } = self.search;
        let is_of_mirror = || {
            let mirror = self.index.mirrors().resolve(path);
            mirror.is_some_and(|number| mirrors.contains(&number))
        };
        !(facts.is_dir && (ext.is_some() || sizes.is_some()))
            && sizes.is_none_or(|bounds| bounds.hold(facts.size))
            && times.is_none_or(|bounds| bounds.hold(facts.mtime))
            && (mirrors.is_empty() || is_of_mirror())
    }

    /// Nothing below the worst score of a full page will be shown.
    fn raise_floor(&mut self, score: i32) {
        self.page.push(Reverse(score));
        if self.page.len() > self.search.limit {
            self.page.pop();
            self.floor = self.page.peek().map_or(i32::MIN, |worst| worst.0);
        }
    }

    fn candidate<'l>(
        &self,
        path: &[u8],
        line: &'l [u8],
        facts: Facts,
        entry: u64,
    ) -> Candidate<'l> {
        let mut mirror_len = 0;
        if self.search.wanted.iter().any(|term| line.starts_with(&term.bytes)) {
            let mirrors = self.index.mirrors();
            let mirror = mirrors.resolve(path).and_then(|number| mirrors.get(number));
            mirror_len = mirror.map_or(0, |mirror| mirror.prefix.len());
        }
        Candidate { line, is_dir: facts.is_dir, tier: self.index.tier(entry), mirror_len }
    }

    fn answer(mut self, total_is_exact: bool) -> Answer {
        let paths = std::mem::take(&mut self.paths);
        let better = |a: &Found, b: &Found| -> Ordering {
            let name = |found: &Found| split_name(&paths[found.path.clone()]).1;
            b.score
                .cmp(&a.score)
                .then_with(|| order::newest_first(name(a), name(b)))
                .then_with(|| a.entry.cmp(&b.entry))
        };
        let total = self.total as u64;
        if self.found.len() > self.search.limit {
            self.found.select_nth_unstable_by(self.search.limit, better);
            self.found.truncate(self.search.limit);
        }
        self.found.sort_unstable_by(better);
        let found = std::mem::take(&mut self.found);
        let hits = found.iter().map(|found| self.hit(found, &paths[found.path.clone()])).collect();
        let literal = self.search.literal.clone();
        Answer { hits, total, total_is_exact, took_us: micros(self.started), literal }
    }

    fn hit(&mut self, found: &Found, path: &[u8]) -> Hit {
        let mirrors = self.index.mirrors();
        let mirror = mirrors.resolve(path).and_then(|number| mirrors.get(number));
        let line = fold::fold(path);
        let candidate = self.candidate(path, &line, found.facts, found.entry);
        rank::score(&candidate, self.search, i32::MIN, &mut self.places);
        Hit {
            path: String::from_utf8_lossy(path).into_owned(),
            path_bytes: path.to_owned(),
            mirror: mirror.map_or_else(String::new, |mirror| mirror.id.clone()),
            size: found.facts.size,
            mtime: found.facts.mtime,
            is_dir: found.facts.is_dir,
            highlights: highlights(path, &mut self.places),
            score: found.score,
        }
    }
}

/// Byte ranges of a path as ranges of its lossy form, sorted and merged.
fn highlights(path: &[u8], places: &mut [Range<usize>]) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in places.iter() {
        match merged.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => merged.push(place.clone()),
        }
    }
    if std::str::from_utf8(path).is_ok() {
        return merged;
    }
    let shown = |at: usize| String::from_utf8_lossy(&path[..at]).len();
    merged.iter().map(|place| shown(place.start)..shown(place.end)).collect()
}
