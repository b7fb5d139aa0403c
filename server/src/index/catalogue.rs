//! The entries of one part of the index in memory, gathered from records and put into rank order.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hasher};
use std::ops::Range;

use super::block::{Facts, Lines, shared_prefix};
use super::fold;
use super::mirrors::IndexedMirror;
use super::order::{self, Census, TIERS, Tier};
use super::record;
use super::version;

/// Entries of a catalogue at most; the rest of a larger mirror becomes another part.
pub const FULL: usize = 1 << 25;

/// 32 bytes: there are millions of them.
struct Entry {
    size: u64,
    mtime: i64,
    dir: u32,
    name_start: u32,
    name_len: u16,
    is_dir: bool,
}

struct Dir {
    path_start: u32,
    path_len: u16,
    tier: Tier,
    /// A record named the directory itself.
    is_recorded: bool,
    /// The mirror of what is in it.
    mirror: u32,
    /// Place in the rank order; directories of one hash tree share it.
    rank: u32,
    census: Census,
    /// Newest file below, for directories that no record names.
    newest: i64,
}

/// Hashes that are hashes already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// What happened to the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intake {
    /// Entries kept: files and directories.
    pub entries: u64,
    /// Of these, directories.
    pub dirs: u64,
    /// Directories added because files lie in them though no record names them.
    pub derived_dirs: u64,
    /// Records with a path that was already there.
    pub duplicates: u64,
    /// Records with an impossible path (empty, `..`, NUL, too long).
    pub bad_paths: u64,
    /// Records below no mirror.
    pub outside: u64,
    /// Temporary files of running transfers.
    pub in_flight: u64,
    /// Directories that only spread files by hash, left out.
    pub hash_dirs: u64,
}

impl Intake {
    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.dirs += other.dirs;
        self.derived_dirs += other.derived_dirs;
        self.duplicates += other.duplicates;
        self.bad_paths += other.bad_paths;
        self.outside += other.outside;
        self.in_flight += other.in_flight;
        self.hash_dirs += other.hash_dirs;
    }
}

/// Every entry of some mirrors, with directory names stored once.
#[derive(Default)]
pub struct Catalogue {
    mirrors: Vec<IndexedMirror>,
    dirs: Vec<Dir>,
    /// By a hash of path and mirror; a place that is taken by another path means the next number.
    dir_numbers: HashMap<u64, u32, BuildHasherDefault<Identity>>,
    last_dir: Option<u32>,
    /// Directory paths and names, one after the other.
    text: Vec<u8>,
    entries: Vec<Entry>,
    /// First entry of each tier, plus the number of entries.
    tier_starts: [u64; TIERS + 1],
    /// What happened to the records so far.
    pub intake: Intake,
}

impl Catalogue {
    /// An empty catalogue of one mirror.
    pub fn new(mirror: IndexedMirror) -> Self {
        Self { mirrors: vec![mirror], ..Self::default() }
    }

    /// Takes an entry of the only mirror, given its clean path cut into directory and name.
    pub fn add(&mut self, dir: &[u8], name: &[u8], facts: Facts) {
        let number = self.dir_number(0, dir);
        if facts.is_dir {
            let path = record::join(dir, name);
            let own = self.dir_number(0, &path);
            self.dirs[own as usize].is_recorded = true;
        } else {
            let dir = &mut self.dirs[number as usize];
            dir.census.add(name);
            dir.newest = dir.newest.max(facts.mtime);
        }
        self.push(number, name, facts);
    }

    fn push(&mut self, dir: u32, name: &[u8], facts: Facts) {
        let (name_start, name_len) = self.keep(name);
        let Facts { size, mtime, is_dir } = facts;
        self.entries.push(Entry { size, mtime, dir, name_start, name_len, is_dir });
    }

    /// Keeps a text. Paths are at most 4096 bytes long, and [`Self::is_full`] comes before 4 GiB.
    fn keep(&mut self, text: &[u8]) -> (u32, u16) {
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.extend_from_slice(text);
        (start, u16::try_from(text.len()).unwrap_or(u16::MAX))
    }

    /// Whether no more entries should be added.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= FULL || self.text.len() >= 3 << 30
    }

    /// The number of a directory, new or known. Records come directory by directory, so the last
    /// answer is usually right.
    fn dir_number(&mut self, mirror: u32, path: &[u8]) -> u32 {
        let is = |dir: &Dir| dir.mirror == mirror && self.path(dir) == path;
        if let Some(last) = self.last_dir
            && is(&self.dirs[last as usize])
        {
            return last;
        }
        let mut key = BuildHasherDefault::<DefaultHasher>::default().hash_one((mirror, path));
        while let Some(&number) = self.dir_numbers.get(&key) {
            if is(&self.dirs[number as usize]) {
                self.last_dir = Some(number);
                return number;
            }
            key = key.wrapping_add(1);
        }
        let number = u32::try_from(self.dirs.len()).unwrap_or(u32::MAX);
        let (path_start, path_len) = self.keep(path);
        self.dir_numbers.insert(key, number);
        self.dirs.push(Dir {
            path_start,
            path_len,
            tier: 0,
            is_recorded: false,
            mirror,
            rank: 0,
            census: Census::default(),
            newest: i64::MIN,
        });
        self.last_dir = Some(number);
        number
    }

    /// Takes over everything of another catalogue, which holds other mirrors.
    pub fn absorb(&mut self, other: Self) {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (text, dirs) = (count(self.text.len()), count(self.dirs.len()));
        let mirrors = count(self.mirrors.len());
        self.text.extend_from_slice(&other.text);
        self.mirrors.extend(other.mirrors);
        self.dirs.extend(other.dirs.into_iter().map(|dir| Dir {
            path_start: dir.path_start + text,
            mirror: dir.mirror + mirrors,
            ..dir
        }));
        self.entries.extend(other.entries.into_iter().map(|entry| Entry {
            dir: entry.dir + dirs,
            name_start: entry.name_start + text,
            ..entry
        }));
        self.intake.add(&other.intake);
        // Numbers below `dirs` are right, further directories are not looked up any more.
        self.last_dir = None;
    }

    /// Adds directories that were never named. To be called once, before [`Self::absorb`].
    pub fn derive_dirs(&mut self) {
        let mut parents = Vec::with_capacity(self.dirs.len());
        let prefix = self.mirrors[0].prefix.clone().into_bytes();
        while let Some(dir) = self.dirs.get(parents.len()) {
            let path = self.path(dir).to_vec();
            let is_inside = path.len() >= prefix.len();
            let (above, _) = record::split_name(&path);
            parents.push(is_inside.then(|| self.dir_number(0, above)));
        }
        let mut deepest_first: Vec<usize> = (0..self.dirs.len()).collect();
        deepest_first.sort_unstable_by_key(|&at| std::cmp::Reverse(self.dirs[at].path_len));
        for at in deepest_first {
            let Some(parent) = parents[at] else {
                continue;
            };
            let Dir { newest, is_recorded, .. } = self.dirs[at];
            let above = &mut self.dirs[parent as usize];
            above.newest = above.newest.max(newest);
            let path = self.path(&self.dirs[at]).to_vec();
            if is_recorded || path.is_empty() || order::is_hash_dir(&path) {
                continue;
            }
            let mtime = if newest == i64::MIN { 0 } else { newest };
            self.intake.derived_dirs += 1;
            let (_, name) = record::split_name(&path);
            self.push(parent, name, Facts { size: 0, mtime, is_dir: true });
        }
    }

    /// Sorts everything into rank order, drops duplicates and counts.
    pub fn finish(&mut self) {
        self.dir_numbers = HashMap::default();
        let ranks = self.rank_dirs();
        self.sort_entries(ranks);
        let mut entries = std::mem::take(&mut self.entries);
        let before = entries.len();
        entries.dedup_by(|a, b| a.dir == b.dir && self.name(a) == self.name(b));
        self.intake.duplicates += (before - entries.len()) as u64;
        self.entries = entries;
        self.intake.entries = self.entries.len() as u64;
        self.intake.dirs = self.entries.iter().filter(|entry| entry.is_dir).count() as u64;
        for entry in &self.entries {
            self.mirrors[self.dirs[entry.dir as usize].mirror as usize].paths += 1;
        }
        for tier in 0..=TIERS {
            let start = self
                .entries
                .partition_point(|entry| usize::from(self.dirs[entry.dir as usize].tier) < tier);
            self.tier_starts[tier] = start as u64;
        }
    }

    /// Numbers the directories in rank order; those of one hash tree get the same number. Returns
    /// how many numbers there are.
    fn rank_dirs(&mut self) -> usize {
        let mut folded = Vec::new();
        // What is sorted: each directory, and each hash tree once, whose directories are all of one tier.
        let mut places: Vec<(Tier, &[u8])> = Vec::new();
        let mut trees: HashMap<&[u8], usize> = HashMap::new();
        let mut place_of = Vec::with_capacity(self.dirs.len());
        for dir in &self.dirs {
            let path = self.path(dir);
            folded.clear();
            fold::fold_into(path, &mut folded);
            let tier = order::tier(&folded, dir.census);
            let (key, place) = if usize::from(tier) + 1 == TIERS {
                let tree = order::sort_dir(path);
                (tree, *trees.entry(tree).or_insert(places.len()))
            } else {
                (path, places.len())
            };
            if place == places.len() {
                places.push((tier, key));
            }
            place_of.push(place);
        }
        let mut sorted: Vec<usize> = (0..places.len()).collect();
        sorted.sort_unstable_by(|&a, &b| {
            let ((tier_a, path_a), (tier_b, path_b)) = (places[a], places[b]);
            tier_a.cmp(&tier_b).then_with(|| version::newest_first(path_a, path_b))
        });
        let mut ranks = vec![0; places.len()];
        for (rank, &place) in (0_u32..).zip(&sorted) {
            ranks[place] = rank;
        }
        let found: Vec<(Tier, u32)> =
            place_of.iter().map(|&place| (places[place].0, ranks[place])).collect();
        for (dir, (tier, rank)) in self.dirs.iter_mut().zip(found) {
            (dir.rank, dir.tier) = (rank, tier);
        }
        ranks.len()
    }

    /// Distributes the entries by the rank of their directory, then sorts within each.
    fn sort_entries(&mut self, ranks: usize) {
        let rank = |entry: &Entry| self.dirs[entry.dir as usize].rank as usize;
        let mut starts = vec![0_usize; ranks + 1];
        for entry in &self.entries {
            starts[rank(entry) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut places = vec![0_u32; self.entries.len()];
        for (at, entry) in (0_u32..).zip(&self.entries) {
            let slot = &mut next[rank(entry)];
            places[*slot] = at;
            *slot += 1;
        }
        let mut keyed = Vec::new();
        for bounds in starts.windows(2) {
            self.sort_names(&mut places[bounds[0]..bounds[1]], &mut keyed);
        }
        let mut entries: Vec<Option<Entry>> = Vec::new();
        entries.extend(std::mem::take(&mut self.entries).into_iter().map(Some));
        self.entries = places.iter().filter_map(|&at| entries[at as usize].take()).collect();
    }

    /// Sorts some entries, given their places, by name, newest first.
    ///
    /// PERF: by keys that were made once, each with the place in its lowest bits; names are compared where keys are equal.
    fn sort_names(&self, places: &mut [u32], keyed: &mut Vec<u128>) {
        let [first, _, ..] = *places else { return };
        let name = |at: u32| self.name(&self.entries[at as usize]);
        let shared = |common: usize, &at: &u32| shared_prefix(&name(first)[..common], name(at));
        let common = places.iter().fold(name(first).len(), shared);
        let place = |key: u128| u32::try_from(key & u128::from(u32::MAX)).unwrap_or(u32::MAX);
        let entry = |key: u128| &self.entries[place(key) as usize];
        keyed.clear();
        keyed.extend(places.iter().map(|&at| version::sort_key(name(at), common) | u128::from(at)));
        keyed.sort_unstable_by(|&a, &b| {
            (a >> u32::BITS).cmp(&(b >> u32::BITS)).then_with(|| {
                let (a, b) = (entry(a), entry(b));
                version::newest_first(self.name(a), self.name(b))
                    .then_with(|| a.dir.cmp(&b.dir))
                    .then_with(|| b.mtime.cmp(&a.mtime))
                    .then_with(|| a.size.cmp(&b.size))
            })
        });
        for (at, &mut key) in places.iter_mut().zip(keyed) {
            *at = place(key);
        }
    }

    fn slice(&self, start: u32, length: u16) -> &[u8] {
        &self.text[start as usize..start as usize + usize::from(length)]
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        self.slice(entry.name_start, entry.name_len)
    }

    fn path(&self, dir: &Dir) -> &[u8] {
        self.slice(dir.path_start, dir.path_len)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The mirrors with their counts.
    pub fn mirrors(&self) -> &[IndexedMirror] {
        &self.mirrors
    }

    /// First entry of each tier, then the number of entries.
    pub fn tier_starts(&self) -> [u64; TIERS + 1] {
        self.tier_starts
    }

    /// The number of the mirror of entry `at`, within [`Self::mirrors`].
    pub fn mirror(&self, at: usize) -> u32 {
        self.dirs[self.entries[at].dir as usize].mirror
    }

    /// Size, time and kind of entry `at`.
    pub fn facts(&self, at: usize) -> Facts {
        let Entry { size, mtime, is_dir, .. } = self.entries[at];
        Facts { size, mtime, is_dir }
    }

    /// Puts the paths of some entries into `lines`, replacing what was there.
    pub fn lines(&self, entries: Range<usize>, lines: &mut Lines) {
        lines.clear();
        for entry in &self.entries[entries] {
            let dir = self.path(&self.dirs[entry.dir as usize]);
            let slash: &[u8] = if dir.is_empty() { b"" } else { b"/" };
            lines.push([dir, slash, self.name(entry)]);
        }
    }
}
