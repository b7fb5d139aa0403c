//! Walking the mirror root: what the world may read, and nothing else.
//!
//! Every directory is opened relative to its parent's descriptor without following links, so a
//! link put in place of a directory during the walk leads nowhere, and paths may be longer than
//! the kernel's limit.

use std::collections::{HashSet, VecDeque};
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::record::{FileRecord, is_in_flight, join};

/// Directories in each other at most; one descriptor is held for each.
const MAX_DEPTH: usize = 200;
/// Errors kept with their text; further ones are only counted.
const ERRORS_KEPT: usize = 20;

/// What a walk left out, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WalkReport {
    /// Files recorded.
    pub files: u64,
    /// Directories recorded.
    pub dirs: u64,
    /// Files and directories without world permission (`o+r`, directories `o+rx`).
    pub hidden: u64,
    /// Symbolic links. They are not recorded: what they lead to might be hidden or gone.
    pub links: u64,
    /// Temporary files of running transfers.
    pub in_flight: u64,
    /// Sockets, pipes and devices.
    pub special: u64,
    /// Files and directories that could not be read.
    pub errors: u64,
    /// The first of these errors, with their paths.
    pub first_errors: Vec<String>,
}

struct Frame {
    dir: OwnedFd,
    path: Vec<u8>,
    subdirs: Vec<CString>,
}

/// An iterator over the readable files and directories of some mirrors; see [`walk`].
pub struct Walk {
    root: Option<OwnedFd>,
    tops: VecDeque<Vec<u8>>,
    top_set: HashSet<Vec<u8>>,
    stack: Vec<Frame>,
    ready: VecDeque<FileRecord>,
    report: WalkReport,
}

/// Walks the directories of `mirrors` (pairs of id and path prefix) below `root`.
///
/// Only world-readable files below world-readable directories are returned, rsync's temporary names
/// and all links are left out. A mirror's own top directory may be a link; it is followed. What
/// cannot be read is counted in [`Walk::report`] and does not end the walk.
pub fn walk(root: &Path, mirrors: &[(String, String)]) -> Walk {
    let tops: VecDeque<Vec<u8>> =
        mirrors.iter().map(|(_, prefix)| prefix.trim_matches('/').as_bytes().to_vec()).collect();
    let mut walk = Walk {
        root: None,
        top_set: tops.iter().cloned().collect(),
        tops,
        stack: Vec::new(),
        ready: VecDeque::new(),
        report: WalkReport::default(),
    };
    match rustix::fs::open(root, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
        Ok(dir) => walk.root = Some(dir),
        Err(error) => walk.fail(root.as_os_str().as_encoded_bytes(), error),
    }
    walk
}

fn open_dir(parent: &OwnedFd, name: &CStr, follow: bool) -> Result<(OwnedFd, Stat), Errno> {
    let mut flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    if !follow {
        flags |= OFlags::NOFOLLOW;
    }
    let dir = openat(parent, name, flags, Mode::empty())?;
    let stat = fstat(&dir)?;
    Ok((dir, stat))
}

/// Opens a mirror's top directory. Follows a link only in the last segment. `None` when a directory on the way is hidden.
fn open_top(root: &OwnedFd, top: &[u8]) -> Result<Option<(OwnedFd, Stat)>, Errno> {
    let mut at: Option<(OwnedFd, Stat)> = None;
    let mut segments = top.split(|&byte| byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        if matches!(segment, b"" | b"." | b"..") {
            return Err(Errno::INVAL);
        }
        let name = CString::new(segment).map_err(|_| Errno::INVAL)?;
        let parent = at.as_ref().map_or(root, |(dir, _)| dir);
        let next = open_dir(parent, &name, segments.peek().is_none())?;
        if !is_open_dir(&next.1) {
            return Ok(None);
        }
        at = Some(next);
    }
    Ok(at)
}

fn is_open_dir(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).contains(Mode::ROTH | Mode::XOTH)
}

fn is_open_file(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).contains(Mode::ROTH)
}

fn record(path: Vec<u8>, stat: &Stat, is_dir: bool) -> FileRecord {
    let size = if is_dir { 0 } else { u64::try_from(stat.st_size).unwrap_or(0) };
    FileRecord { path, size, mtime: stat.st_mtime, is_dir }
}

impl Walk {
    /// What was recorded and left out so far.
    pub fn report(&self) -> &WalkReport {
        &self.report
    }

    fn fail(&mut self, path: &[u8], error: Errno) {
        self.report.errors += 1;
        if self.report.first_errors.len() < ERRORS_KEPT {
            let path = String::from_utf8_lossy(path);
            self.report.first_errors.push(format!("{path}: {error}"));
        }
    }

    /// Opens the top directory of the next mirror.
    fn enter_top(&mut self, top: &[u8]) {
        let Some(root) = self.root.take() else {
            return;
        };
        match open_top(&root, top) {
            Ok(Some((dir, stat))) => self.enter(dir, &stat, top.to_vec()),
            Ok(None) => self.report.hidden += 1,
            Err(error) => self.fail(top, error),
        }
        self.root = Some(root);
    }

    /// Records a directory and reads its entries.
    fn enter(&mut self, dir: OwnedFd, stat: &Stat, path: Vec<u8>) {
        self.report.dirs += 1;
        self.ready.push_back(record(path.clone(), stat, true));
        let mut subdirs = Vec::new();
        match Dir::read_from(&dir) {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => self.look_at(&dir, &path, entry.file_name(), &mut subdirs),
                        Err(error) => {
                            self.fail(&path, error);
                            break;
                        }
                    }
                }
            }
            Err(error) => self.fail(&path, error),
        }
        self.stack.push(Frame { dir, path, subdirs });
    }

    fn look_at(&mut self, dir: &OwnedFd, path: &[u8], name: &CStr, subdirs: &mut Vec<CString>) {
        let bytes = name.to_bytes();
        if matches!(bytes, b"." | b"..") {
            return;
        }
        if is_in_flight(bytes) {
            self.report.in_flight += 1;
            return;
        }
        let stat = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Removed since the directory was read: a sync is running.
            Err(Errno::NOENT) => return,
            Err(error) => return self.fail(&join(path, bytes), error),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if is_open_file(&stat) => {
                self.report.files += 1;
                self.ready.push_back(record(join(path, bytes).into_owned(), &stat, false));
            }
            FileType::Directory if is_open_dir(&stat) => subdirs.push(name.to_owned()),
            FileType::RegularFile | FileType::Directory => self.report.hidden += 1,
            FileType::Symlink => self.report.links += 1,
            _ => self.report.special += 1,
        }
    }

    /// Enters the next directory. Returns `false` when there is none left.
    fn advance(&mut self) -> bool {
        let depth = self.stack.len();
        let Some(frame) = self.stack.last_mut() else {
            return match self.tops.pop_front() {
                Some(top) => {
                    self.enter_top(&top);
                    true
                }
                None => false,
            };
        };
        let Some(name) = frame.subdirs.pop() else {
            self.stack.pop();
            return true;
        };
        let path = join(&frame.path, name.to_bytes()).into_owned();
        if self.top_set.contains(&path) {
            // A mirror inside another one is walked as a mirror of its own.
            return true;
        }
        let opened =
            if depth < MAX_DEPTH { open_dir(&frame.dir, &name, false) } else { Err(Errno::LOOP) };
        match opened {
            Ok((dir, stat)) if is_open_dir(&stat) => self.enter(dir, &stat, path),
            Ok(_) => self.report.hidden += 1,
            Err(Errno::NOENT) => {}
            Err(error) => self.fail(&path, error),
        }
        true
    }
}

impl Iterator for Walk {
    type Item = FileRecord;

    fn next(&mut self) -> Option<FileRecord> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(record);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn paths(root: &Path, mirrors: &[&str]) -> (Vec<Vec<u8>>, WalkReport) {
        let mirrors: Vec<_> = mirrors.iter().map(|m| ((*m).to_owned(), (*m).to_owned())).collect();
        let mut walk = walk(root, &mirrors);
        let mut paths: Vec<_> = walk.by_ref().map(|record| record.path).collect();
        paths.sort();
        (paths, walk.report().clone())
    }

    #[test]
    fn odd_names_are_kept_and_hidden_ones_are_not() {
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &str, mode| {
            fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
        };
        fs::create_dir_all(root.path().join("a/staged/deep")).unwrap();
        fs::create_dir_all(root.path().join("a/.~tmp~")).unwrap();
        fs::create_dir_all(root.path().join("disk/tree")).unwrap();
        let odd: [&[u8]; 6] = [
            b"new\nline",
            b"tab\there",
            b"<script>",
            "😀.bin".as_bytes(),
            b"bad\xff",
            b".x.iso.Ab12Cd",
        ];
        for name in odd {
            fs::write(root.path().join("a").join(OsStr::from_bytes(name)), b"x").unwrap();
        }
        for name in ["a/secret", "a/staged/deep/f", "a/.~tmp~/f", "disk/tree/f"] {
            fs::write(root.path().join(name), b"xyz").unwrap();
        }
        symlink("..", root.path().join("a/loop")).unwrap();
        symlink("/etc/passwd", root.path().join("a/out")).unwrap();
        symlink("disk/tree", root.path().join("b")).unwrap();
        mode("a/secret", 0o640);
        mode("a/staged", 0o750);
        let (found, report) = paths(root.path(), &["a", "b", "missing"]);
        let mut expected: Vec<Vec<u8>> = vec![b"a".to_vec(), b"b".to_vec(), b"b/f".to_vec()];
        expected.extend(odd[..5].iter().map(|name| [b"a/", *name].concat()));
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!((report.files, report.dirs, report.hidden), (6, 2, 2));
        assert_eq!((report.links, report.in_flight, report.errors), (2, 2, 1));
        assert!(report.first_errors[0].starts_with("missing: "));
    }

    #[test]
    fn a_mirror_inside_another_is_walked_once() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("git/ros")).unwrap();
        fs::write(root.path().join("git/ros/f"), b"").unwrap();
        let (found, _) = paths(root.path(), &["git", "git/ros"]);
        assert_eq!(found, [&b"git"[..], b"git/ros", b"git/ros/f"]);
    }
}
