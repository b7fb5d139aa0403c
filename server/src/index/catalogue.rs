//! All entries of an index in memory, gathered from records and put into rank order.

use std::collections::HashMap;

use super::block::{Facts, Lines};
use super::fold;
use super::mirrors::MirrorTable;
use super::order::{self, Census, TIERS, Tier};
use super::record::{self, FileRecord};

struct Entry {
    dir: u32,
    name_start: usize,
    name_len: u16,
    mirror: u32,
    facts: Facts,
}

struct Dir {
    path: Box<[u8]>,
    mirror: Option<u32>,
    census: Census,
    /// Place in the rank order; directories of one hash tree share it.
    rank: u32,
    /// Newest file below, for directories that no record names.
    newest: i64,
    /// A record named the directory itself.
    recorded: bool,
    tier: Tier,
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

/// Every entry, with directory names stored once.
#[derive(Default)]
pub struct Catalogue {
    dirs: Vec<Dir>,
    dir_numbers: HashMap<Box<[u8]>, u32>,
    last_dir: Option<u32>,
    names: Vec<u8>,
    entries: Vec<Entry>,
    /// First entry of each tier, plus the number of entries.
    tier_starts: [u64; TIERS + 1],
    /// What happened to the records so far.
    pub intake: Intake,
}

impl Catalogue {
    /// Takes one record.
    pub fn add(&mut self, record: &FileRecord, mirrors: &mut MirrorTable) {
        let Ok(path) = record::clean_path(&record.path) else {
            self.intake.bad_paths += 1;
            return;
        };
        if path.split(|&byte| byte == b'/').any(record::is_in_flight) {
            self.intake.in_flight += 1;
            return;
        }
        if record.is_dir && order::is_hash_dir(path) {
            self.intake.hash_dirs += 1;
            return;
        }
        let (dir, name) = record::split_name(path);
        let Some(dir_number) = self.dir_number(dir, mirrors) else {
            self.intake.bad_paths += 1;
            return;
        };
        // The mirror's own directory belongs to it too, though its parent does not.
        let parent = self.dirs[dir_number as usize].mirror;
        let mirror =
            if record.is_dir || parent.is_none() { mirrors.resolve_or_add(path) } else { parent };
        let Some(mirror) = mirror else {
            self.intake.outside += 1;
            return;
        };
        let facts = Facts {
            size: if record.is_dir { 0 } else { record.size },
            mtime: record.mtime,
            is_dir: record.is_dir,
        };
        if record.is_dir {
            if let Some(number) = self.dir_number(path, mirrors) {
                self.dirs[number as usize].recorded = true;
            }
        } else {
            let dir = &mut self.dirs[dir_number as usize];
            dir.census.add(&fold::fold(name));
            dir.newest = dir.newest.max(record.mtime);
        }
        self.push(dir_number, name, mirror, facts);
    }

    fn push(&mut self, dir: u32, name: &[u8], mirror: u32, facts: Facts) {
        let name_start = self.names.len();
        self.names.extend_from_slice(name);
        // Paths are at most 4096 bytes long.
        let name_len = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.entries.push(Entry { dir, name_start, name_len, mirror, facts });
    }

    /// The number of a directory, new or known. Records come directory by directory, so the last
    /// answer is usually right.
    fn dir_number(&mut self, path: &[u8], mirrors: &mut MirrorTable) -> Option<u32> {
        if let Some(last) = self.last_dir
            && *self.dirs[last as usize].path == *path
        {
            return Some(last);
        }
        let number = if let Some(&number) = self.dir_numbers.get(path) {
            number
        } else {
            let number = u32::try_from(self.dirs.len()).ok()?;
            self.dir_numbers.insert(path.into(), number);
            self.dirs.push(Dir {
                path: path.into(),
                mirror: if path.is_empty() { None } else { mirrors.resolve_or_add(path) },
                census: Census::default(),
                rank: 0,
                newest: i64::MIN,
                recorded: false,
                tier: 0,
            });
            number
        };
        self.last_dir = Some(number);
        Some(number)
    }

    /// Adds directories that were never named, sorts everything into rank order and counts per
    /// mirror.
    pub fn finish(&mut self, mirrors: &mut MirrorTable) {
        self.derive_dirs(mirrors);
        self.rank_dirs();
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| {
            let rank = |entry: &Entry| self.dirs[entry.dir as usize].rank;
            rank(a)
                .cmp(&rank(b))
                .then_with(|| order::newest_first(self.name(a), self.name(b)))
                .then_with(|| a.dir.cmp(&b.dir))
                .then_with(|| b.facts.mtime.cmp(&a.facts.mtime))
                .then_with(|| a.facts.size.cmp(&b.facts.size))
        });
        let before = entries.len();
        entries.dedup_by(|a, b| a.dir == b.dir && self.name(a) == self.name(b));
        self.intake.duplicates = (before - entries.len()) as u64;
        self.entries = entries;
        self.intake.entries = self.entries.len() as u64;
        self.intake.dirs = self.entries.iter().filter(|entry| entry.facts.is_dir).count() as u64;
        for entry in &self.entries {
            mirrors.count(entry.mirror, 1);
        }
        for tier in 0..=TIERS {
            let start = self
                .entries
                .partition_point(|entry| usize::from(self.dirs[entry.dir as usize].tier) < tier);
            self.tier_starts[tier] = start as u64;
        }
    }

    /// Adds an entry for each directory that holds something but has no record of its own; it is
    /// as old as the newest file below it.
    fn derive_dirs(&mut self, mirrors: &mut MirrorTable) {
        let mut parents = Vec::with_capacity(self.dirs.len());
        while let Some(dir) = self.dirs.get(parents.len()) {
            let path = dir.path.clone();
            let (above, _) = record::split_name(&path);
            let parent = self.dir_number(above, mirrors);
            parents.push(parent.filter(|_| !path.is_empty()));
        }
        let mut deepest_first: Vec<usize> = (0..self.dirs.len()).collect();
        deepest_first.sort_unstable_by_key(|&at| std::cmp::Reverse(self.dirs[at].path.len()));
        for at in deepest_first {
            let Some(parent) = parents[at] else {
                continue;
            };
            let newest = self.dirs[at].newest;
            let above = &mut self.dirs[parent as usize];
            above.newest = above.newest.max(newest);
            let dir = &self.dirs[at];
            if dir.recorded || order::is_hash_dir(&dir.path) {
                continue;
            }
            if let Some(mirror) = dir.mirror {
                let path = dir.path.clone();
                let (_, name) = record::split_name(&path);
                let mtime = if newest == i64::MIN { 0 } else { newest };
                let facts = Facts { size: 0, mtime, is_dir: true };
                self.intake.derived_dirs += 1;
                self.push(parent, name, mirror, facts);
            }
        }
    }

    /// Numbers the directories in rank order; those of one hash tree get the same number.
    fn rank_dirs(&mut self) {
        for dir in &mut self.dirs {
            dir.tier = order::tier(&fold::fold(&dir.path), dir.census);
        }
        let keys: Vec<(Tier, &[u8])> =
            self.dirs.iter().map(|dir| (dir.tier, order::sort_dir(&dir.path))).collect();
        let mut sorted: Vec<usize> = (0..self.dirs.len()).collect();
        sorted.sort_unstable_by(|&a, &b| {
            let ((tier_a, path_a), (tier_b, path_b)) = (keys[a], keys[b]);
            tier_a.cmp(&tier_b).then_with(|| order::newest_first(path_a, path_b))
        });
        let mut ranks = vec![0; self.dirs.len()];
        let mut rank = 0;
        for pair in sorted.windows(2) {
            rank += u32::from(keys[pair[0]] != keys[pair[1]]);
            ranks[pair[1]] = rank;
        }
        for (dir, rank) in self.dirs.iter_mut().zip(ranks) {
            dir.rank = rank;
        }
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.names[entry.name_start..entry.name_start + usize::from(entry.name_len)]
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// First entry of each tier, then the number of entries.
    pub fn tier_starts(&self) -> [u64; TIERS + 1] {
        self.tier_starts
    }

    /// The mirror of entry `at`.
    pub fn mirror(&self, at: usize) -> u32 {
        self.entries[at].mirror
    }

    /// Size, time and kind of entry `at`.
    pub fn facts(&self, at: usize) -> Facts {
        self.entries[at].facts
    }

    /// Puts the paths of some entries into `lines`, replacing what was there.
    pub fn lines(&self, entries: std::ops::Range<usize>, lines: &mut Lines) {
        lines.clear();
        for entry in &self.entries[entries] {
            let dir = &*self.dirs[entry.dir as usize].path;
            let slash: &[u8] = if dir.is_empty() { b"" } else { b"/" };
            lines.push([dir, slash, self.name(entry)]);
        }
    }
}
