//! The score of a hit: what a person most likely meant.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::fold;
use super::gram;
use super::mirrors::MirrorTable;
use super::order::Tier;
use super::query::{Choice, Kind, Other, Search, Term};
use super::words::{FORMS, OTHER_MACHINE, Says, is_sidecar, says};

/// A candidate line, folded.
pub struct Candidate<'a> {
    line: &'a [u8],
    /// Where its name starts.
    name_start: usize,
    is_dir: bool,
    tier: Tier,
    /// The path as it is on disk.
    path: &'a [u8],
    mirrors: &'a MirrorTable,
}

impl<'a> Candidate<'a> {
    /// The line of an entry in a directory of this quality, given its path.
    pub fn new(
        line: &'a [u8],
        is_dir: bool,
        tier: Tier,
        path: &'a [u8],
        mirrors: &'a MirrorTable,
    ) -> Self {
        let name_start = memchr::memrchr(b'/', line).map_or(0, |slash| slash + 1);
        Self { line, name_start, is_dir, tier, path, mirrors }
    }

    /// All before the name, with the slash.
    fn folder(&self) -> &'a [u8] {
        &self.line[..self.name_start]
    }

    fn name(&self) -> &'a [u8] {
        &self.line[self.name_start..]
    }

    /// Whether the first bytes of the folder name its mirror.
    fn names_mirror(&self, bytes: usize) -> bool {
        let folder = &self.path[..self.name_start.saturating_sub(1)];
        let mirror = self.mirrors.resolve(folder).and_then(|number| self.mirrors.get(number));
        mirror.is_some_and(|mirror| (1..=bytes).contains(&mirror.prefix.len()))
    }
}

/// Places considered for each term; a path with more is not worth the time.
const MAX_OCCURRENCES: usize = 8;

/// What a word costs that stands for the one that was typed; 2 more for each that is named before it.
const STANDS_FOR: i32 = 10;

/// Points of a place within a word of the name: `arch` of `aarch64`.
const WITHIN_WORD: i32 = 60;

/// Steps in which the part of a name that is asked for counts.
const MAX_COVERAGE: i32 = 8;
/// Words not asked for that count against a name.
const MAX_OTHERS: i32 = 4;
/// What a place costs where the number asked for is a piece of another one.
const PIECE_OF_NUMBER: i32 = 40;
/// What a place costs where a number is not the first of a version.
const MINOR_NUMBER: i32 = 15;
/// Points for each word, up to two, that is the whole name of a folder on the way.
const FOLDER_NAMED: i32 = 8;
/// Points for what runs on most machines.
const COMMON_MACHINE: i32 = 4;
/// Most points of a place of a word that stands for another.
const MAX_STANDS_FOR: i32 = 160;
/// Points for something to install.
const INSTALLER: i32 = 6;
/// What a folder costs when three words or more are asked for.
const VAGUE: i32 = 40;
/// What a folder costs when a file is asked for, and the other way round.
const OTHER_KIND: i32 = 300;
/// Points for a name that always is the newest.
const NEWEST: i32 = 20;

/// The highest penalty of the words of a line, or of a part of one, that the query does not name; negative when it
/// is for the most common machine.
fn penalty(line: &[u8], search: &Search) -> i32 {
    let mut highest = 0;
    let (mut is_common, mut is_windows, mut is_win32) = (false, false, false);
    for Range { start, end } in fold::words(line) {
        let word = &line[start..end];
        let less = match says(word) {
            None => 0,
            Some(Says::Less(less)) => less,
            Some(Says::Windows) => {
                is_windows |= !search.names(word);
                0
            }
            Some(Says::Win32) => {
                is_win32 = true;
                0
            }
            Some(Says::X86) if !is_x86_64(&line[end..]) => OTHER_MACHINE,
            Some(Says::Common | Says::X86) => {
                is_common = true;
                0
            }
        };
        if less > highest && !search.names(word) {
            highest = less;
        }
    }
    // `win32-x64` is Windows, `win32` alone an old machine.
    if is_win32 && !is_common && !search.names(b"win32") {
        highest = highest.max(OTHER_MACHINE);
    }
    if highest == 0 && is_common && !is_windows { -COMMON_MACHINE } else { highest }
}

/// Whether `x86` goes on so as to mean the common machine.
fn is_x86_64(after: &[u8]) -> bool {
    after.starts_with(b"_64") || after.starts_with(b"-64")
}

/// What a place costs where a number of the term is a piece of another one: `6` of `x86_64` and of `16`, and, less, of
/// `24.6`: versions are asked for from the left.
fn cut_number(line: &[u8], place: &Range<usize>) -> i32 {
    let is_digit = |at: usize| line.get(at).is_some_and(u8::is_ascii_digit);
    let before = place.start.wrapping_sub(1);
    let is_cut =
        is_digit(place.start) && is_digit(before) || is_digit(place.end) && is_digit(place.end - 1);
    let is_minor = is_digit(place.start)
        && line.get(before) == Some(&b'.')
        && is_digit(place.start.wrapping_sub(2));
    PIECE_OF_NUMBER * i32::from(is_cut) + MINOR_NUMBER * i32::from(is_minor)
}

/// Points for one place of a term.
fn place(candidate: &Candidate<'_>, place: Range<usize>) -> i32 {
    let &Candidate { line, name_start, .. } = candidate;
    let Range { start: at, end } = place;
    let (before, after) = (fold::is_boundary(line, at), fold::is_boundary(line, end));
    let number = cut_number(line, &place);
    if at >= name_start {
        let inside = if before { 140 } else { WITHIN_WORD };
        let mut points = inside - number + 20 * i32::from(after);
        if at == name_start {
            points += 60;
            if end == line.len() {
                // A directory with just this name is common (`docker-ce/linux`), a mirror is not.
                points += if candidate.is_dir && name_start > 0 { 10 } else { 100 };
            }
        }
        if end == line.len() && !candidate.is_dir && at > 0 && line[at - 1] == b'.' {
            points += 40;
        }
        return points;
    }
    let starts = at == 0 || line[at - 1] == b'/';
    let ends = line.get(end) == Some(&b'/');
    let mut points = 30 - number + 15 * i32::from(before) + 15 * i32::from(starts && ends);
    if at == 0 && candidate.names_mirror(end) {
        points += 30;
    }
    points
}

/// Points of a place, and where it is.
type Place = (i32, usize);

/// Points of the best place in a name but for its start.
const WITHIN_NAME: i32 = 200;

/// The best place of a term in the name, among those that count.
fn in_name(
    candidate: &Candidate<'_>,
    term: &Term,
    counts: impl Fn(&Range<usize>) -> bool,
) -> Option<Place> {
    let &Candidate { line, name_start, .. } = candidate;
    best(candidate, term, term.occurrences_from(line, name_start), counts)
}

/// The best place of a term that starts before the name, among those that count.
fn before_name(
    candidate: &Candidate<'_>,
    term: &Term,
    counts: impl Fn(&Range<usize>) -> bool,
) -> Option<Place> {
    let starts = term.occurrences(candidate.line).take_while(|&at| at < candidate.name_start);
    best(candidate, term, starts, counts)
}

/// The first one of the best places.
fn best(
    candidate: &Candidate<'_>,
    term: &Term,
    starts: impl Iterator<Item = usize>,
    counts: impl Fn(&Range<usize>) -> bool,
) -> Option<Place> {
    let places = starts.map(|at| at..at + term.bytes.len()).filter(counts).take(MAX_OCCURRENCES);
    let mut best: Option<Place> = None;
    for range in places {
        let points = place(candidate, range.clone());
        if best.is_none_or(|(most, _)| points > most) {
            best = Some((points, range.start));
        }
        // PERF: mostly the first one, and no other needs to be looked for.
        if points >= WITHIN_NAME {
            break;
        }
    }
    best
}

/// The best place of a word or of what may stand for it.
fn best_choice(candidate: &Candidate<'_>, choice: &Choice) -> Option<(i32, Range<usize>)> {
    let line = candidate.line;
    let range = |(points, at): Place, term: &Term| (points, at..at + term.bytes.len());
    let typed = in_name(candidate, &choice.typed, |_| true)
        .or_else(|| before_name(candidate, &choice.typed, |_| true))
        .map(|found| range(found, &choice.typed));
    let other = |(Other { term, is_start }, rank): (&Other, i32)| {
        let is_extension = term.bytes.first() == Some(&b'.');
        let is_word = |at: &Range<usize>| {
            let ends = if is_extension {
                at.end == line.len()
            } else {
                *is_start || fold::is_boundary(line, at.end)
            };
            // `x86` does not stand in `x86_64`.
            let goes_on = term.bytes.ends_with(b"x86") && is_x86_64(&line[at.end..]);
            ends && fold::is_boundary(line, at.start) && !goes_on
        };
        in_name(candidate, term, is_word)
            .or_else(|| before_name(candidate, term, is_word))
            .map(|(points, at)| range((points.min(MAX_STANDS_FOR) - STANDS_FOR - rank, at), term))
    };
    let others = choice.others.iter().zip((0..).step_by(2)).filter_map(other);
    typed.into_iter().chain(others).max_by_key(|found| found.0)
}

/// How much of a name was asked for, in steps up to [`MAX_COVERAGE`]. Only words of letters count:
/// with versions and architectures, `linux-4.9` would beat `linux-6.12.1`, and `1.0-1` `1.0-2+b1`. Words that say for
/// what machine or in what form a file is do not count either.
fn coverage(candidate: &Candidate<'_>, places: &[Range<usize>]) -> i32 {
    let (mut all, mut covered, mut others) = (0, 0, 0);
    let name = candidate.name();
    for word in fold::words(name) {
        let text = &name[word.clone()];
        if !text.iter().all(|&byte| fold::is_letter(byte)) || FORMS.get(text).is_some() {
            continue;
        }
        let (start, end) = (candidate.name_start + word.start, candidate.name_start + word.end);
        let within =
            |place: &Range<usize>| place.end.min(end).saturating_sub(place.start.max(start));
        let here = places.iter().map(within).sum::<usize>().min(text.len());
        all += text.len();
        covered += here;
        others += i32::from(here == 0);
    }
    let steps = (8 * covered).checked_div(all).unwrap_or(0);
    5 * i32::try_from(steps).unwrap_or(0).min(MAX_COVERAGE) - others.min(MAX_OTHERS)
}

static LATEST: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("latest"));

/// Points for what people come for: something to install, and the name that always is the newest.
fn extra(name: &[u8]) -> i32 {
    let is_installer = matches!(
        gram::extension(name),
        Some(
            b"iso" | b"exe" | b"msi" | b"dmg" | b"pkg" | b"run" | b"sh" | b"img" | b"deb" | b"rpm"
        )
    );
    let is_newest = LATEST.find(name).is_some();
    INSTALLER * i32::from(is_installer) + NEWEST * i32::from(is_newest)
}

/// What a line is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A wanted term is missing.
    Miss,
    /// It matches, but scores less than what was asked for.
    Low,
    /// It matches with this score.
    Score(i32),
}

/// What is kept from one line of a search to the next.
#[derive(Default)]
pub struct Memory {
    /// The best place of each term in the last line, as ranges of its bytes.
    pub places: Vec<Range<usize>>,
    folder: Folder,
}

impl Memory {
    /// To be called before another search.
    pub fn forget(&mut self) {
        self.folder = Folder::default();
    }
}

/// The folder of the last line.
///
/// PERF: neighbours lie in the same folder.
#[derive(Default)]
struct Folder {
    /// With the slash.
    path: Vec<u8>,
    /// The best place of each wanted term, once it was asked for.
    places: Vec<OnceCell<Option<Place>>>,
    traits: OnceCell<Traits>,
}

#[derive(Clone, Copy)]
struct Traits {
    penalty: i32,
    depth: i32,
    /// Wanted terms that are the whole name of a folder.
    named: i32,
}

impl Folder {
    fn enter(&mut self, path: &[u8], terms: usize) {
        if path != self.path || terms != self.places.len() {
            self.path.clear();
            self.path.extend_from_slice(path);
            self.places.clear();
            self.places.resize_with(terms, OnceCell::new);
            self.traits = OnceCell::new();
        }
    }

    /// The best place of a wanted term before the name.
    fn place(&self, number: usize, term: &Term, candidate: &Candidate<'_>) -> Option<Place> {
        let found = || before_name(candidate, term, |_| true);
        // Nothing else can reach into the name.
        if term.bytes.contains(&b'/') {
            return found();
        }
        *self.places[number].get_or_init(found)
    }

    fn traits(&self, search: &Search) -> Traits {
        *self.traits.get_or_init(|| Traits::new(&self.path, search))
    }
}

impl Traits {
    fn new(folder: &[u8], search: &Search) -> Self {
        let is_named = |term: &&Term| {
            term.occurrences(folder).any(|at| {
                (at == 0 || folder[at - 1] == b'/')
                    && folder.get(at + term.bytes.len()) == Some(&b'/')
            })
        };
        let named = search.wanted.iter().filter(is_named).take(2).count();
        let depth = memchr::memchr_iter(b'/', folder).count();
        Self {
            penalty: penalty(folder, search),
            depth: i32::try_from(depth).unwrap_or(i32::MAX / 8),
            named: i32::try_from(named).unwrap_or(0),
        }
    }
}

/// Scores a line and finds the best place of each term. Stops as soon as the score cannot reach
/// `floor`.
pub fn score(
    candidate: &Candidate<'_>,
    search: &Search,
    floor: i32,
    memory: &mut Memory,
) -> Verdict {
    let Memory { places, folder } = memory;
    let name = candidate.name();
    folder.enter(candidate.folder(), search.wanted.len());
    places.clear();
    let mut score = 0;
    for (number, term) in search.wanted.iter().enumerate() {
        let found = in_name(candidate, term, |_| true);
        let Some((points, at)) = found.or_else(|| folder.place(number, term, candidate)) else {
            return Verdict::Miss;
        };
        score += points;
        if let Some(before) = places.last() {
            score += 5 * i32::from(before.start < at) + 6 * i32::from(before.end + 1 == at);
        }
        places.push(at..at + term.bytes.len());
    }
    for choice in &search.choices {
        let Some((points, found)) = best_choice(candidate, choice) else {
            return Verdict::Miss;
        };
        score += points;
        places.push(found);
    }
    for pattern in &search.patterns {
        let Some(found) = pattern.find(candidate.line) else {
            return Verdict::Miss;
        };
        score += place(candidate, found.clone());
        places.push(found);
    }
    score -= 25 * i32::from(candidate.tier);
    if candidate.is_dir && search.wanted.len() + search.choices.len() >= 3 {
        score -= VAGUE;
    }
    if search.kind.is_some_and(|kind| (kind == Kind::Folder) != candidate.is_dir) {
        score -= OTHER_KIND;
    }
    // PERF: each step bounds what the dearer ones after it may add; most lines of a common word end early.
    let name_adds = 5 * MAX_COVERAGE + INSTALLER + NEWEST;
    if score + name_adds + 2 * FOLDER_NAMED + COMMON_MACHINE < floor {
        return Verdict::Low;
    }
    let Traits { penalty: of_folder, depth, named } = folder.traits(search);
    score += FOLDER_NAMED * named - 3 * depth;
    if !candidate.is_dir && is_sidecar(name) && !wants_sidecar(search, name) {
        score -= 50;
    }
    let least = if of_folder > 0 { of_folder } else { -COMMON_MACHINE };
    if score + name_adds - least < floor {
        return Verdict::Low;
    }
    if !candidate.is_dir || candidate.name_start == 0 {
        score += coverage(candidate, places) + extra(name);
    }
    if score - least < floor {
        return Verdict::Low;
    }
    let of_name = penalty(name, search);
    let highest = of_folder.max(of_name);
    Verdict::Score(score - if highest > 0 { highest } else { of_folder.min(of_name) })
}

/// Whether the last word of the name is asked for: `SHA256SUMS`, `torrent`.
fn wants_sidecar(search: &Search, name: &[u8]) -> bool {
    let ends = |wanted: &[u8]| wanted.len() > 2 && name.ends_with(wanted);
    search.required().any(|term| ends(&term.bytes))
        || search.ext.as_ref().is_some_and(|ext| ends(ext))
}
