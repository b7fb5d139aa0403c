//! Files and directories of the demo, with modes and times that do not depend on who makes them.

use std::{
    fs::{self, File, Permissions},
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};
use jiff::Timestamp;

/// A directory being filled, and the time that its files get.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    base: PathBuf,
    time: Timestamp,
}

impl Tree {
    /// Creates the directory `base`, with its parents, unless it exists.
    pub(super) fn create(base: PathBuf, time: Timestamp) -> Result<Self> {
        create_dirs(&base)?;
        Ok(Self { base, time })
    }

    /// The same tree seen from a directory below, with another time; created by the first file in it.
    pub(super) fn at(&self, dir: &str, time: Timestamp) -> Self {
        Self { base: self.base.join(dir), time }
    }

    /// The time that files get: when this part of the mirror was last changed.
    pub(super) fn time(&self) -> Timestamp {
        self.time
    }

    /// Where `name` stands on disk.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.base.join(name)
    }

    /// Writes a file of mode 0644, creating its directories.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        if let Some(dir) = path.parent() {
            create_dirs(dir)?;
        }
        write_file(&path, content.as_ref(), self.time)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Makes `name` a symbolic link to `target`, which is relative to the directory of `name`.
    pub(super) fn link(&self, name: &str, target: &str) -> Result<()> {
        let path = self.path(name);
        symlink(target, &path).with_context(|| format!("cannot create the link {}", path.display()))
    }

    /// Gives every directory the time of the newest thing in it. Last step: writing a file undoes it.
    pub(super) fn date_directories(&self) -> Result<SystemTime> {
        date_directory(&self.base)
    }
}

fn write_file(path: &Path, content: &[u8], time: Timestamp) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    // The mode given at creation would be cut by the umask.
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.set_modified(time.into())
}

fn create_dirs(dir: &Path) -> Result<()> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        create_dirs(parent)?;
    }
    fs::create_dir(dir)
        .and_then(|()| fs::set_permissions(dir, Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot create {}", dir.display()))
}

fn date_directory(dir: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?; // of the link itself, if it is one
        if meta.is_dir() {
            newest = newest.max(date_directory(&entry.path())?);
        } else if meta.is_file() {
            newest = newest.max(meta.modified()?);
        }
    }
    File::open(dir)?
        .set_modified(newest)
        .with_context(|| format!("cannot date {}", dir.display()))?;
    Ok(newest)
}
