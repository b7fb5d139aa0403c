//! Distributes records over catalogues, one for each mirror, and says which of them may be written.
//!
//! Records usually come mirror by mirror. A mirror that has not been heard of for a while is taken
//! for complete, so that it can be written while others are read, and need not stay in memory.

use std::collections::HashMap;

use super::block::Facts;
use super::catalogue::{Catalogue, Intake};
use super::mirrors::{IndexedMirror, MirrorTable};
use super::order;
use super::record::{self, FileRecord};

/// Entries of a part, but for the last one and for large mirrors. An update writes a whole part,
/// and a search looks into each: a million take two seconds to write.
pub const PART_LEN: usize = 1 << 20;

/// Entries of a part of a large index: its parts grow with what was read before them, since a search for what is rare or
/// nowhere asks them all. Three such parts are in memory at a time.
const MAX_PART_LEN: usize = 4 << 20;
/// Entries read before parts grow, in parts.
const GROWS_AFTER: u64 = 16;

/// After so many records of others, a mirror is taken for complete.
const COLD_AFTER: u64 = 1 << 18;

/// Records between two looks for complete mirrors.
const LOOK_EVERY: u64 = 1 << 15;

struct Slot {
    catalogue: Catalogue,
    /// The number of the record that came last.
    last: u64,
}

/// The catalogues that records go to.
pub struct Gather {
    mirrors: MirrorTable,
    /// When mirrors were seen whose entries come from an older index, by id.
    pub ages: HashMap<String, i64>,
    now: i64,
    /// By mirror number.
    open: Vec<Option<Slot>>,
    /// Directory and mirror of the last file: the next one is usually its neighbour.
    last_dir: Vec<u8>,
    last_mirror: Option<u32>,
    /// Records taken so far.
    pub taken: u64,
    /// What happened to records that reached no catalogue.
    pub intake: Intake,
}

impl Gather {
    /// See [`super::build`] for `mirrors` and `now`.
    pub fn new(mirrors: &[(String, String)], now: i64) -> Self {
        Self {
            mirrors: MirrorTable::new(mirrors),
            ages: HashMap::new(),
            now,
            open: Vec::new(),
            last_dir: Vec::new(),
            last_mirror: None,
            taken: 0,
            intake: Intake::default(),
        }
    }

    /// Takes one record.
    pub fn add(&mut self, record: &FileRecord) {
        self.taken += 1;
        let Ok(path) = record::clean_path(&record.path) else {
            self.intake.bad_paths += 1;
            return;
        };
        let (dir, name) = record::split_name(path);
        let is_neighbour = self.last_mirror.is_some() && dir == self.last_dir;
        let in_flight = record::is_in_flight(name)
            || !is_neighbour && dir.split(|&byte| byte == b'/').any(record::is_in_flight);
        if in_flight {
            self.intake.in_flight += 1;
            return;
        }
        if record.is_dir && order::is_hash_dir(path) {
            self.intake.hash_dirs += 1;
            return;
        }
        let mirror = if is_neighbour && !record.is_dir {
            self.last_mirror
        } else {
            self.mirrors.resolve_or_add(path)
        };
        let Some(mirror) = mirror else {
            self.intake.outside += 1;
            return;
        };
        // A file directly in a folder that mirrors lie in may be a mirror of its own.
        if !record.is_dir && !is_neighbour && self.mirrors.resolve(dir) == Some(mirror) {
            self.last_dir.clear();
            self.last_dir.extend_from_slice(dir);
            self.last_mirror = Some(mirror);
        }
        let size = if record.is_dir { 0 } else { record.size };
        let facts = Facts { size, mtime: record.mtime, is_dir: record.is_dir };
        let taken = self.taken;
        let slot = self.slot(mirror);
        slot.last = taken;
        slot.catalogue.add(dir, name, facts);
    }

    fn slot(&mut self, mirror: u32) -> &mut Slot {
        let at = mirror as usize;
        if self.open.len() <= at {
            self.open.resize_with(at + 1, || None);
        }
        let (mirrors, ages, now) = (&self.mirrors, &self.ages, self.now);
        self.open[at].get_or_insert_with(|| {
            let (id, prefix) =
                mirrors.get(mirror).map_or(("", ""), |mirror| (&mirror.id, &mirror.prefix));
            let seen_at = ages.get(id).copied().unwrap_or(now);
            Slot { catalogue: Catalogue::new(IndexedMirror::new(id, prefix, seen_at)), last: 0 }
        })
    }

    fn part_len(&self) -> usize {
        let grown = usize::try_from(self.taken / GROWS_AFTER).unwrap_or(MAX_PART_LEN);
        grown.clamp(PART_LEN, MAX_PART_LEN)
    }

    /// Mirrors that make a part and seem to be complete. To be asked after every record.
    pub fn ready(&mut self) -> Option<Catalogue> {
        if !self.taken.is_multiple_of(LOOK_EVERY) {
            return None;
        }
        let is_full = |slot: &Slot| slot.catalogue.is_full();
        if let Some(full) = self.open.iter_mut().find(|slot| slot.as_ref().is_some_and(is_full)) {
            return full.take().map(|slot| Self::part(vec![slot.catalogue]));
        }
        let taken = self.taken;
        let cold = |slot: &Slot| slot.last + COLD_AFTER < taken;
        let sizes = self.open.iter().flatten().filter(|slot| cold(slot));
        let enough = sizes.map(|slot| slot.catalogue.len()).sum::<usize>() >= self.part_len();
        enough.then(|| self.pack(cold)).flatten()
    }

    /// What is left, part by part.
    pub fn rest(&mut self) -> Option<Catalogue> {
        self.pack(|_| true)
    }

    /// Takes mirrors until they make a part: a large one alone, or small ones together.
    fn pack(&mut self, allowed: impl Fn(&Slot) -> bool) -> Option<Catalogue> {
        let mut sizes: Vec<(usize, usize)> = (0..)
            .zip(&self.open)
            .filter_map(|(at, slot)| slot.as_ref().map(|slot| (at, slot)))
            .filter(|(_, slot)| allowed(slot))
            .map(|(at, slot)| (slot.catalogue.len(), at))
            .collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let part_len = self.part_len();
        let mut sum = 0;
        let mut taken = Vec::new();
        for (size, at) in sizes {
            if sum > 0 && sum + size > part_len {
                continue;
            }
            sum += size;
            taken.extend(self.open[at].take().map(|slot| slot.catalogue));
        }
        (!taken.is_empty()).then(|| Self::part(taken))
    }

    fn part(catalogues: Vec<Catalogue>) -> Catalogue {
        let derived = catalogues.into_iter().map(|mut catalogue| {
            catalogue.derive_dirs();
            catalogue
        });
        let whole = derived.reduce(|mut whole, catalogue| {
            whole.absorb(catalogue);
            whole
        });
        whole.unwrap_or_default()
    }
}
