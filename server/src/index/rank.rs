//! The score of a hit: what a person most likely meant.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::fold;
use super::gram;
use super::order::Tier;
use super::query::{Choice, Search, Term};

/// A candidate line, folded.
pub struct Candidate<'a> {
    /// The folded path.
    pub line: &'a [u8],
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Quality of its directory.
    pub tier: Tier,
    /// Bytes of the mirror's path at its start, 0 when no term starts there.
    pub mirror_len: usize,
}

/// Places considered for each term; a path with more is not worth the time.
const MAX_OCCURRENCES: usize = 8;

/// What a word costs that stands for the one that was typed.
const STANDS_FOR: i32 = 10;

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
/// Points for a name that always is the newest.
const NEWEST: i32 = 20;

/// Whether a folded file name accompanies another file: a checksum, a signature, a torrent.
pub fn is_sidecar(name: &[u8]) -> bool {
    if name.ends_with(b"sums") || name.ends_with(b"checksum") {
        return true;
    }
    let Some(extension) = gram::extension(name) else {
        return false;
    };
    // PERF: literals of known length compare as integers; a list of suffixes took half of the time
    // of a search.
    matches!(
        extension,
        b"torrent"
            | b"zsync"
            | b"sig"
            | b"asc"
            | b"sign"
            | b"gpg"
            | b"manifest"
            | b"list"
            | b"sha1"
            | b"sha256"
            | b"sha512"
            | b"md5"
            | b"sha256sum"
            | b"sha512sum"
            | b"md5sum"
            | b"b2"
            | b"checksum"
            | b"meta"
            | b"meta4"
            | b"metalink"
            | b"metadata"
            | b"readme"
            | b"dsc"
            | b"changes"
            | b"narinfo"
            | b"jigdo"
            | b"template"
            | b"delta"
            | b"files"
            | b"provenance"
    )
}

/// `rc` of `rc2`.
fn without_number(word: &[u8]) -> &[u8] {
    let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    &word[..word.len() - digits]
}

/// How much less a name with this word is wanted when the query does not ask for it.
fn word_penalty(word: &[u8]) -> i32 {
    match word {
        b"arm64" | b"aarch64" => 6,
        b"i386" | b"386" | b"ia32" | b"i486" | b"i586" | b"i686" | b"armel" | b"armhf"
        | b"armv6" | b"armv6l" | b"armv7" | b"armv7l" | b"armv7hl" | b"s390x" | b"s390"
        | b"powerpc" | b"ppc64" | b"ppc64le" | b"ppc64el" | b"riscv64" | b"mips" | b"mipsel"
        | b"mips64el" | b"loong64" | b"loongarch64" | b"darwin" | b"mac" | b"mac64" | b"macos"
        | b"macosx" | b"osx" | b"win32" | b"i386pae" => 12,
        b"dbg" | b"dbgsym" | b"debuginfo" | b"debugsource" | b"dev" | b"devel" => 15,
        b"beta" | b"alpha" | b"rc" | b"nightly" | b"daily" | b"preview" | b"initramfs" => 8,
        _ => match without_number(word) {
            b"rc" | b"beta" | b"alpha" => 8,
            _ => 0,
        },
    }
}

/// The highest penalty of the words of a line, or of a part of one, that the query does not name; negative when it
/// is for the most common machine.
fn penalty(line: &[u8], search: &Search) -> i32 {
    let mut highest = 0;
    let (mut is_common, mut is_windows) = (false, false);
    let mut start = 0;
    for (at, &byte) in line.iter().chain(b"/").enumerate() {
        if fold::is_word(byte) {
            continue;
        }
        // PERF: most words are too long or too short to be on the list.
        if (2..=11).contains(&(at - start)) {
            let word = &line[start..at];
            is_windows |= word == b"windows" && !search.names(word);
            is_common |= matches!(word, b"amd64" | b"x64" | b"win64" | b"64bit");
            let penalty = match word {
                // As an architecture of its own, and not the start of `x86_64`.
                b"x86" if line[at..].starts_with(b"_64") || line[at..].starts_with(b"-64") => {
                    is_common = true;
                    0
                }
                b"x86" => 12,
                _ => word_penalty(word),
            };
            if penalty > highest && !search.names(word) {
                highest = penalty;
            }
        }
        start = at + 1;
    }
    if highest == 0 && is_common && !is_windows { -COMMON_MACHINE } else { highest }
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
fn place(candidate: &Candidate<'_>, name_start: usize, place: Range<usize>) -> i32 {
    let line = candidate.line;
    let Range { start: at, end } = place;
    let (before, after) = (fold::is_boundary(line, at), fold::is_boundary(line, end));
    let number = cut_number(line, &place);
    if at >= name_start {
        let mut points = 100 - number + 40 * i32::from(before) + 20 * i32::from(after);
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
    if at == 0 && candidate.mirror_len > 0 && end >= candidate.mirror_len {
        // The query names the mirror.
        points += 30;
    }
    points
}

/// The best place of a term among those that count, and its points. One in the name counts more than any before it.
fn best_place(
    candidate: &Candidate<'_>,
    name_start: usize,
    term: &Term,
    counts: impl Fn(&Range<usize>) -> bool,
) -> Option<(i32, usize)> {
    let line = candidate.line;
    let from = |from: usize| term.occurrences_from(line, from).map(|at| at..at + term.bytes.len());
    let points = |range: Range<usize>| (place(candidate, name_start, range.clone()), range.start);
    let best = |&(points, at): &(i32, usize)| (points, Reverse(at));
    // PERF: most folders need not be looked through.
    let name = from(name_start).filter(&counts).take(MAX_OCCURRENCES).map(points).max_by_key(best);
    name.or_else(|| {
        let before = from(0).take_while(|range| range.start < name_start);
        before.filter(&counts).take(MAX_OCCURRENCES).map(points).max_by_key(best)
    })
}

/// The best place of a word or of what may stand for it.
fn best_choice(
    candidate: &Candidate<'_>,
    name_start: usize,
    choice: &Choice,
) -> Option<(i32, Range<usize>)> {
    let line = candidate.line;
    let is_word = |at: &Range<usize>| {
        let is_extension = line[at.start] == b'.';
        let ends =
            if is_extension { at.end == line.len() } else { fold::is_boundary(line, at.end) };
        ends && fold::is_boundary(line, at.start)
    };
    let range = |(points, at): (i32, usize), term: &Term| (points, at..at + term.bytes.len());
    let typed = best_place(candidate, name_start, &choice.typed, |_| true)
        .map(|found| range(found, &choice.typed));
    let other = |term| {
        best_place(candidate, name_start, term, is_word)
            .map(|(points, at)| range((points.min(MAX_STANDS_FOR) - STANDS_FOR, at), term))
    };
    typed.into_iter().chain(choice.others.iter().filter_map(other)).max_by_key(|found| found.0)
}

/// Whether a word says for what system, or in what form, a file is.
fn says_form(word: &[u8]) -> bool {
    matches!(
        word,
        b"latest"
            | b"linux"
            | b"windows"
            | b"win"
            | b"darwin"
            | b"mac"
            | b"macos"
            | b"installer"
            | b"tar"
            | b"gz"
            | b"xz"
            | b"zst"
            | b"zip"
            | b"tgz"
            | b"iso"
            | b"img"
            | b"exe"
            | b"msi"
            | b"dmg"
            | b"pkg"
            | b"deb"
            | b"rpm"
            | b"whl"
            | b"run"
            | b"all"
            | b"noarch"
    )
}

/// How much of a name was asked for, in steps up to [`MAX_COVERAGE`]. Only words of letters count:
/// with versions and architectures, `linux-4.9` would beat `linux-6.12.1`, and `1.0-1` `1.0-2+b1`. Words that say for
/// what machine or in what form a file is do not count either.
fn coverage(line: &[u8], name_start: usize, places: &[Range<usize>]) -> i32 {
    let (mut all, mut covered, mut others) = (0, 0, 0);
    let (mut start, mut is_plain) = (name_start, true);
    for at in name_start..=line.len() {
        if line.get(at).is_some_and(|&byte| fold::is_word(byte)) {
            is_plain &= fold::is_letter(line[at]);
            continue;
        }
        if is_plain && at > start && !says_form(&line[start..at]) {
            let within =
                |place: &Range<usize>| place.end.min(at).saturating_sub(place.start.max(start));
            all += at - start;
            let here = places.iter().map(within).sum::<usize>().min(at - start);
            covered += here;
            others += i32::from(here == 0);
        }
        (start, is_plain) = (at + 1, true);
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
    /// Of the last line, all before its name.
    folder: Vec<u8>,
    folder_penalty: i32,
    folder_depth: i32,
    /// Wanted terms that are the whole name of a folder.
    folders_named: i32,
}

impl Memory {
    /// To be called before another search.
    pub fn forget(&mut self) {
        *self = Self { places: std::mem::take(&mut self.places), ..Self::default() };
    }

    /// PERF: neighbours lie in the same folder.
    fn look_at(&mut self, folder: &[u8], search: &Search) {
        if folder != self.folder {
            self.folder.clear();
            self.folder.extend_from_slice(folder);
            self.folder_penalty = penalty(folder, search);
            let depth = memchr::memchr_iter(b'/', folder).count();
            self.folder_depth = i32::try_from(depth).unwrap_or(i32::MAX / 8);
            let is_named = |term: &&Term| {
                term.occurrences(folder).any(|at| {
                    (at == 0 || folder[at - 1] == b'/')
                        && folder.get(at + term.bytes.len()) == Some(&b'/')
                })
            };
            let named = search.wanted.iter().filter(is_named).take(2).count();
            self.folders_named = i32::try_from(named).unwrap_or(0);
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
    let line = candidate.line;
    let name_start = memchr::memrchr(b'/', line).map_or(0, |slash| slash + 1);
    let name = &line[name_start..];
    let mut score = 0;
    let places = &mut memory.places;
    places.clear();
    for term in &search.wanted {
        let Some((points, at)) = best_place(candidate, name_start, term, |_| true) else {
            return Verdict::Miss;
        };
        score += points;
        if let Some(before) = places.last() {
            score += 5 * i32::from(before.start < at) + 6 * i32::from(before.end + 1 == at);
        }
        places.push(at..at + term.bytes.len());
    }
    for choice in &search.choices {
        let Some((points, found)) = best_choice(candidate, name_start, choice) else {
            return Verdict::Miss;
        };
        score += points;
        places.push(found);
    }
    for pattern in &search.patterns {
        let Some(found) = pattern.find(line) else {
            return Verdict::Miss;
        };
        score += place(candidate, name_start, found.clone());
        places.push(found);
    }
    score -= 25 * i32::from(candidate.tier);
    let more = 5 * MAX_COVERAGE + INSTALLER + NEWEST + 2 * FOLDER_NAMED + COMMON_MACHINE;
    if score + more < floor {
        // PERF: what follows adds no more, and most lines of a common word end here.
        return Verdict::Low;
    }
    if !candidate.is_dir || name_start == 0 {
        score += coverage(line, name_start, places) + extra(name);
    }
    memory.look_at(&line[..name_start], search);
    score += FOLDER_NAMED * memory.folders_named - 3 * memory.folder_depth;
    if !candidate.is_dir && is_sidecar(name) && !wants_sidecar(search, name) {
        score -= 50;
    }
    if score - memory.folder_penalty + COMMON_MACHINE < floor {
        return Verdict::Low;
    }
    let (folder, name) = (memory.folder_penalty, penalty(name, search));
    let penalty = if folder.max(name) > 0 { folder.max(name) } else { folder.min(name) };
    Verdict::Score(score - penalty)
}

/// Whether the last word of the name is asked for: `SHA256SUMS`, `torrent`.
fn wants_sidecar(search: &Search, name: &[u8]) -> bool {
    let ends = |wanted: &[u8]| wanted.len() > 2 && name.ends_with(wanted);
    search.required().any(|term| ends(&term.bytes))
        || search.ext.as_ref().is_some_and(|ext| ends(ext))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_are_told_from_files() {
        for name in [&b"a.iso.zsync"[..], b"sha256sums", b"a.tar.gz.asc", b"checksum"] {
            assert!(is_sidecar(name), "{name:?}");
        }
        for name in [&b"a.iso"[..], b"linux-6.1.tar.xz", b"listing"] {
            assert!(!is_sidecar(name), "{name:?}");
        }
    }
}
