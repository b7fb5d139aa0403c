//! One part of the index: some mirrors in a folder of their own, written once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::block::{self, BLOCK_LEN, Facts, Lines};
use super::catalogue::{Catalogue, Intake};
use super::filter::Filter;
use super::fold;
use super::gram::{Gram, GramSet};
use super::mirrors::IndexedMirror;
use super::names::{self, Names, NamesWriter, Scratch};
use super::order::{TIERS, Tier};
use super::postings::{Postings, PostingsWriter};
use super::record::FileRecord;

/// Raised when the files change meaning.
pub const FORMAT: u32 = 3;
const INFO_FILE: &str = "info.json";

/// What a part says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Info {
    format: u32,
    /// Files and directories in it.
    pub entries: u64,
    /// Of these, directories.
    pub dirs: u64,
    /// First entry of each tier, then the number of entries.
    pub tier_starts: [u64; TIERS + 1],
    /// Longest block before compression, in bytes.
    longest_block: usize,
    /// The mirrors with their counts.
    pub mirrors: Vec<IndexedMirror>,
    /// Every other file of the part with its length in bytes.
    files: Vec<(String, u64)>,
}

/// Writes a part into an empty directory and syncs it to the disk. Returns what happened to the
/// records. `written` is told after some entries how many more there are now.
pub fn write(
    dir: &Path,
    mut catalogue: Catalogue,
    written: &(dyn Fn(usize) + Sync),
) -> anyhow::Result<Intake> {
    catalogue.finish();
    let catalogue = &catalogue;
    let longest_block = std::thread::scope(|scope| {
        let names = scope.spawn(|| write_names(dir, catalogue));
        write_postings(dir, catalogue, written)?;
        names.join().map_err(|_| anyhow::anyhow!("the thread that writes names panicked"))?
    })?;
    let intake = catalogue.intake;
    let info = Info {
        format: FORMAT,
        entries: intake.entries,
        dirs: intake.dirs,
        tier_starts: catalogue.tier_starts(),
        longest_block,
        mirrors: catalogue.mirrors().to_vec(),
        files: sync_files(dir)?,
    };
    write_synced(&dir.join(INFO_FILE), &serde_json::to_vec(&info)?)?;
    sync_dir(dir)?;
    Ok(intake)
}

/// Syncs the files of a directory and returns their names and lengths.
fn sync_files(dir: &Path) -> anyhow::Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for file in fs::read_dir(dir)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        let handle = File::open(file.path())?;
        handle.sync_all().with_context(|| format!("cannot sync {name}"))?;
        files.push((name, handle.metadata()?.len()));
    }
    files.sort();
    Ok(files)
}

/// Syncs a directory: names that were made or changed in it.
pub fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Writes a file and syncs it.
pub fn write_synced(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file =
        File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The entries of each block.
fn blocks(catalogue: &Catalogue) -> impl Iterator<Item = std::ops::Range<usize>> {
    let entries = catalogue.len();
    (0..entries).step_by(BLOCK_LEN).map(move |start| start..entries.min(start + BLOCK_LEN))
}

fn write_names(dir: &Path, catalogue: &Catalogue) -> anyhow::Result<usize> {
    let mut lines = Lines::default();
    let step = (catalogue.len() / BLOCK_LEN / names::TRAINING_BLOCKS).max(1);
    let samples: Vec<Vec<u8>> = blocks(catalogue)
        .step_by(step)
        .map(|block| {
            let mut encoded = Vec::new();
            catalogue.lines(block, &mut lines);
            block::encode_names(&lines, &mut encoded, &mut Vec::new());
            encoded
        })
        .collect();
    let mut writer = NamesWriter::create(dir, &names::train(&samples))?;
    let mut facts: Vec<Facts> = Vec::with_capacity(BLOCK_LEN);
    for block in blocks(catalogue) {
        catalogue.lines(block.clone(), &mut lines);
        facts.clear();
        facts.extend(block.map(|entry| catalogue.facts(entry)));
        writer.add(&lines, &facts)?;
    }
    writer.finish()
}

fn write_postings(
    dir: &Path,
    catalogue: &Catalogue,
    written: &(dyn Fn(usize) + Sync),
) -> anyhow::Result<()> {
    let mirrors: Vec<Gram> =
        catalogue.mirrors().iter().map(|mirror| Gram::mirror(&mirror.id)).collect();
    let mut writer = PostingsWriter::create(dir)?;
    let mut grams = GramSet::default();
    let mut lines = Lines::default();
    let (mut line, mut before) = (Vec::new(), Vec::new());
    for block in blocks(catalogue) {
        catalogue.lines(block.clone(), &mut lines);
        before.clear();
        for (number, entry) in block.enumerate() {
            line.clear();
            fold::fold_into(lines.line(number), &mut line);
            let shared = block::shared_prefix(&before, &line);
            let mirror = mirrors[catalogue.mirror(entry) as usize];
            grams.add_line(&line, shared, catalogue.facts(entry).is_dir, mirror);
            std::mem::swap(&mut line, &mut before);
        }
        writer.add(grams.drain_text())?;
        written(lines.len());
    }
    writer.finish()?;
    let postings = Postings::open(dir, u32::try_from(catalogue.len().div_ceil(BLOCK_LEN))?)?;
    Filter::new(postings.grams()?.into_iter()).write(dir)
}

/// A part, opened for searching.
pub struct Part {
    dir: PathBuf,
    info: Info,
    names: Names,
    postings: Postings,
    filter: Filter,
}

/// The one field that every version of [`Info`] has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Part {
    /// Opens a part and checks that all its files are there in full length.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(INFO_FILE);
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let damaged = || format!("{} is not the description of an index", path.display());
        let Format { format } = serde_json::from_slice(&bytes).with_context(damaged)?;
        check_format(format)?;
        let info: Info = serde_json::from_slice(&bytes).with_context(damaged)?;
        for (name, length) in &info.files {
            let path = dir.join(name);
            let found = fs::metadata(&path)
                .with_context(|| format!("the index lacks {}", path.display()))?
                .len();
            ensure!(
                found == *length,
                "{} has {found} bytes instead of {length}: build the index again",
                path.display()
            );
        }
        let names = Names::open(dir, info.entries, info.longest_block)?;
        let postings = Postings::open(dir, names.len())?;
        let filter = Filter::open(dir)?;
        Ok(Self { dir: dir.to_owned(), info, names, postings, filter })
    }

    /// What the part says about itself.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.info.files.iter().map(|(_, length)| length).sum()
    }

    /// Its blocks of names.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Its inverted index.
    pub fn postings(&self) -> &Postings {
        &self.postings
    }

    /// Whether a block of the part may hold this gram.
    pub fn may_hold(&self, gram: Gram) -> bool {
        self.filter.may_hold(gram)
    }

    /// The tier of an entry, given its place in the part.
    pub fn tier(&self, entry: u64) -> Tier {
        let above = self.info.tier_starts[1..].iter().filter(|&&start| start <= entry).count();
        Tier::try_from(above).unwrap_or(Tier::MAX)
    }

    /// The blocks that start within a tier.
    pub fn tier_blocks(&self, tier: usize) -> std::ops::Range<u32> {
        let block = |tier: usize| {
            let start = self.info.tier_starts.get(tier).copied().unwrap_or(self.info.entries);
            u32::try_from(start.div_ceil(BLOCK_LEN as u64)).unwrap_or(u32::MAX)
        };
        block(tier)..block(tier + 1)
    }

    /// Reads every entry back.
    ///
    /// # Errors
    /// A damaged block, or what `visit` fails with.
    pub fn entries(
        &self,
        visit: &mut dyn FnMut(FileRecord) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut scratch = Scratch::default();
        for block in 0..self.names.len() {
            let damaged = || format!("block {block} of {}", self.dir.display());
            self.names.read(block, &mut scratch).with_context(damaged)?;
            for line in 0..scratch.lines.len() {
                let Facts { size, mtime, is_dir } = scratch.facts(line).with_context(damaged)?;
                visit(FileRecord { path: scratch.lines.line(line).to_vec(), size, mtime, is_dir })?;
            }
        }
        Ok(())
    }

    /// Compares the checksums of the inverted index and decodes every block.
    pub fn verify(&self) -> anyhow::Result<()> {
        self.postings.verify()?;
        self.entries(&mut |_| Ok(()))
    }
}

/// Refuses files of another version.
pub fn check_format(format: u32) -> anyhow::Result<()> {
    ensure!(
        format == FORMAT,
        "the index has format {format}, this program reads {FORMAT}: build it again"
    );
    Ok(())
}
