//! From a query to the blocks that may hold its answers.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::io;
use std::rc::Rc;

use tantivy::TERMINATED;
use tantivy::postings::TermInfo;

use super::fold::{self, HASH_PREFIX};
use super::gram::{self, Gram};
use super::mirrors::MirrorTable;
use super::part::Part;
use super::postings::List;
use super::query::{Search, Term};

/// Lists that are opened at first besides one for each word. With 1 or 3 a search takes as long.
const LISTS: usize = 2;
/// Further lists for each block that was looked into in vain.
const MORE_LISTS: usize = 6;
/// Lists walked at most; further ones would exclude little and cost a seek a block.
const MAX_LISTS: usize = 24;

/// A list of blocks that was found and not opened yet.
#[derive(Clone)]
enum Source {
    List(TermInfo),
    /// Blocks that have all of one of these.
    Any(Vec<Sources>),
}

impl Source {
    /// `None` when no block of the part has what is needed.
    fn find(need: &Need, part: &Part) -> io::Result<Option<Self>> {
        Ok(match need {
            Need::Gram(gram) => part.postings().find(*gram)?.map(Self::List),
            Need::Any(choices) => {
                let mut possible = Vec::new();
                for choice in choices {
                    possible.extend(Sources::find(choice, part)?);
                }
                (!possible.is_empty()).then_some(Self::Any(possible))
            }
        })
    }

    /// Blocks at most.
    fn cost(&self, part: &Part) -> u32 {
        match self {
            Self::List(list) => list.doc_freq,
            Self::Any(choices) => {
                choices.iter().fold(0, |sum, choice| sum.saturating_add(choice.cost(part)))
            }
        }
    }
}

/// The lists of a part that its blocks must be in.
///
/// PERF: most of them are never asked for, and to find one in the dictionary takes as long as to open it.
#[derive(Clone)]
struct Sources {
    /// Rarest last.
    found: Vec<Source>,
    needs: Rc<Needs>,
    /// How many of the needs were looked up.
    looked_up: usize,
}

/// What [`Sources::next`] comes to.
enum Next {
    Source(Source),
    /// There are no more.
    End,
    /// No block has it all.
    Nothing,
}

impl Sources {
    /// Looks up the first ones; `None` when no block of the part can have it all.
    fn find(needs: &Rc<Needs>, part: &Part) -> io::Result<Option<Self>> {
        if needs.is_missing(part) {
            return Ok(None);
        }
        let mut sources = Self { found: Vec::new(), needs: Rc::clone(needs), looked_up: 0 };
        let mut found = Vec::new();
        while found.len() < needs.at_first {
            match sources.next(part)? {
                Next::Source(source) => found.push(source),
                Next::End => break,
                Next::Nothing => return Ok(None),
            }
        }
        sources.found = found;
        sources.sort(part);
        Ok(Some(sources))
    }

    fn sort(&mut self, part: &Part) {
        self.found.sort_by_key(|source| Reverse(source.cost(part)));
    }

    /// The next one, looked up if need be.
    fn next(&mut self, part: &Part) -> io::Result<Next> {
        if let Some(source) = self.found.pop() {
            return Ok(Next::Source(source));
        }
        while let Some(need) = self.needs.all.get(self.looked_up) {
            self.looked_up += 1;
            let Some(source) = Source::find(need, part)? else { return Ok(Next::Nothing) };
            // A list that holds nearly every block excludes nothing.
            if u64::from(source.cost(part)) * 20 < u64::from(part.names().len()) * 19 {
                return Ok(Next::Source(source));
            }
        }
        Ok(Next::End)
    }

    /// Blocks at most, as far as is known.
    fn cost(&self, part: &Part) -> u32 {
        self.found.last().map_or(part.names().len(), |source| source.cost(part))
    }
}

/// Lists that are no longer used, for further ones.
#[derive(Default)]
pub struct Spare(RefCell<Vec<List>>);

impl Spare {
    /// Kept at most: 2 MB.
    const MOST: usize = 1000;

    fn take(&self) -> List {
        self.0.borrow_mut().pop().unwrap_or_else(List::empty)
    }

    fn put(&self, list: List) {
        let mut lists = self.0.borrow_mut();
        if lists.len() < Self::MOST {
            lists.push(list);
        }
    }
}

/// A sorted stream of block numbers.
enum Blocks<'a> {
    List(List),
    Any(Vec<Conjunction<'a>>),
}

impl<'a> Blocks<'a> {
    fn open(source: Source, part: &'a Part, spare: &'a Spare) -> io::Result<Self> {
        Ok(match source {
            Source::List(list) => {
                let mut place = spare.take();
                part.postings().open_list(&list, &mut place)?;
                Self::List(place)
            }
            Source::Any(choices) => {
                let open = |choice| Conjunction::new(choice, part, spare);
                Self::Any(choices.into_iter().map(open).collect())
            }
        })
    }

    /// The first block at or after `target`, which must not decrease.
    fn seek(&mut self, target: u32) -> io::Result<u32> {
        Ok(match self {
            Self::List(list) => list.seek(target),
            Self::Any(choices) => {
                let mut first = TERMINATED;
                for choice in choices {
                    first = first.min(choice.seek(target)?);
                }
                first
            }
        })
    }
}

/// The blocks that are in every one of some lists, ascending; perhaps some that are not in the last ones.
pub struct Conjunction<'a> {
    part: &'a Part,
    spare: &'a Spare,
    /// Rarest first. Empty, and none waiting, means every block.
    lists: Vec<Blocks<'a>>,
    /// PERF: lists that no block has come to yet. Most blocks fail at the second or third list, and to open one takes as
    /// long as to look into a block.
    waiting: Sources,
    /// How many lists are worth it: the first few tell nearly as much as all, since the grams of a word come together.
    wanted: usize,
    at: Option<u32>,
}

impl<'a> Conjunction<'a> {
    fn new(waiting: Sources, part: &'a Part, spare: &'a Spare) -> Self {
        let wanted = waiting.needs.at_first;
        Self { part, spare, lists: Vec::new(), waiting, wanted, at: None }
    }

    /// To be told when the last block had no answer: further lists are asked for the next ones.
    pub fn was_vain(&mut self) {
        self.wanted = (self.wanted + MORE_LISTS).min(MAX_LISTS);
        for list in &mut self.lists {
            if let Blocks::Any(choices) = list {
                choices.iter_mut().for_each(Self::was_vain);
            }
        }
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
        for list in &mut self.lists {
            let found = list.seek(candidate)?;
            if found > candidate {
                return Ok(found);
            }
        }
        while self.lists.len() < self.wanted {
            let source = match self.waiting.next(self.part)? {
                Next::Source(source) => source,
                Next::End => break,
                Next::Nothing => return Ok(TERMINATED),
            };
            let mut list = Blocks::open(source, self.part, self.spare)?;
            let found = list.seek(candidate)?;
            self.lists.push(list);
            if found > candidate {
                return Ok(found);
            }
        }
        Ok(candidate)
    }
}

impl Drop for Conjunction<'_> {
    fn drop(&mut self) {
        for list in self.lists.drain(..) {
            if let Blocks::List(list) = list {
                self.spare.put(list);
            }
        }
    }
}

/// What a block must hold, in the order in which it is asked for.
pub struct Needs {
    all: Vec<Need>,
    /// Lists that are opened at first.
    at_first: usize,
}

impl Needs {
    /// What is needed for as many words.
    fn new(all: Vec<Need>, words: usize) -> Rc<Self> {
        Rc::new(Self { all, at_first: words + LISTS })
    }

    /// Every block will do.
    pub fn nothing() -> Rc<Self> {
        Self::new(Vec::new(), 0)
    }

    /// Whether the part surely has no block with all of it.
    fn is_missing(&self, part: &Part) -> bool {
        self.all.iter().any(|need| need.is_missing(part))
    }
}

/// What a block must hold.
enum Need {
    /// A gram.
    Gram(Gram),
    /// All of one of these.
    Any(Vec<Rc<Needs>>),
}

impl Need {
    /// Blocks at most that have it. What cannot be read fails where it is asked for.
    fn cost(&self, part: &Part) -> u32 {
        Source::find(self, part).ok().flatten().map_or(0, |source| source.cost(part))
    }

    /// Whether the part surely has none.
    fn is_missing(&self, part: &Part) -> bool {
        match self {
            Self::Gram(gram) => !part.may_hold(*gram),
            Self::Any(choices) => choices.iter().all(|choice| choice.is_missing(part)),
        }
    }
}

/// What every block with an answer holds: first the rarest gram of each word in `sample`, then the second one of each.
/// Blocks that have one gram of a word mostly have the others, too.
pub fn needs(search: &Search, mirrors: &MirrorTable, sample: &Part) -> Rc<Needs> {
    let term = |term: &Term| {
        let mut needs = Vec::new();
        need_term(&term.bytes, sample, &mut needs);
        rarest_first(needs, sample)
    };
    let mut groups: Vec<Vec<Need>> = search.required().map(term).collect();
    for choice in &search.choices {
        let terms = choice.terms().map(|word| Needs::new(term(word), 1));
        groups.push(vec![Need::Any(terms.collect())]);
    }
    let ids = search.mirrors.iter().filter_map(|&number| mirrors.get(number));
    let mirrors: Vec<_> =
        ids.map(|mirror| Needs::new(vec![Need::Gram(Gram::mirror(&mirror.id))], 1)).collect();
    if !mirrors.is_empty() {
        groups.push(vec![Need::Any(mirrors)]);
    }
    if let Some(ext) = &search.ext {
        let last = gram::extension(ext).unwrap_or(ext);
        groups.push(Gram::extension(last).map(Need::Gram).into_iter().collect());
    }
    groups.sort_by_cached_key(|group| group.first().map_or(0, |need| need.cost(sample)));
    let words = groups.len();
    let mut groups: Vec<_> = groups.into_iter().map(Vec::into_iter).collect();
    let mut needs = Vec::new();
    loop {
        let before = needs.len();
        needs.extend(groups.iter_mut().filter_map(Iterator::next));
        if needs.len() == before {
            return Needs::new(needs, words);
        }
    }
}

fn rarest_first(mut needs: Vec<Need>, sample: &Part) -> Vec<Need> {
    needs.sort_by_cached_key(|need| need.cost(sample));
    needs
}

fn need_term(term: &[u8], sample: &Part, needs: &mut Vec<Need>) {
    if term.len() < 3 {
        // A lone punctuation mark has no gram: every block is a candidate.
        needs.extend(Gram::token(term).map(Need::Gram));
    } else {
        need_long(term, sample, needs);
    }
}

/// Terms of three bytes or more: trigrams, and the hash gram for what may be part of a hash.
fn need_long(term: &[u8], sample: &Part, needs: &mut Vec<Need>) {
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
            .filter_map(|bytes| Gram::trigram(*bytes))
            .collect();
        grams.sort_unstable();
        grams.dedup();
        grams.into_iter().map(Need::Gram).collect::<Vec<_>>()
    };
    needs.extend(trigrams(&|at| !runs.iter().any(|run| touches(at, run))));
    // No trigram goes across a slash, but a short name after one starts a token.
    let short = term.split(|&byte| byte == b'/').skip(1).filter(|name| name.len() < 3);
    needs.extend(short.filter_map(Gram::token).map(Need::Gram));
    for run in &runs {
        // Either the start of a hash, known by its hash gram, or plain text.
        let others = || runs.iter().filter(|other| *other != run);
        let plain = trigrams(&|at| touches(at, run) && !others().any(|other| touches(at, other)));
        let hash = Need::Gram(Gram::hash_prefix(&term[run.clone()]));
        let plain = rarest_first(plain, sample);
        needs.push(Need::Any(vec![Needs::new(vec![hash], 1), Needs::new(plain, 1)]));
    }
}

/// Where to look in one part.
pub struct Lane<'a> {
    /// The part.
    pub part: &'a Part,
    /// Blocks at most.
    pub cost: u32,
    sources: Sources,
    spare: &'a Spare,
    /// All blocks that may hold an answer.
    pub all: Conjunction<'a>,
    /// Of these, the blocks where a name starts like the first term: the best hits are there.
    pub first: Option<Conjunction<'a>>,
    /// Whether these were looked for.
    has_looked: bool,
    /// Blocks that were looked into, ascending.
    pub seen: Vec<u32>,
    /// How many of them the second pass has come by.
    pub passed: usize,
}

impl<'a> Lane<'a> {
    /// `None` when the part holds no answer.
    pub fn new(part: &'a Part, needs: &Rc<Needs>, spare: &'a Spare) -> io::Result<Option<Self>> {
        let Some(sources) = Sources::find(needs, part)? else { return Ok(None) };
        let cost = sources.cost(part);
        let all = Conjunction::new(sources.clone(), part, spare);
        let (seen, passed) = (Vec::new(), 0);
        Ok(Some(Self {
            part,
            cost,
            sources,
            spare,
            all,
            first: None,
            has_looked: false,
            seen,
            passed,
        }))
    }

    /// Looks for the names that start like a term, once.
    pub fn find_starts(&mut self, gram: Gram) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_looked, true)
            && self.part.may_hold(gram)
            && let Some(starts) = self.part.postings().find(gram)?
        {
            let mut sources = self.sources.clone();
            sources.found.push(Source::List(starts));
            sources.sort(self.part);
            self.first = Some(Conjunction::new(sources, self.part, self.spare));
        }
        Ok(())
    }
}

/// What is known of a part.
#[expect(clippy::large_enum_variant, reason = "most parts become lanes")]
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
    needs: Rc<Needs>,
    spare: &'a Spare,
    parts: Vec<(&'a Part, Asked<'a>)>,
}

impl<'a> Lanes<'a> {
    /// The parts in this order.
    pub fn new(parts: Vec<&'a Part>, needs: Rc<Needs>, spare: &'a Spare) -> Self {
        Self { needs, spare, parts: parts.into_iter().map(|part| (part, Asked::NotYet)).collect() }
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
            *asked = Lane::new(part, &self.needs, self.spare)?.map_or(Asked::Nothing, Asked::Lane);
        }
        Ok(match asked {
            Asked::Lane(lane) => Some(lane),
            _ => None,
        })
    }
}
