//! Which mirror a path belongs to.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A mirror as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedMirror {
    /// The mirror's id, as in `content/mirrors/<id>/`.
    pub id: String,
    /// Its path below the root without slashes at the ends, e.g. `gitrepos/rosdistro`.
    pub prefix: String,
    /// Files and directories indexed under it.
    pub paths: u64,
    /// When its entries were gathered, Unix seconds: what changed later is not in the index.
    pub seen_at: i64,
}

impl IndexedMirror {
    /// A mirror without entries.
    pub fn new(id: &str, prefix: &str, seen_at: i64) -> Self {
        Self { id: id.to_owned(), prefix: prefix.to_owned(), paths: 0, seen_at }
    }
}

/// Finds the mirror with the longest prefix of a path.
#[derive(Debug, Default)]
pub struct MirrorTable {
    mirrors: Vec<IndexedMirror>,
    by_prefix: HashMap<Vec<u8>, u32>,
    /// Most segments any prefix has, so that a lookup tries no more.
    depth: usize,
    /// No list was given: every first segment becomes a mirror when it is first seen.
    open: bool,
}

impl MirrorTable {
    /// A table of (id, prefix) pairs. An empty list means "every first path segment is a mirror".
    pub fn new(mirrors: &[(String, String)]) -> Self {
        let mut table = Self { open: mirrors.is_empty(), ..Self::default() };
        for (id, prefix) in mirrors {
            table.push(IndexedMirror::new(id, prefix.trim_matches('/'), 0));
        }
        table
    }

    /// The table a finished index was built with.
    pub fn from_indexed(mirrors: Vec<IndexedMirror>) -> Self {
        let mut table = Self::default();
        for mirror in mirrors {
            table.push(mirror);
        }
        table
    }

    fn push(&mut self, mirror: IndexedMirror) -> u32 {
        let number = u32::try_from(self.mirrors.len()).unwrap_or(u32::MAX);
        self.depth = self.depth.max(1 + mirror.prefix.matches('/').count());
        self.by_prefix.insert(mirror.prefix.clone().into_bytes(), number);
        self.mirrors.push(mirror);
        number
    }

    /// All mirrors, in the order of their numbers.
    pub fn all(&self) -> &[IndexedMirror] {
        &self.mirrors
    }

    /// The mirror with this number.
    pub fn get(&self, number: u32) -> Option<&IndexedMirror> {
        self.mirrors.get(number as usize)
    }

    /// The number of the mirror with this id, upper and lower case being equal.
    pub fn by_id(&self, id: &str) -> Option<u32> {
        let found = self.mirrors.iter().position(|mirror| mirror.id.eq_ignore_ascii_case(id))?;
        u32::try_from(found).ok()
    }

    /// The number of the mirror that holds `path`; the longest prefix wins.
    pub fn resolve(&self, path: &[u8]) -> Option<u32> {
        let mut found = None;
        for end in memchr::memchr_iter(b'/', path).chain([path.len()]).take(self.depth) {
            if let Some(&number) = self.by_prefix.get(&path[..end]) {
                found = Some(number);
            }
        }
        found
    }

    /// Like [`Self::resolve`], adding a mirror for a new first segment when no list was given.
    pub fn resolve_or_add(&mut self, path: &[u8]) -> Option<u32> {
        let found = self.resolve(path);
        if found.is_some() || !self.open {
            return found;
        }
        let first = path.split(|&byte| byte == b'/').next()?;
        let name = std::str::from_utf8(first).ok()?.to_owned();
        Some(self.push(IndexedMirror::new(&name, &name, 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins_and_segments_are_whole() {
        let pair = |id: &str, prefix: &str| (id.to_owned(), prefix.to_owned());
        let table = MirrorTable::new(&[
            pair("git", "git"),
            pair("ros", "git/ros"),
            pair("debian", "debian"),
        ]);
        assert_eq!(table.resolve(b"git/ros/a"), Some(1));
        assert_eq!(table.resolve(b"git/ros"), Some(1));
        assert_eq!(table.resolve(b"git/rosdistro"), Some(0));
        assert_eq!(table.resolve(b"debian-cd/a"), None);
        assert_eq!(table.by_id("Debian"), Some(2));
    }
}
