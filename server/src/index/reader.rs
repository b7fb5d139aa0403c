//! An opened index.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::generation::{self, Info};
use super::mirrors::{IndexedMirror, MirrorTable};
use super::names::Names;
use super::order::Tier;
use super::postings::Postings;

/// One generation of the index, opened for searching. Share it in an `Arc`; replace it after a
/// build by opening again.
pub struct Index {
    dir: PathBuf,
    info: Info,
    mirrors: MirrorTable,
    names: Names,
    postings: Postings,
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
    /// When it was built, Unix seconds.
    pub built_at: i64,
    /// The mirrors with their counts.
    pub mirrors: Vec<IndexedMirror>,
    /// The generation's directory.
    pub dir: PathBuf,
}

impl Index {
    /// Opens the current generation of an index directory.
    ///
    /// # Errors
    /// When no index was built there, or its files are missing, cut short or of another version.
    /// Damage inside a file shows only in [`Self::verify`] and in searches, which skip it.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        // A builder may remove the generation between reading its name and opening its files.
        let mut before = None;
        loop {
            let Some(dir) = generation::current(root)? else {
                bail!("there is no index in {}: run `mingjing index build`", root.display());
            };
            match Self::open_generation(&dir) {
                Ok(index) => return Ok(index),
                Err(error) if before.as_ref() == Some(&dir) => {
                    return Err(error)
                        .with_context(|| format!("cannot open the index in {}", root.display()));
                }
                Err(_) => before = Some(dir),
            }
        }
    }

    fn open_generation(dir: &Path) -> anyhow::Result<Self> {
        let info = generation::read_info(dir)?;
        let names = Names::open(dir, info.entries, info.longest_block)?;
        let postings = Postings::open(dir, names.len())?;
        Ok(Self {
            dir: dir.to_owned(),
            mirrors: MirrorTable::from_indexed(info.mirrors.clone()),
            info,
            names,
            postings,
        })
    }

    /// Sizes, counts and age.
    pub fn stats(&self) -> IndexStats {
        let bytes = self.info.bytes();
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let bytes_per_path = bytes as f64 / self.info.entries.max(1) as f64;
        IndexStats {
            paths: self.info.entries,
            dirs: self.info.dirs,
            bytes,
            bytes_per_path,
            blocks: self.names.len(),
            built_at: self.info.built_at,
            mirrors: self.info.mirrors.clone(),
            dir: self.dir.clone(),
        }
    }

    /// Reads every file once so that the first queries find them in memory. Returns the bytes read.
    pub fn warm(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for file in std::fs::read_dir(&self.dir)? {
            bytes += io::copy(&mut std::fs::File::open(file?.path())?, &mut io::sink())?;
        }
        Ok(bytes)
    }

    /// Reads everything: compares the checksums of the inverted index and decodes every block.
    pub fn verify(&self) -> anyhow::Result<()> {
        self.postings.verify()?;
        let mut cursor = self.names.cursor()?;
        for block in 0..self.names.len() {
            cursor
                .read(block)
                .and_then(|()| cursor.facts(0))
                .with_context(|| format!("block {block} of {}", self.dir.display()))?;
        }
        Ok(())
    }

    /// Whether the index holds a mirror of this id.
    pub fn has_mirror(&self, id: &str) -> bool {
        self.mirrors.by_id(id).is_some()
    }

    pub(super) fn mirrors(&self) -> &MirrorTable {
        &self.mirrors
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    pub(super) fn postings(&self) -> &Postings {
        &self.postings
    }

    /// The tier of an entry, given its place in the static rank.
    pub(super) fn tier(&self, entry: u64) -> Tier {
        let starts = &self.info.tier_starts;
        let above = starts[1..].iter().filter(|&&start| start <= entry).count();
        Tier::try_from(above).unwrap_or(Tier::MAX)
    }
}
