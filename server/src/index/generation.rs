//! The index directory on disk: parts that never change, and a list of those that count.
//!
//! ```text
//! DIR/lock                held by the builder
//! DIR/current             name of the list to read
//! DIR/gen-<number>.json   the parts of one state of the index
//! DIR/part-<number>/      some mirrors, written once
//! ```
//! Parts and list are synced to disk before `current` is replaced by a rename: a kill at any moment
//! leaves the old index or the new one, never a mixture. What no list names is removed by the next
//! builder.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use super::part::{FORMAT, check_format, sync_dir, write_synced};

const CURRENT_FILE: &str = "current";
const NEXT_FILE: &str = "tmp-current";

/// One state of the index.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Generation {
    format: u32,
    /// When it was made, Unix seconds.
    pub built_at: i64,
    /// The folders of its parts, ascending.
    pub parts: Vec<String>,
}

/// A build in progress. Dropping it removes what was written.
pub struct Draft {
    root: PathBuf,
    /// The number of the last part, and at least that of the last list.
    number: AtomicU64,
    _lock: File,
}

impl Draft {
    /// Locks the index directory against other builders. Remains of killed builds are removed.
    ///
    /// # Errors
    /// When another build is running or the directory cannot be written.
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
        let number = AtomicU64::new(highest_number(root));
        remove_unused(root);
        Ok(Self { root: root.to_owned(), number, _lock: lock })
    }

    /// Makes the folder of a new part.
    pub fn new_part(&self) -> anyhow::Result<PathBuf> {
        let number = 1 + self.number.fetch_add(1, Ordering::Relaxed);
        let dir = self.root.join(format!("part-{number}"));
        fs::create_dir(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(dir)
    }

    /// Makes these parts, which are complete and synced, the index and removes all others. Returns
    /// the path of their list.
    pub fn publish(self, built_at: i64, mut parts: Vec<String>) -> anyhow::Result<PathBuf> {
        parts.sort();
        let number = 1 + self.number.load(Ordering::Relaxed);
        let name = format!("gen-{number}.json");
        let list = self.root.join(&name);
        let generation = Generation { format: FORMAT, built_at, parts };
        write_synced(&list, &serde_json::to_vec_pretty(&generation)?)?;
        let next = self.root.join(NEXT_FILE);
        write_synced(&next, name.as_bytes())?;
        sync_dir(&self.root)?;
        fs::rename(&next, self.root.join(CURRENT_FILE))?;
        sync_dir(&self.root)?;
        Ok(list)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Readers keep their maps of a removed part until they drop it.
        remove_unused(&self.root);
    }
}

/// The number in `part-7` or `gen-7.json`.
fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix("part-").or_else(|| name.strip_prefix("gen-"))?;
    number.strip_suffix(".json").unwrap_or(number).parse().ok()
}

/// The highest number of any part or list, whether it counts or not.
fn highest_number(root: &Path) -> u64 {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries.filter_map(|entry| number_of(entry.file_name().to_str()?)).max().unwrap_or(0)
}

/// Removes parts and lists that do not belong to the current state.
fn remove_unused(root: &Path) {
    let mut used = vec![];
    if let Ok(Some(list)) = current(root) {
        let Ok(generation) = read(&list) else {
            return tracing::warn!(list = %list.display(), "old parts of the index are kept");
        };
        used = generation.parts;
        used.extend(list.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if used.contains(&name) || number_of(&name).is_none() && name != NEXT_FILE {
            continue;
        }
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let path = entry.path();
        let removed = if is_dir { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(%error, path = %path.display(), "cannot remove an old index");
        }
    }
}

/// The list of the current state of an index directory, or `None` when nothing was built there yet.
pub fn current(root: &Path) -> anyhow::Result<Option<PathBuf>> {
    let path = root.join(CURRENT_FILE);
    let name = match fs::read_to_string(&path) {
        Ok(name) => name,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let name = name.trim();
    ensure!(
        name.starts_with("gen-") && number_of(name).is_some(),
        "{} does not name an index",
        path.display()
    );
    Ok(Some(root.join(name)))
}

/// The one field that every version of [`Generation`] has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Reads a list.
pub fn read(list: &Path) -> anyhow::Result<Generation> {
    // The first version had folders here.
    ensure!(!list.is_dir(), "the index was made by an older program: build it again");
    let bytes = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    let damaged = || format!("{} is not a list of parts of an index", list.display());
    let Format { format } = serde_json::from_slice(&bytes).with_context(damaged)?;
    check_format(format)?;
    let generation: Generation = serde_json::from_slice(&bytes).with_context(damaged)?;
    let is_part = |name: &String| name.starts_with("part-") && number_of(name).is_some();
    ensure!(generation.parts.iter().all(is_part), damaged());
    Ok(generation)
}
