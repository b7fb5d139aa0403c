//! The index directory on disk: whole generations, swapped by renaming one small file.
//!
//! ```text
//! DIR/lock                held by the builder
//! DIR/current             name of the generation to read
//! DIR/gen-<number>/       an immutable index with `info.json`
//! DIR/tmp-<number>/       a build that has not finished
//! ```
//! A build is synced to disk before it gets its final name, and `current` is replaced by a rename:
//! a kill at any moment leaves the old index or the new one, never a mixture.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use super::catalogue::Intake;
use super::mirrors::IndexedMirror;
use super::order::TIERS;

/// Raised when the files change meaning.
const FORMAT: u32 = 1;
const INFO_FILE: &str = "info.json";
const CURRENT_FILE: &str = "current";

/// What a generation says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Info {
    format: u32,
    /// When the build finished, Unix seconds.
    pub built_at: i64,
    /// Files and directories in the index.
    pub entries: u64,
    /// Of these, directories.
    pub dirs: u64,
    /// First entry of each tier, then the number of entries.
    pub tier_starts: [u64; TIERS + 1],
    /// Longest block before compression, in bytes.
    pub longest_block: usize,
    /// The mirrors with their counts.
    pub mirrors: Vec<IndexedMirror>,
    /// Every other file of the generation with its length in bytes.
    files: Vec<(String, u64)>,
}

impl Info {
    /// Describes a build that has just written its files; `built_at` in Unix seconds.
    pub fn new(
        built_at: i64,
        intake: &Intake,
        tier_starts: [u64; TIERS + 1],
        longest_block: usize,
        mirrors: Vec<IndexedMirror>,
    ) -> Self {
        Self {
            format: FORMAT,
            built_at,
            entries: intake.entries,
            dirs: intake.dirs,
            tier_starts,
            longest_block,
            mirrors,
            files: Vec::new(),
        }
    }

    /// Bytes on disk of all files of the generation.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|(_, length)| length).sum()
    }
}

fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

/// A build in progress. Dropping it removes what was written.
pub struct Draft {
    root: PathBuf,
    number: u64,
    /// Where the files go.
    pub dir: PathBuf,
    _lock: File,
}

impl Draft {
    /// Locks the index directory against other builders and starts a new generation in it.
    ///
    /// Fails when another build is running. Remains of killed builds are removed.
    pub fn start(root: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(root)
            .with_context(|| format!("cannot create the index directory {}", root.display()))?;
        let lock_path = root.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another build is writing the index in {}", root.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", lock_path.display()));
            }
        }
        remove_dirs(root, |name| name.starts_with("tmp-"));
        let number = 1 + newest_generation(root);
        let dir = root.join(format!("tmp-{number}"));
        fs::create_dir(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self { root: root.to_owned(), number, dir, _lock: lock })
    }

    /// Syncs all files, makes the generation the current one and removes older ones. Returns its
    /// size in bytes and its directory.
    pub fn publish(self, mut info: Info) -> anyhow::Result<(u64, PathBuf)> {
        for file in fs::read_dir(&self.dir)? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let handle = File::open(file.path())?;
            handle.sync_all().with_context(|| format!("cannot sync {name}"))?;
            info.files.push((name, handle.metadata()?.len()));
        }
        info.files.sort();
        write_synced(&self.dir.join(INFO_FILE), &serde_json::to_vec_pretty(&info)?)?;
        sync_dir(&self.dir)?;
        let name = format!("gen-{}", self.number);
        let target = self.root.join(&name);
        fs::rename(&self.dir, &target)?;
        sync_dir(&self.root)?;
        let next = self.root.join("tmp-current");
        write_synced(&next, name.as_bytes())?;
        fs::rename(&next, self.root.join(CURRENT_FILE))?;
        sync_dir(&self.root)?;
        // Readers keep their maps of a removed generation until they drop it.
        remove_dirs(&self.root, |other| other.starts_with("gen-") && other != name);
        Ok((info.bytes(), target))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `publish` the directory has another name and this does nothing.
        if self.dir.exists()
            && let Err(error) = fs::remove_dir_all(&self.dir)
        {
            tracing::warn!(%error, dir = %self.dir.display(), "cannot remove an unfinished index");
        }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file =
        File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(())
}

/// The highest number of any generation, whether it became the current one or not.
fn newest_generation(root: &Path) -> u64 {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| -> Option<u64> {
        entry.file_name().to_str()?.strip_prefix("gen-")?.parse().ok()
    };
    entries.filter_map(number).max().unwrap_or(0)
}

fn remove_dirs(root: &Path, wanted: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(root) else {
        return;
    };
    for entry in entries.flatten() {
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir
            && wanted(&entry.file_name().to_string_lossy())
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, dir = %entry.path().display(), "cannot remove an old index");
        }
    }
}

/// The current generation of an index directory, or `None` when nothing was built there yet.
pub fn current(root: &Path) -> anyhow::Result<Option<PathBuf>> {
    let path = root.join(CURRENT_FILE);
    let name = match fs::read_to_string(&path) {
        Ok(name) => name,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let name = name.trim();
    ensure!(
        name.starts_with("gen-") && !name.contains('/'),
        "{} does not name an index generation",
        path.display()
    );
    Ok(Some(root.join(name)))
}

/// The one field that every version of [`Info`] has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Reads a generation's description and checks that all its files are there in full length.
pub fn read_info(dir: &Path) -> anyhow::Result<Info> {
    let path = dir.join(INFO_FILE);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let damaged = || format!("{} is not the description of an index", path.display());
    let Format { format } = serde_json::from_slice(&bytes).with_context(damaged)?;
    ensure!(
        format == FORMAT,
        "the index has format {format}, this program reads {FORMAT}: build it again"
    );
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
    Ok(info)
}
