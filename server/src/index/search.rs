//! Answering a query.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tantivy::TERMINATED;

use super::block::{BLOCK_LEN, DamagedBlock, Facts};
use super::fold;
use super::gram::Gram;
use super::loosen;
use super::names::Scratch;
use super::order::{TIERS, Tier};
use super::part::Part;
use super::plan::{self, Lane, Lanes, Needs, Spare};
use super::query::{Query, QueryError, Search};
use super::rank::{self, Candidate, Verdict};
use super::reader::Index;
use super::record::{FileRecord, split_name};
use super::version;

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
    /// What was left out because nothing was found with it.
    pub without: Option<String>,
}

/// When a search gives up looking for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Matches ranked among the names that start like the first word, and elsewhere while these do not fill the page.
    pub matches: usize,
    /// Blocks decoded.
    pub blocks: usize,
    /// Time.
    pub deadline: Duration,
}

/// How many times longer a program takes that was not optimised: tests find what visitors find.
const SLOWNESS: u64 = if cfg!(debug_assertions) { 30 } else { 1 };

impl Limits {
    /// What a visitor's query may cost. On ten million paths and 233 keystrokes it finds 76 of a hundred of the ten hits
    /// that are best without limits; 1,800 matches find 77 and take five quarters of the time.
    pub const VISITOR: Self =
        Self { matches: 1500, blocks: 2000, deadline: Duration::from_micros(SLOWNESS * 3500) };
    /// What one of several further readings of it may cost.
    const ANOTHER: Self =
        Self { blocks: 500, deadline: Duration::from_micros(SLOWNESS * 900), ..Self::VISITOR };
    /// No limits: for tests and exhaustive counts, never in the request path.
    pub const NONE: Self =
        Self { matches: usize::MAX, blocks: usize::MAX, deadline: Duration::MAX };
}

/// The part of the blocks and of the time that the first pass may use.
const FIRST_PASS: u32 = 2;

/// With so many matches of the first pass, or a full page, there is no second one: with the time that it takes, more
/// matches of the first one are worth more.
const ENOUGH: usize = 50;

/// Candidate blocks from which on the likely best ones are looked at first.
const WORTH_TWO_PASSES: u32 = 200;

/// While nothing is found, a search goes on for so many times its limits.
const EMPTY_HANDED: u32 = 20;

/// When a word is left out, how many points of the best hit twice as many matches weigh up.
const RARITY: i32 = 10;

/// How many points of the best hit it costs to leave out the first word.
const FIRST_WORD: i32 = 110;

/// After this time no other reading of a query that finds nothing is tried.
const READINGS: Duration = Duration::from_millis(SLOWNESS * 20);

/// Blocks walked between two looks at the clock.
const CLOCK_EVERY: usize = 8;

struct Found {
    score: i32,
    tier: Tier,
    path: Range<usize>,
    facts: Facts,
}

/// Buffers of a search, kept for the next one.
#[derive(Default)]
pub struct Tools {
    scratch: Scratch,
    folded: Vec<u8>,
    memory: rank::Memory,
    /// Paths of what was found.
    paths: Vec<u8>,
    found: Vec<Found>,
    spare: Spare,
}

impl Tools {
    fn forget(&mut self) {
        self.memory.forget();
        self.paths.clear();
        self.found.clear();
    }

    fn take_found(&mut self) -> (Vec<u8>, Vec<Found>) {
        (std::mem::take(&mut self.paths), std::mem::take(&mut self.found))
    }
}

/// One running search.
struct Run<'a> {
    index: &'a Index,
    search: &'a Search,
    started: Instant,
    tools: Tools,
    /// The best scores so far, as many as are shown.
    page: BinaryHeap<Reverse<i32>>,
    floor: i32,
    total: usize,
    blocks: usize,
    /// Whether a block could not be read.
    is_damaged: bool,
}

impl Index {
    /// Answers a query within [`Limits::VISITOR`]. When nothing is found, words may be spelt otherwise, then they are taken
    /// apart; when there is nothing either, one is left out, or two: those without which the best hit is best.
    pub fn search(&self, query: &Query) -> Result<Answer, QueryError> {
        let answer = self.search_within(query, Limits::VISITOR)?;
        if answer.total > 0 || !answer.total_is_exact {
            return Ok(answer);
        }
        Ok(self.read_otherwise(query).unwrap_or(answer))
    }

    fn read_otherwise(&self, query: &Query) -> Option<Answer> {
        let started = Instant::now();
        // What cannot be searched is no reading.
        let found = |query: &Query| {
            let is_late = started.elapsed() > READINGS;
            let answer = (!is_late).then(|| self.search_within(query, Limits::ANOTHER).ok())?;
            answer.filter(|answer| answer.total > 0)
        };
        let spelt = loosen::spelt_otherwise(query);
        if let Some(other) = spelt.as_ref().and_then(found) {
            return Some(other);
        }
        let pieces = loosen::in_pieces(query);
        if let Some(other) = pieces.as_ref().and_then(found) {
            return Some(other);
        }
        let query = pieces.as_ref().or(spelt.as_ref()).unwrap_or(query);
        let best = |shortened: Vec<(String, Query)>| {
            let others = shortened.into_iter().rev();
            let others = others.filter_map(|(words, query)| Some((words, found(&query)?)));
            let (words, answer) =
                others.max_by_key(|(words, answer)| worth(query, words, answer))?;
            Some(Answer { without: Some(words), ..answer })
        };
        best(loosen::shortened(query)).or_else(|| best(loosen::halved(query)))
    }

    /// Answers a query within other limits.
    pub fn search_within(&self, query: &Query, limits: Limits) -> Result<Answer, QueryError> {
        let started = Instant::now();
        let search = Search::parse(query, self.mirrors())?;
        let unreadable = |error: std::io::Error| {
            tracing::error!(%error, "the file index cannot be read");
            QueryError::Unreadable
        };
        let mut tools = self.take_tools();
        tools.forget();
        let spare = std::mem::take(&mut tools.spare);
        let lanes = self.lanes(&search, &spare);
        let mut run = Run {
            index: self,
            search: &search,
            started,
            tools,
            page: BinaryHeap::new(),
            floor: i32::MIN,
            total: 0,
            blocks: 0,
            is_damaged: false,
        };
        let is_complete = run.walk_twice(lanes, limits).map_err(unreadable)?;
        let answer = run.answer(is_complete);
        let tools = run.tools;
        self.return_tools(Tools { spare, ..tools });
        Ok(answer)
    }

    /// The parts; first those with a mirror that the query names.
    fn lanes<'a>(&'a self, search: &Search, spare: &'a Spare) -> Lanes<'a> {
        let mut parts: Vec<&Part> = self.parts().iter().collect();
        parts.sort_by_cached_key(|part| {
            !part.info().mirrors.iter().any(|mirror| search.is_about(&mirror.id))
        });
        Lanes::new(parts, self.needs(search), spare)
    }

    fn needs(&self, search: &Search) -> Rc<Needs> {
        let largest = self.parts().last();
        largest.map_or_else(Needs::nothing, |part| plan::needs(search, self.mirrors(), part))
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
        let needs = self.needs(&search);
        let inside = format!("{}/", folder.trim_matches('/')).into_bytes();
        let (mut scratch, spare) = (Scratch::default(), Spare::default());
        for part in self.parts() {
            let Some(mut lane) = Lane::new(part, &needs, &spare)? else { continue };
            let mut block = lane.all.seek(0)?;
            while block != TERMINATED {
                part.names().read(block, &mut scratch).with_context(|| format!("block {block}"))?;
                for line in 0..scratch.lines.len() {
                    if scratch.lines.line(line).starts_with(&inside) {
                        let Facts { size, mtime, is_dir } = scratch.facts(line)?;
                        let path = scratch.lines.line(line).to_vec();
                        visit(FileRecord { path, size, mtime, is_dir });
                    }
                }
                block = lane.all.seek(block + 1)?;
            }
        }
        Ok(())
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// What the answer to a query without some of its words is worth among those with as many words, so that scores can be
/// compared: rare words say more than common ones, and the first one what is meant.
fn worth(query: &Query, without: &str, answer: &Answer) -> i32 {
    let first = |text: &str| text.split_whitespace().next().map(str::to_owned);
    let rarity = i32::try_from(answer.total.ilog2()).unwrap_or(0);
    let is_first = first(without) == first(&query.text);
    let score = answer.hits.first().map_or(0, |hit| hit.score);
    score - RARITY * rarity - FIRST_WORD * i32::from(is_first)
}

/// Whether there are so many candidate blocks that the likely best ones should be looked at first.
fn is_worth_two_passes(lanes: &mut Lanes<'_>) -> std::io::Result<bool> {
    let mut cost = 0_u32;
    for at in 0..lanes.len() {
        cost = cost.saturating_add(lanes.get(at)?.map_or(0, |lane| lane.cost));
        if cost >= WORTH_TWO_PASSES {
            return Ok(true);
        }
    }
    Ok(false)
}

impl<'a> Run<'a> {
    /// Looks into the blocks where a name starts like the first word, then into all unless these fill the page. Returns
    /// whether it came to the end.
    fn walk_twice(&mut self, mut lanes: Lanes<'a>, limits: Limits) -> std::io::Result<bool> {
        if let Some(term) = self.search.wanted.first()
            && is_worth_two_passes(&mut lanes)?
        {
            let share = Limits {
                matches: limits.matches,
                blocks: limits.blocks / FIRST_PASS as usize,
                deadline: limits.deadline / FIRST_PASS,
            };
            self.walk(&mut lanes, share, Some(Gram::name_start(&term.bytes)))?;
            if limits != Limits::NONE && self.total >= self.search.limit.max(ENOUGH) {
                return Ok(false);
            }
        }
        Ok(self.walk(&mut lanes, limits, None)? && !self.is_damaged)
    }

    /// Looks into good tiers of all parts before worse ones, or only where `starts` is, which is the same in every call.
    /// Returns whether it came to the end.
    fn walk(
        &mut self,
        lanes: &mut Lanes<'a>,
        limits: Limits,
        starts: Option<Gram>,
    ) -> std::io::Result<bool> {
        for tier in 0..TIERS {
            for at in 0..lanes.len() {
                let part = lanes.part(at);
                let is_missing = |gram| !part.may_hold(gram);
                if part.tier_blocks(tier).is_empty() || starts.is_some_and(is_missing) {
                    continue;
                }
                if self.total >= limits.matches {
                    return Ok(false);
                }
                let Some(lane) = lanes.get(at)? else { continue };
                if let Some(gram) = starts {
                    lane.find_starts(gram)?;
                }
                if !self.walk_lane(lane, tier, limits, starts.is_some())? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn walk_lane(
        &mut self,
        lane: &mut Lane<'a>,
        tier: usize,
        limits: Limits,
        is_first: bool,
    ) -> std::io::Result<bool> {
        let part = lane.part;
        let Range { start, end } = part.tier_blocks(tier);
        let Lane { seen, passed, .. } = lane;
        let blocks = if is_first {
            let Some(blocks) = &mut lane.first else { return Ok(true) };
            blocks
        } else {
            &mut lane.all
        };
        let mut block = blocks.seek(start)?;
        while block < end {
            while !is_first && seen.get(*passed).is_some_and(|&known| known < block) {
                *passed += 1;
            }
            if is_first || seen.get(*passed) != Some(&block) {
                if self.is_enough(limits) {
                    return Ok(false);
                }
                self.blocks += 1;
                let before = self.total;
                if let Err(error) = self.look_into(part, block) {
                    tracing::error!(%error, block, part = %part.dir().display(), "the file index is damaged");
                    self.is_damaged = true;
                }
                if self.total == before {
                    blocks.was_vain();
                }
                if is_first {
                    seen.push(block);
                }
            }
            block = blocks.seek(block + 1)?;
        }
        Ok(true)
    }

    fn is_enough(&self, limits: Limits) -> bool {
        // An empty page would be a lie, whether words are common or the machine is busy.
        let patience = if self.total == 0 { EMPTY_HANDED } else { 1 };
        if self.total >= limits.matches
            || self.blocks >= limits.blocks.saturating_mul(patience as usize)
        {
            return true;
        }
        let is_late = || self.started.elapsed() > limits.deadline.saturating_mul(patience);
        self.blocks.is_multiple_of(CLOCK_EVERY) && is_late()
    }

    fn look_into(&mut self, part: &Part, block: u32) -> Result<(), DamagedBlock> {
        part.names().read(block, &mut self.tools.scratch)?;
        let mut folded = std::mem::take(&mut self.tools.folded);
        folded.clear();
        fold::fold_into(&self.tools.scratch.lines.text, &mut folded);
        let longest = self.search.required().max_by_key(|term| term.bytes.len());
        let mut line = 0;
        while line < self.tools.scratch.lines.len() {
            if let Some(term) = longest {
                // No term contains NUL, so an occurrence lies within one line.
                match term.find(&folded, self.tools.scratch.lines.range(line).start) {
                    Some(at) => line = self.tools.scratch.lines.line_at(at, line),
                    None => break,
                }
            }
            let range = self.tools.scratch.lines.range(line);
            if self.search.allows(&folded[range]) {
                self.take(part, block, line, &folded)?;
            }
            line += 1;
        }
        self.tools.folded = folded;
        Ok(())
    }

    /// Scores and keeps a line if it matches.
    fn take(
        &mut self,
        part: &Part,
        block: u32,
        line: usize,
        folded: &[u8],
    ) -> Result<(), DamagedBlock> {
        let is_dir = self.tools.scratch.is_dir(line);
        let range = self.tools.scratch.lines.range(line);
        if !self.is_wanted(is_dir, line)? {
            return Ok(());
        }
        let entry = u64::from(block) * BLOCK_LEN as u64 + line as u64;
        let tier = part.tier(entry);
        let path = &self.tools.scratch.lines.text[range.clone()];
        let mirrors = self.index.mirrors();
        let candidate = Candidate::new(&folded[range], is_dir, tier, path, mirrors);
        let score = match rank::score(&candidate, self.search, self.floor, &mut self.tools.memory) {
            Verdict::Miss => return Ok(()),
            Verdict::Low => {
                self.total += 1;
                return Ok(());
            }
            Verdict::Score(score) => score,
        };
        self.total += 1;
        if score >= self.floor {
            let start = self.tools.paths.len();
            self.tools.paths.extend_from_slice(path);
            let path = start..self.tools.paths.len();
            let facts = self.tools.scratch.facts(line)?;
            self.tools.found.push(Found { score, tier, path, facts });
            self.raise_floor(score);
        }
        Ok(())
    }

    /// Whether a line passes the filters that its text alone does not tell.
    fn is_wanted(&mut self, is_dir: bool, line: usize) -> Result<bool, DamagedBlock> {
        let Search { mirrors, ext, sizes, times, .. } = self.search;
        if is_dir && (ext.is_some() || sizes.is_some()) {
            return Ok(false);
        }
        if sizes.is_some() || times.is_some() {
            // PERF: sizes and times are decoded only for those who ask.
            let facts = self.tools.scratch.facts(line)?;
            if sizes.is_some_and(|bounds| !bounds.hold(facts.size))
                || times.is_some_and(|bounds| !bounds.hold(facts.mtime))
            {
                return Ok(false);
            }
        }
        Ok(mirrors.is_empty() || {
            let path = self.tools.scratch.lines.line(line);
            let mirror = self.index.mirrors().resolve(path);
            mirror.is_some_and(|number| mirrors.contains(&number))
        })
    }

    /// Nothing below the worst score of a full page will be shown.
    fn raise_floor(&mut self, score: i32) {
        if self.page.len() < self.search.limit {
            self.page.push(Reverse(score));
        } else if let Some(mut worst) = self.page.peek_mut()
            && score > worst.0
        {
            worst.0 = score;
        }
        if self.page.len() >= self.search.limit {
            self.floor = self.page.peek().map_or(i32::MIN, |worst| worst.0);
        }
    }

    fn answer(&mut self, total_is_exact: bool) -> Answer {
        let (paths, mut found) = self.tools.take_found();
        let better = |a: &Found, b: &Found| -> Ordering {
            let path = |found: &Found| &paths[found.path.clone()];
            let name = |found: &Found| split_name(path(found)).1;
            b.score
                .cmp(&a.score)
                .then_with(|| version::newest_first(name(a), name(b)))
                .then_with(|| a.tier.cmp(&b.tier))
                .then_with(|| version::newest_first(path(a), path(b)))
        };
        if found.len() > self.search.limit {
            found.select_nth_unstable_by(self.search.limit, better);
            found.truncate(self.search.limit);
        }
        found.sort_unstable_by(better);
        let hits = found.iter().map(|found| self.hit(found, &paths[found.path.clone()])).collect();
        (self.tools.paths, self.tools.found) = (paths, found);
        Answer {
            hits,
            total: self.total as u64,
            total_is_exact,
            took_us: micros(self.started),
            literal: self.search.literal.clone(),
            without: None,
        }
    }

    fn hit(&mut self, found: &Found, path: &[u8]) -> Hit {
        let mirrors = self.index.mirrors();
        let mirror = mirrors.resolve(path).and_then(|number| mirrors.get(number));
        let Tools { memory, folded: line, .. } = &mut self.tools;
        line.clear();
        fold::fold_into(path, line);
        let candidate = Candidate::new(line, found.facts.is_dir, found.tier, path, mirrors);
        rank::score(&candidate, self.search, i32::MIN, memory);
        let text = str::from_utf8(path);
        let places = highlights(&mut memory.places);
        Hit {
            path: text.map_or_else(|_| String::from_utf8_lossy(path).into_owned(), str::to_owned),
            path_bytes: path.to_owned(),
            mirror: mirror.map_or_else(String::new, |mirror| mirror.id.clone()),
            size: found.facts.size,
            mtime: found.facts.mtime,
            is_dir: found.facts.is_dir,
            highlights: if text.is_ok() { places } else { shown(path, &places) },
            score: found.score,
        }
    }
}

/// Ranges, sorted and merged.
fn highlights(places: &mut [Range<usize>]) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in places.iter() {
        match merged.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => merged.push(place.clone()),
        }
    }
    merged
}

/// Ranges of a path as ranges of its lossy form.
fn shown(path: &[u8], places: &[Range<usize>]) -> Vec<Range<usize>> {
    let shown = |at: usize| String::from_utf8_lossy(&path[..at]).len();
    places.iter().map(|place| shown(place.start)..shown(place.end)).collect()
}
