//! An opened index.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};

use super::generation;
use super::mirrors::{IndexedMirror, MirrorTable};
use super::part::Part;
use super::record::FileRecord;
use super::search::Tools;

/// One state of the index, opened for searching. Share it in an `Arc`; replace it after a build by
/// opening again.
pub struct Index {
    list: PathBuf,
    built_at: i64,
    mirrors: MirrorTable,
    /// Smallest first: large parts are package pools.
    parts: Vec<Part>,
    /// Buffers of searches that are over.
    tools: Mutex<Vec<Tools>>,
}

/// What an operator wants to know of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexStats {
    /// Files and directories.
    pub paths: u64,
    /// Of these, directories.
    pub dirs: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes on disk for each path.
    pub bytes_per_path: f64,
    /// Blocks of 32 paths.
    pub blocks: u32,
    /// Parts that are written and replaced as a whole.
    pub parts: usize,
    /// When it was built or updated, Unix seconds.
    pub built_at: i64,
    /// The mirrors with their counts, by id.
    pub mirrors: Vec<IndexedMirror>,
    /// The list of its parts.
    pub list: PathBuf,
}

impl Index {
    /// Opens the current state of an index directory.
    ///
    /// # Errors
    /// When no index was built there, or its files are missing, cut short or of another version.
    /// Damage inside a file shows only in [`Self::verify`] and in searches, which skip it.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        // A builder may remove parts between reading their list and opening them.
        let mut before = None;
        loop {
            let Some(list) = generation::current(root)? else {
                bail!("there is no index in {}: run `mingjing index build`", root.display());
            };
            match Self::open_list(root, &list) {
                Ok(index) => return Ok(index),
                Err(error) if before.as_ref() == Some(&list) => {
                    return Err(error)
                        .with_context(|| format!("cannot open the index in {}", root.display()));
                }
                Err(_) => before = Some(list),
            }
        }
    }

    fn open_list(root: &Path, list: &Path) -> anyhow::Result<Self> {
        let generation = generation::read(list)?;
        let open = |name: &String| Part::open(&root.join(name));
        let mut parts: Vec<Part> =
            generation.parts.iter().map(open).collect::<anyhow::Result<_>>()?;
        parts.sort_by_key(|part| part.info().entries);
        let mirrors = parts.iter().flat_map(|part| part.info().mirrors.iter().cloned());
        Ok(Self {
            list: list.to_owned(),
            built_at: generation.built_at,
            mirrors: MirrorTable::from_indexed(merge(mirrors.collect())),
            parts,
            tools: Mutex::default(),
        })
    }

    /// Sizes, counts and age.
    pub fn stats(&self) -> IndexStats {
        let sum = |count: fn(&Part) -> u64| self.parts.iter().map(count).sum::<u64>();
        let (paths, bytes) = (sum(|part| part.info().entries), sum(Part::bytes));
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let bytes_per_path = bytes as f64 / paths.max(1) as f64;
        IndexStats {
            paths,
            dirs: sum(|part| part.info().dirs),
            bytes,
            bytes_per_path,
            blocks: self.parts.iter().map(|part| part.names().len()).sum(),
            parts: self.parts.len(),
            built_at: self.built_at,
            mirrors: self.mirrors.all().to_vec(),
            list: self.list.clone(),
        }
    }

    /// Reads every file once so that the first queries find them in memory. Returns the bytes read.
    pub fn warm(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for part in &self.parts {
            for file in std::fs::read_dir(part.dir())? {
                bytes += io::copy(&mut std::fs::File::open(file?.path())?, &mut io::sink())?;
            }
        }
        Ok(bytes)
    }

    /// Reads everything: compares the checksums of the inverted index and decodes every block.
    pub fn verify(&self) -> anyhow::Result<()> {
        self.parts.iter().try_for_each(Part::verify)
    }

    /// Every file and directory, in no particular order.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn entries(&self, visit: &mut dyn FnMut(FileRecord)) -> anyhow::Result<()> {
        let mut each = |entry| {
            visit(entry);
            Ok(())
        };
        self.parts.iter().try_for_each(|part| part.entries(&mut each))
    }

    /// When a mirror was looked at for the index, Unix seconds; `None` when it is not in it.
    pub fn seen_at(&self, id: &str) -> Option<i64> {
        self.mirrors.get(self.mirrors.by_id(id)?).map(|mirror| mirror.seen_at)
    }

    /// Whether the index holds a mirror of this id.
    pub fn has_mirror(&self, id: &str) -> bool {
        self.mirrors.by_id(id).is_some()
    }

    pub(super) fn mirrors(&self) -> &MirrorTable {
        &self.mirrors
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Buffers for one search.
    pub(super) fn take_tools(&self) -> Tools {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Gives buffers back.
    pub(super) fn return_tools(&self, tools: Tools) {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).push(tools);
    }
}

/// Adds up the mirrors of several parts.
fn merge(mut mirrors: Vec<IndexedMirror>) -> Vec<IndexedMirror> {
    mirrors.sort_by(|a, b| a.id.cmp(&b.id));
    mirrors.dedup_by(|next, mirror| {
        let is_same = next.id == mirror.id && next.prefix == mirror.prefix;
        mirror.paths += if is_same { next.paths } else { 0 };
        mirror.seen_at = if is_same { mirror.seen_at.min(next.seen_at) } else { mirror.seen_at };
        is_same
    });
    mirrors
}
