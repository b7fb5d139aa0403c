//! Building an index from records.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::block::{self, BLOCK_LEN, Facts, Lines};
use super::catalogue::{Catalogue, Intake};
use super::fold;
use super::generation::{Draft, Info};
use super::gram::GramSet;
use super::mirrors::MirrorTable;
use super::names::{self, NamesWriter};
use super::postings::PostingsWriter;
use super::record::FileRecord;

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Records read so far; how many there will be is not known.
    Reading(u64),
    /// All records are read and being sorted; the number of records.
    Sorting(u64),
    /// Entries written, of all.
    Writing(u64, u64),
    /// Everything is written and being synced to disk.
    Syncing,
}

/// What a build did.
#[derive(Clone, Debug)]
pub struct BuildReport {
    /// The generation that is now current.
    pub dir: PathBuf,
    /// What happened to the records.
    pub intake: Intake,
    /// Blocks of 32 entries.
    pub blocks: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Time spent reading records, sorting, and writing with sync.
    pub took: [Duration; 3],
}

/// Tells about progress every so many records.
const REPORT_EVERY: u64 = 1 << 14;

/// Builds an index of `records` and makes it the current generation of `dir`.
///
/// `mirrors` are pairs of id and path prefix (`debian`, `gitrepos/rosdistro`); records below none
/// are left out and counted. An empty list makes every first path segment a mirror. Directories
/// that no record names are added. `now` is the time to write into the index, in Unix seconds.
///
/// # Errors
/// When a record is an error, another build is running, or the disk fails. The old index stays.
pub fn build(
    dir: &Path,
    mirrors: &[(String, String)],
    records: impl Iterator<Item = anyhow::Result<FileRecord>>,
    now: i64,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<BuildReport> {
    let started = Instant::now();
    // Lock first: a second builder should fail before it has walked the disk.
    let draft = Draft::start(dir)?;
    let mut table = MirrorTable::new(mirrors);
    let mut catalogue = Catalogue::default();
    let mut read = 0;
    for record in records {
        catalogue.add(&record?, &mut table);
        read += 1;
        if read % REPORT_EVERY == 0 {
            progress(Progress::Reading(read));
        }
    }
    let reading = started.elapsed();
    progress(Progress::Sorting(read));
    catalogue.finish(&mut table);
    let sorted = started.elapsed();

    let longest = write(&draft.dir, &catalogue, progress)
        .with_context(|| format!("cannot write the index in {}", dir.display()))?;
    progress(Progress::Syncing);
    let info =
        Info::new(now, &catalogue.intake, catalogue.tier_starts(), longest, table.all().to_vec());
    let (bytes, published) = draft
        .publish(info)
        .with_context(|| format!("cannot publish the index in {}", dir.display()))?;
    Ok(BuildReport {
        dir: published,
        intake: catalogue.intake,
        blocks: catalogue.len().div_ceil(BLOCK_LEN) as u64,
        bytes,
        took: [reading, sorted.saturating_sub(reading), started.elapsed().saturating_sub(sorted)],
    })
}

/// Writes names and postings, each on its own thread. Returns the longest block.
fn write(
    dir: &Path,
    catalogue: &Catalogue,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<usize> {
    std::thread::scope(|scope| {
        let names = scope.spawn(|| write_names(dir, catalogue));
        write_postings(dir, catalogue, progress)?;
        names.join().map_err(|_| anyhow::anyhow!("the thread that writes names panicked"))?
    })
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
            block::encode_names(&lines, &mut encoded);
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
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<()> {
    let mut writer = PostingsWriter::create(dir)?;
    let mut grams = GramSet::default();
    let mut lines = Lines::default();
    let (mut line, mut before) = (Vec::new(), Vec::new());
    let entries = catalogue.len() as u64;
    let mut done = 0;
    for block in blocks(catalogue) {
        catalogue.lines(block.clone(), &mut lines);
        before.clear();
        for (number, entry) in block.enumerate() {
            line.clear();
            fold::fold_into(lines.line(number), &mut line);
            let shared = block::shared_prefix(&before, &line);
            grams.add_line(&line, shared, catalogue.facts(entry).is_dir, catalogue.mirror(entry));
            std::mem::swap(&mut line, &mut before);
        }
        writer.add(grams.drain_text())?;
        done += lines.len() as u64;
        if done % REPORT_EVERY < BLOCK_LEN as u64 {
            progress(Progress::Writing(done, entries));
        }
    }
    writer.finish()
}
