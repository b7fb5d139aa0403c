//! The score of a hit: what a person most likely meant.

use std::ops::Range;

use super::fold;
use super::order::Tier;
use super::query::{Search, Term};

/// A candidate line, folded.
pub struct Candidate<'a> {
    /// The folded path.
    pub line: &'a [u8],
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Quality of its directory.
    pub tier: Tier,
    /// Bytes of the mirror's path at its start.
    pub mirror_len: usize,
}

/// Places considered for each term; a path with more is not worth the time.
const MAX_OCCURRENCES: usize = 8;

/// The ends of names of files that only accompany others.
const SIDECARS: &[&str] = &[
    ".torrent",
    ".zsync",
    ".sig",
    ".asc",
    ".sign",
    ".gpg",
    ".manifest",
    ".list",
    ".sha1",
    ".sha256",
    ".sha512",
    ".md5",
    ".sha256sum",
    ".sha512sum",
    ".b2",
    ".checksum",
    ".meta",
    ".meta4",
    ".metalink",
    ".metadata",
    ".readme",
    ".dsc",
    ".changes",
    ".narinfo",
    ".jigdo",
    ".template",
    ".delta",
    ".files",
    ".provenance",
];

/// Whether a folded file name accompanies another file: a checksum, a signature, a torrent.
pub fn is_sidecar(name: &[u8]) -> bool {
    SIDECARS.iter().any(|end| name.ends_with(end.as_bytes()))
        || name.ends_with(b"sums")
        || name.ends_with(b"checksum")
        || name.windows(10).any(|part| part == b"-debuginfo" || part == b"-debugsour")
}

/// How much less a name with this word is wanted when the query does not ask for it.
fn word_penalty(word: &[u8]) -> i32 {
    match word {
        b"arm64" | b"aarch64" => 6,
        b"i386" | b"i486" | b"i586" | b"i686" | b"armel" | b"armhf" | b"armv6" | b"armv6l"
        | b"armv7" | b"armv7l" | b"armv7hl" | b"s390x" | b"s390" | b"powerpc" | b"ppc64"
        | b"ppc64le" | b"ppc64el" | b"riscv64" | b"mips" | b"mipsel" | b"mips64el" | b"loong64"
        | b"loongarch64" | b"darwin" | b"macos" | b"macosx" | b"osx" | b"win32" | b"i386pae" => 12,
        b"dbg" | b"dbgsym" | b"debuginfo" | b"debugsource" | b"dev" | b"devel" => 15,
        b"beta" | b"alpha" | b"rc" | b"nightly" | b"daily" | b"preview" => 8,
        _ => 0,
    }
}

fn penalties(line: &[u8], search: &Search) -> i32 {
    line.split(|&byte| !fold::is_word(byte))
        .map(|word| (word, word_penalty(word)))
        .filter(|&(word, penalty)| {
            penalty > 0
                && !search
                    .wanted
                    .iter()
                    .any(|term| memchr::memmem::find(&term.bytes, word).is_some())
        })
        .map(|(_, penalty)| penalty)
        .max()
        .unwrap_or(0)
}

/// Points for one place of a term.
fn place(candidate: &Candidate<'_>, name_start: usize, term: &Term, at: usize) -> i32 {
    let line = candidate.line;
    let end = at + term.bytes.len();
    let (before, after) = (fold::is_boundary(line, at), fold::is_boundary(line, end));
    if at >= name_start {
        let mut points = 100 + 40 * i32::from(before) + 20 * i32::from(after);
        if at == name_start {
            points += 60 + 100 * i32::from(end == line.len());
        }
        if end == line.len() && !candidate.is_dir && at > 0 && line[at - 1] == b'.' {
            points += 40;
        }
        return points;
    }
    let starts = at == 0 || line[at - 1] == b'/';
    let ends = line.get(end) == Some(&b'/');
    let mut points = 30 + 15 * i32::from(before) + 15 * i32::from(starts && ends);
    if at == 0 && end >= candidate.mirror_len {
        // The query names the mirror.
        points += 30;
    }
    points
}

/// The score of a line that matches `search`, and the best place of each term.
pub fn score(candidate: &Candidate<'_>, search: &Search, places: &mut Vec<Range<usize>>) -> i32 {
    let line = candidate.line;
    let name_start = memchr::memrchr(b'/', line).map_or(0, |slash| slash + 1);
    let name = &line[name_start..];
    let mut score = 0;
    let mut covered = 0;
    places.clear();
    for term in &search.wanted {
        let best = term
            .occurrences(line)
            .take(MAX_OCCURRENCES)
            .map(|at| (place(candidate, name_start, term, at), at))
            .max_by_key(|&(points, at)| (points, std::cmp::Reverse(at)));
        let Some((points, at)) = best else {
            continue;
        };
        score += points;
        if at >= name_start {
            covered += term.bytes.len();
        }
        if places.last().is_some_and(|before| before.start < at) {
            score += 5;
        }
        places.push(at..at + term.bytes.len());
    }
    // In steps of an eighth, or `linux-4.9` would beat `linux-6.12.1`.
    let coverage = (8 * covered).checked_div(name.len()).unwrap_or(0).min(8);
    score += 5 * i32::try_from(coverage).unwrap_or(0);
    if !candidate.is_dir && is_sidecar(name) && !wants_sidecar(search, name) {
        score -= 50;
    }
    score -= 25 * i32::from(candidate.tier);
    score -= penalties(line, search);
    let depth = line.iter().filter(|&&byte| byte == b'/').count();
    score - 3 * i32::try_from(depth).unwrap_or(100).min(100)
}

/// Whether the last word of the name is asked for: `SHA256SUMS`, `torrent`.
fn wants_sidecar(search: &Search, name: &[u8]) -> bool {
    let ends = |wanted: &[u8]| wanted.len() > 2 && name.ends_with(wanted);
    search.wanted.iter().any(|term| ends(&term.bytes))
        || search.ext.as_ref().is_some_and(|ext| ends(ext))
}
