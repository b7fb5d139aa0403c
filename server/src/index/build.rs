//! Building an index from records, whole or mirror by mirror.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::catalogue::{Catalogue, Intake};
use super::gather::{Gather, PART_LEN};
use super::generation::{self, Draft};
use super::mirrors::{IndexedMirror, MirrorTable};
use super::part::{self, Part};
use super::record::FileRecord;

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Records read so far; how many there will be is not known. Others are written meanwhile.
    Reading(u64),
    /// Entries written, of all.
    Writing(u64, u64),
    /// Everything is written.
    Done,
}

/// What a build did.
#[derive(Clone, Debug)]
pub struct BuildReport {
    /// The list of the parts that now are the index.
    pub list: PathBuf,
    /// What happened to the records, and to entries of parts that were written again.
    pub intake: Intake,
    /// Parts written.
    pub parts: usize,
    /// Bytes on disk of these parts.
    pub bytes: u64,
    /// Time spent.
    pub took: Duration,
}

/// Tells about progress every so many records.
const REPORT_EVERY: u64 = 1 << 14;

/// Tells about progress so often once everything is read.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Parts written at the same time, each on two threads; more would only take memory.
const WRITERS: usize = 2;

/// Builds an index of `records` and makes it the current one of `dir`.
///
/// `mirrors` are pairs of id and path prefix (`debian`, `gitrepos/rosdistro`); records below none
/// are left out and counted. An empty list makes every first path segment a mirror. Directories
/// that no record names are added. `now` is the time when gathering them began, in Unix seconds.
///
/// # Errors
/// When a record is an error, another build is running, or the disk fails. The old index stays.
pub fn build(
    dir: &Path,
    mirrors: &[(String, String)],
    mut records: impl Iterator<Item = anyhow::Result<FileRecord>>,
    now: i64,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<BuildReport> {
    // Lock first: a second builder should fail before it has walked the disk.
    let draft = Draft::start(dir)?;
    write_parts(&draft, mirrors, now, progress, |feeder| {
        records.try_for_each(|record| feeder.add(&record?))
    })?
    .publish(draft, Vec::new(), now, progress)
}

/// Replaces some mirrors of an index: `changed` are their ids, `records` what is in them now. Those
/// that `mirrors` no longer names go away, everything else stays. Without an index, or with one
/// that cannot be read, only the changed mirrors will be in it.
///
/// # Errors
/// As [`build`].
pub fn update(
    dir: &Path,
    mirrors: &[(String, String)],
    changed: &[String],
    mut records: impl Iterator<Item = anyhow::Result<FileRecord>>,
    now: i64,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<BuildReport> {
    let draft = Draft::start(dir)?;
    let stays = |mirror: &IndexedMirror| {
        let is_known = |(id, prefix): &(String, String)| {
            *id == mirror.id && prefix.trim_matches('/') == mirror.prefix
        };
        !changed.contains(&mirror.id) && (mirrors.is_empty() || mirrors.iter().any(is_known))
    };
    let is_kept = |part: &Part| part.info().mirrors.iter().all(stays);
    let (mut kept, mut opened): (Vec<Part>, Vec<Part>) =
        open_parts(dir)?.into_iter().partition(is_kept);
    // New mirrors would otherwise make one small part each.
    kept.sort_by_key(|part| std::cmp::Reverse(part.info().entries));
    opened.extend(kept.pop_if(|part| part.info().entries < PART_LEN as u64 / 2));
    write_parts(&draft, mirrors, now, progress, |feeder| {
        for part in &opened {
            let mirrors = &part.info().mirrors;
            let ages = mirrors.iter().filter(|mirror| stays(mirror));
            feeder.gather.ages.extend(ages.map(|mirror| (mirror.id.clone(), mirror.seen_at)));
            let table = MirrorTable::from_indexed(mirrors.clone());
            let is_wanted = |path: &[u8]| {
                let mirror = table.resolve(path).and_then(|number| table.get(number));
                mirror.is_some_and(&stays)
            };
            part.entries(&mut |entry| {
                if is_wanted(&entry.path) { feeder.add(&entry) } else { Ok(()) }
            })?;
        }
        records.try_for_each(|record| feeder.add(&record?))
    })?
    .publish(draft, kept, now, progress)
}

/// The parts of the current index; none when there is none that can be read.
fn open_parts(dir: &Path) -> anyhow::Result<Vec<Part>> {
    let Some(list) = generation::current(dir)? else { return Ok(Vec::new()) };
    let open = || -> anyhow::Result<Vec<Part>> {
        generation::read(&list)?.parts.iter().map(|name| Part::open(&dir.join(name))).collect()
    };
    Ok(open().unwrap_or_else(|error| {
        tracing::warn!(error = format!("{error:#}"), "the old index is left out");
        Vec::new()
    }))
}

/// What was written.
struct Written {
    started: Instant,
    dirs: Vec<PathBuf>,
    intake: Intake,
}

impl Written {
    /// Publishes the new parts with those that are kept.
    fn publish(
        self,
        draft: Draft,
        mut parts: Vec<Part>,
        now: i64,
        progress: &mut dyn FnMut(Progress),
    ) -> anyhow::Result<BuildReport> {
        let kept = parts.len();
        for dir in &self.dirs {
            parts.push(Part::open(dir)?);
        }
        let bytes = parts[kept..].iter().map(Part::bytes).sum();
        let name = |part: &Part| part.dir().file_name().map(|name| name.to_string_lossy().into());
        let list = draft
            .publish(now, parts.iter().filter_map(name).collect())
            .context("cannot publish the index")?;
        progress(Progress::Done);
        let Self { started, dirs, intake } = self;
        Ok(BuildReport { list, intake, parts: dirs.len(), bytes, took: started.elapsed() })
    }
}

/// Takes records and hands what is complete to the writers.
struct Feeder<'a> {
    gather: Gather,
    writers: SyncSender<Catalogue>,
    failed: &'a AtomicBool,
    entries: u64,
    progress: &'a mut dyn FnMut(Progress),
}

impl Feeder<'_> {
    fn add(&mut self, record: &FileRecord) -> anyhow::Result<()> {
        self.gather.add(record);
        if self.gather.taken.is_multiple_of(REPORT_EVERY) {
            (self.progress)(Progress::Reading(self.gather.taken));
        }
        match self.gather.ready() {
            Some(catalogue) => self.write(catalogue),
            None => Ok(()),
        }
    }

    /// Waits until a writer is free.
    fn write(&mut self, catalogue: Catalogue) -> anyhow::Result<()> {
        self.entries += catalogue.len() as u64;
        let sent = self.writers.send(catalogue);
        // The reason is among the results.
        ensure!(sent.is_ok() && !self.failed.load(Ordering::Relaxed), "a part was not written");
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        while let Some(catalogue) = self.gather.rest() {
            self.write(catalogue)?;
        }
        Ok(())
    }
}

type PartResult = anyhow::Result<(PathBuf, Intake)>;

/// Writes parts on other threads while `feed` gives records.
fn write_parts(
    draft: &Draft,
    mirrors: &[(String, String)],
    now: i64,
    progress: &mut dyn FnMut(Progress),
    feed: impl FnOnce(&mut Feeder<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Written> {
    let started = Instant::now();
    let (writers, catalogues) = mpsc::sync_channel(0);
    let (results, written) = mpsc::channel::<PartResult>();
    let catalogues = Arc::new(Mutex::new(catalogues));
    let (failed, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let (catalogues, results) = (Arc::clone(&catalogues), results.clone());
            let (failed, done) = (&failed, &done);
            scope.spawn(move || write_received(draft, &catalogues, &results, failed, done));
        }
        // The writers alone hold it: should they end, nobody waits for them.
        drop((catalogues, results));
        let gather = Gather::new(mirrors, now);
        let mut feeder = Feeder { gather, writers, failed: &failed, entries: 0, progress };
        let end = feed(&mut feeder).and_then(|()| feeder.finish());
        let Feeder { gather, writers, entries, progress, .. } = feeder;
        drop(writers);
        let mut all = Written { started, dirs: Vec::new(), intake: gather.intake };
        loop {
            match written.recv_timeout(TELL_EVERY) {
                Ok(part) => {
                    let (dir, intake) = part?;
                    all.dirs.push(dir);
                    all.intake.add(&intake);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            progress(Progress::Writing(done.load(Ordering::Relaxed), entries));
        }
        end.map(|()| all)
    })
}

/// Writes what comes until nothing more does. After a failure the rest is dropped.
fn write_received(
    draft: &Draft,
    catalogues: &Mutex<Receiver<Catalogue>>,
    results: &Sender<PartResult>,
    failed: &AtomicBool,
    done: &AtomicU64,
) {
    loop {
        let next = catalogues.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(catalogue) = next else { return };
        if failed.load(Ordering::Relaxed) {
            continue;
        }
        let result = draft.new_part().and_then(|dir| {
            let written = |entries| {
                done.fetch_add(entries as u64, Ordering::Relaxed);
            };
            let intake = part::write(&dir, catalogue, &written)
                .with_context(|| format!("cannot write the index in {}", dir.display()))?;
            Ok((dir, intake))
        });
        if result.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        // Nobody listens any more when the first failure has been taken.
        let _ = results.send(result);
    }
}
