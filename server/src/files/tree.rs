//! Which paths under the mirror root the world may read.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use jiff::Timestamp;

use super::RelPath;

/// The mirrored trees.
#[derive(Clone, Debug)]
pub struct Trees {
    root: PathBuf,
}

/// What an address names.
#[derive(Debug)]
pub enum Found {
    /// A regular file, opened.
    File {
        /// Where it really is, symlinks resolved.
        path: PathBuf,
        /// Its size and times.
        metadata: Metadata,
    },
    /// A directory.
    Folder {
        /// Where it really is.
        path: PathBuf,
    },
}

/// Why an address is not served.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Nothing there.
    #[error("no such file")]
    Missing,
    /// Something is there, but not for everyone.
    #[error("not open to the public")]
    Private,
    /// A symlink that leads out of the mirrors.
    #[error("leads outside of the mirrors")]
    Outside,
    /// The disk did not answer.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Trees {
    /// Trees below `root`.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder that holds the trees.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Finds what `path` names, if the world may read it.
    ///
    /// SECURITY: the target must lie below the root or below the target of a top-level entry (an
    /// operator may put a mirror on another disk by a symlink there; upstreams cannot write it).
    /// On the way from there, every directory needs `o+x`, a listed one `o+rx`, a file `o+r`.
    ///
    /// # Errors
    /// Missing, private, outside, or a disk error.
    pub fn find(&self, path: &RelPath) -> Result<Found, TreeError> {
        if path.segments().any(is_hidden) {
            return Err(TreeError::Missing);
        }
        let real = fs::canonicalize(path.on_disk(&self.root)).map_err(absent)?;
        let base = self.base_of(path, &real)?;
        let mut here = base.clone();
        let inner = real.strip_prefix(&base).map_err(|_| TreeError::Outside)?;
        let mut metadata = fs::metadata(&here).map_err(absent)?;
        for name in inner.components() {
            if metadata.permissions().mode() & 0o001 == 0 {
                return Err(TreeError::Private);
            }
            here.push(name);
            metadata = fs::metadata(&here).map_err(absent)?;
        }
        let mode = metadata.permissions().mode();
        if metadata.is_dir() && mode & 0o005 == 0o005 {
            Ok(Found::Folder { path: real })
        } else if metadata.is_file() && mode & 0o004 == 0o004 {
            Ok(Found::File { path: real, metadata })
        } else {
            Err(TreeError::Private)
        }
    }

    /// The trusted folder that `real` lies in.
    fn base_of(&self, path: &RelPath, real: &Path) -> Result<PathBuf, TreeError> {
        let root = fs::canonicalize(&self.root).map_err(absent)?;
        if real.starts_with(&root) {
            return Ok(root);
        }
        let top = path.segments().next().ok_or(TreeError::Missing)?;
        let top = root.join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(top));
        let top = fs::canonicalize(top).map_err(absent)?;
        if top.is_dir() && real.starts_with(&top) { Ok(top) } else { Err(TreeError::Outside) }
    }
}

/// Names that no mirror publishes: the server's own marks and rsync's unfinished files.
pub fn is_hidden(name: &[u8]) -> bool {
    name == b".~tmp~"
        || name == b"lost+found"
        || name == b".mingjing-demo"
        || is_rsync_temporary(name)
}

/// `.name.XXXXXX`, as rsync calls a file that it is still writing.
fn is_rsync_temporary(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b".") else { return false };
    let Some(dot) = rest.iter().rposition(|b| *b == b'.') else { return false };
    let suffix = &rest[dot + 1..];
    dot > 0
        && suffix.len() == 6
        && suffix.iter().all(u8::is_ascii_alphanumeric)
        && suffix.iter().any(u8::is_ascii_uppercase)
}

/// Whether an entry may be listed: the permission its own kind needs.
pub fn is_public(metadata: &Metadata) -> bool {
    let mode = metadata.permissions().mode();
    if metadata.is_dir() {
        mode & 0o005 == 0o005
    } else {
        metadata.is_file() && mode & 0o004 == 0o004
    }
}

fn absent(error: io::Error) -> TreeError {
    match error.kind() {
        // ENAMETOOLONG and ELOOP name nothing either.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => {
            TreeError::Missing
        }
        io::ErrorKind::PermissionDenied => TreeError::Private,
        _ if error.raw_os_error() == Some(40) => TreeError::Missing,
        _ => TreeError::Io(error),
    }
}

/// When a file was last modified; nothing for times before 1970.
pub fn modified(metadata: &Metadata) -> Option<Timestamp> {
    let seconds = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// The entity tag that nginx gives the same file: modification time and size in hexadecimal.
pub fn entity_tag(metadata: &Metadata) -> String {
    format!("\"{:x}-{:x}\"", metadata.mtime(), metadata.size())
}

/// Reads a small file of a tree.
///
/// # Errors
/// The reason it is not served, or that it is larger than `limit` bytes.
pub fn read_small(trees: &Trees, path: &RelPath, limit: u64) -> Result<Vec<u8>, TreeError> {
    match trees.find(path)? {
        Found::File { path, metadata } if metadata.len() <= limit => Ok(fs::read(path)?),
        Found::File { path, .. } => {
            use io::Read as _;
            let mut bytes = Vec::new();
            File::open(path)?.take(limit).read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        Found::Folder { .. } => Err(TreeError::Missing),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn find(trees: &Trees, path: &str) -> Result<Found, TreeError> {
        trees.find(&RelPath::parse(path).unwrap())
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn fixture() -> (tempfile::TempDir, Trees) {
        let dir = tempfile::tempdir().unwrap();
        chmod(dir.path(), 0o755);
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("debian/dists")).unwrap();
        fs::write(root.join("debian/README"), "hello").unwrap();
        fs::write(dir.path().join("secret"), "secret").unwrap();
        for folder in [root.clone(), root.join("debian"), root.join("debian/dists")] {
            chmod(&folder, 0o755);
        }
        chmod(&root.join("debian/README"), 0o644);
        chmod(&dir.path().join("secret"), 0o644);
        let trees = Trees::new(root);
        (dir, trees)
    }

    #[test]
    fn files_and_folders_are_found() {
        let (_dir, trees) = fixture();
        assert!(matches!(find(&trees, "/debian/README"), Ok(Found::File { .. })));
        assert!(matches!(find(&trees, "/debian/dists/"), Ok(Found::Folder { .. })));
        assert!(matches!(find(&trees, "/debian/nothing"), Err(TreeError::Missing)));
        assert!(matches!(find(&trees, "/debian/README/x"), Err(TreeError::Missing)));
    }

    #[test]
    fn symlinks_lead_nowhere_outside() {
        let (dir, trees) = fixture();
        symlink(dir.path().join("secret"), trees.root().join("debian/out")).unwrap();
        symlink("README", trees.root().join("debian/in")).unwrap();
        symlink("loop", trees.root().join("debian/loop")).unwrap();
        assert!(matches!(find(&trees, "/debian/out"), Err(TreeError::Outside)));
        assert!(matches!(find(&trees, "/debian/in"), Ok(Found::File { .. })));
        assert!(matches!(find(&trees, "/debian/loop"), Err(TreeError::Missing)));
    }

    #[test]
    fn a_mirror_may_live_on_another_disk() {
        let (dir, trees) = fixture();
        let disk = dir.path().join("disk");
        fs::create_dir(&disk).unwrap();
        chmod(&disk, 0o755);
        fs::write(disk.join("file"), "x").unwrap();
        chmod(&disk.join("file"), 0o644);
        symlink(&disk, trees.root().join("ubuntu")).unwrap();
        symlink(dir.path().join("secret"), trees.root().join("stray")).unwrap();
        assert!(matches!(find(&trees, "/ubuntu/file"), Ok(Found::File { .. })));
        assert!(matches!(find(&trees, "/stray"), Err(TreeError::Outside)));
    }

    #[test]
    fn what_the_world_may_not_read_is_private() {
        let (_dir, trees) = fixture();
        let readme = trees.root().join("debian/README");
        chmod(&readme, 0o640);
        assert!(matches!(find(&trees, "/debian/README"), Err(TreeError::Private)));
        chmod(&readme, 0o644);
        chmod(&trees.root().join("debian"), 0o750);
        assert!(matches!(find(&trees, "/debian/README"), Err(TreeError::Private)));
        assert!(matches!(find(&trees, "/debian/dists/"), Err(TreeError::Private)));
    }

    #[test]
    fn unfinished_files_of_rsync_are_hidden() {
        assert!(is_hidden(b".linux.iso.aB3xYz") && is_hidden(b".~tmp~"));
        assert!(!is_hidden(b".well-known") && !is_hidden(b".htaccess") && !is_hidden(b".a.config"));
    }
}
