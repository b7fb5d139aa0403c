//! Walking the mirror root: what the world may read, and nothing else.
//!
//! Every directory is opened relative to its parent's descriptor without following links, so a
//! link put in place of a directory during the walk leads nowhere, and paths may be longer than
//! the kernel's limit.
//!
//! Some threads share a stack of directories, since a disk answers many questions at once better
//! than one after the other. Mirrors are walked one by one: whoever takes the records can finish
//! with one before the next begins.

use std::collections::{HashSet, VecDeque};
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::record::{FileRecord, is_in_flight, join};

/// Directories in each other at most; one descriptor is held for each.
const MAX_DEPTH: usize = 200;
/// Errors kept with their text; further ones are only counted.
const ERRORS_KEPT: usize = 20;
/// Threads that read directories.
const WALKERS: usize = 4;
/// Records handed over at once.
const BATCH: usize = 1024;
/// Batches that may wait; with [`BATCH`], what bounds the memory of records.
const WAITING: usize = 64;

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
    /// Trees that were walked already: two links to the same one, or mounted twice.
    pub repeated: u64,
    /// Files and directories that could not be read.
    pub errors: u64,
    /// The first of these errors, with their paths.
    pub first_errors: Vec<String>,
}

/// A directory to look into.
struct Job {
    parent: Arc<OwnedFd>,
    /// The device of the parent.
    device: u64,
    name: CString,
    path: Vec<u8>,
    depth: usize,
}

/// What the walkers share.
struct Plan {
    root: Option<Arc<OwnedFd>>,
    tops: VecDeque<Vec<u8>>,
    top_set: HashSet<Vec<u8>>,
    stack: Vec<Job>,
    /// Walkers that are looking into something.
    busy: usize,
    /// Device and inode of the roots of trees: what could be reached twice.
    trees: HashSet<(u64, u64)>,
    report: WalkReport,
}

enum Task {
    Top(Arc<OwnedFd>, Vec<u8>),
    Dir(Job),
}

struct Shared {
    plan: Mutex<Plan>,
    changed: Condvar,
    is_over: AtomicBool,
}

/// An iterator over the readable files and directories of some mirrors; see [`walk`].
pub struct Walk {
    shared: Arc<Shared>,
    /// Dropped first, so that walkers do not wait for someone to take their records.
    records: Option<Receiver<Vec<FileRecord>>>,
    batch: std::vec::IntoIter<FileRecord>,
    walkers: Vec<JoinHandle<()>>,
}

/// Walks the directories of `mirrors` (pairs of id and path prefix) below `root`, one mirror after
/// the other.
///
/// Only world-readable files below world-readable directories are returned, rsync's temporary names
/// and all links are left out. A mirror's own top directory may be a link; it is followed. What
/// cannot be read is counted in [`Walk::report`] and does not end the walk.
pub fn walk(root: &Path, mirrors: &[(String, String)]) -> Walk {
    walk_some(root, mirrors, |_| true)
}

/// Like [`walk`], but only mirrors whose id is `wanted`. Others inside them are left out all the same.
pub fn walk_some(root: &Path, mirrors: &[(String, String)], wanted: impl Fn(&str) -> bool) -> Walk {
    let top = |prefix: &str| prefix.trim_matches('/').as_bytes().to_vec();
    let mut plan = Plan {
        root: None,
        tops: mirrors.iter().filter(|(id, _)| wanted(id)).map(|(_, path)| top(path)).collect(),
        top_set: mirrors.iter().map(|(_, path)| top(path)).collect(),
        stack: Vec::new(),
        busy: 0,
        trees: HashSet::new(),
        report: WalkReport::default(),
    };
    match rustix::fs::open(root, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
        Ok(dir) => plan.root = Some(Arc::new(dir)),
        Err(error) => plan.fail(root.as_os_str().as_encoded_bytes(), error),
    }
    let shared = Arc::new(Shared {
        plan: Mutex::new(plan),
        changed: Condvar::new(),
        is_over: AtomicBool::new(false),
    });
    let (sender, records) = sync_channel(WAITING);
    let walkers = (0..WALKERS)
        .map(|_| {
            let walker = Walker::new(Arc::clone(&shared), sender.clone());
            std::thread::spawn(move || walker.run())
        })
        .collect();
    Walk { shared, records: Some(records), batch: Vec::new().into_iter(), walkers }
}

impl Walk {
    /// What was recorded and left out; complete when the iterator has ended.
    pub fn report(&self) -> WalkReport {
        self.shared.plan().report.clone()
    }
}

impl Iterator for Walk {
    type Item = FileRecord;

    fn next(&mut self) -> Option<FileRecord> {
        loop {
            if let Some(record) = self.batch.next() {
                return Some(record);
            }
            self.batch = self.records.as_ref()?.recv().ok()?.into_iter();
        }
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.records = None;
        for walker in self.walkers.drain(..) {
            // A walker that panicked has said so.
            let _ = walker.join();
        }
    }
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing to look into; the next mirror when all of one is done.
    fn take(&self) -> Option<Task> {
        let mut plan = self.plan();
        loop {
            if self.is_over.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(job) = plan.stack.pop() {
                plan.busy += 1;
                return Some(Task::Dir(job));
            }
            if plan.busy == 0 {
                let top = plan.root.clone().zip(plan.tops.pop_front());
                let Some((root, top)) = top else {
                    self.is_over.store(true, Ordering::Relaxed);
                    self.changed.notify_all();
                    return None;
                };
                plan.busy += 1;
                return Some(Task::Top(root, top));
            }
            plan = self.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes over what was found in a directory, and frees the walker.
    fn done(&self, jobs: &mut Vec<Job>, found: &mut WalkReport) {
        let mut plan = self.plan();
        plan.stack.append(jobs);
        plan.busy -= 1;
        plan.report.add(found);
        *found = WalkReport::default();
        drop(plan);
        self.changed.notify_all();
    }
}

impl Plan {
    fn fail(&mut self, path: &[u8], error: Errno) {
        self.report.fail(path, error);
    }
}

impl WalkReport {
    /// Tells the operator what could not be read.
    pub fn log(&self) {
        for error in &self.first_errors {
            tracing::warn!(%error, "not read");
        }
        if self.errors > 0 {
            tracing::warn!(errors = self.errors, "some files and folders could not be read");
        }
    }

    fn fail(&mut self, path: &[u8], error: Errno) {
        self.errors += 1;
        if self.first_errors.len() < ERRORS_KEPT {
            let path = String::from_utf8_lossy(path);
            self.first_errors.push(format!("{path}: {error}"));
        }
    }

    fn add(&mut self, other: &mut Self) {
        self.files += other.files;
        self.dirs += other.dirs;
        self.hidden += other.hidden;
        self.links += other.links;
        self.in_flight += other.in_flight;
        self.special += other.special;
        self.repeated += other.repeated;
        self.errors += other.errors;
        self.first_errors.append(&mut other.first_errors);
        self.first_errors.truncate(ERRORS_KEPT);
    }
}

/// One thread of a walk.
struct Walker {
    shared: Arc<Shared>,
    sender: SyncSender<Vec<FileRecord>>,
    batch: Vec<FileRecord>,
    jobs: Vec<Job>,
    found: WalkReport,
}

impl Walker {
    fn new(shared: Arc<Shared>, sender: SyncSender<Vec<FileRecord>>) -> Self {
        Self { shared, sender, batch: Vec::new(), jobs: Vec::new(), found: WalkReport::default() }
    }

    fn run(mut self) {
        while let Some(task) = self.shared.take() {
            match task {
                Task::Top(root, top) => self.enter_top(&root, &top),
                Task::Dir(job) => self.enter_dir(&job),
            }
            // Before the walker is free: a mirror's records are out when the next one begins.
            self.send();
            self.shared.done(&mut self.jobs, &mut self.found);
        }
    }

    fn send(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() && self.sender.send(batch).is_err() {
            self.shared.is_over.store(true, Ordering::Relaxed);
        }
    }

    fn push(&mut self, record: FileRecord) {
        self.batch.push(record);
        if self.batch.len() == BATCH {
            self.send();
        }
    }

    fn enter_top(&mut self, root: &OwnedFd, top: &[u8]) {
        match open_top(root, top) {
            Ok(Some((dir, stat))) => {
                if self.is_new_tree(&stat) {
                    self.enter(dir, &stat, top, 1);
                }
            }
            Ok(None) => self.found.hidden += 1,
            Err(error) => self.found.fail(top, error),
        }
    }

    fn enter_dir(&mut self, job: &Job) {
        let opened = if job.depth < MAX_DEPTH {
            open_dir(&job.parent, &job.name, false)
        } else {
            Err(Errno::LOOP)
        };
        match opened {
            Ok((dir, stat)) if is_open_dir(&stat) => {
                if stat.st_dev == job.device || self.is_new_tree(&stat) {
                    self.enter(dir, &stat, &job.path, job.depth + 1);
                }
            }
            Ok(_) => self.found.hidden += 1,
            Err(Errno::NOENT) => {}
            Err(error) => self.found.fail(&job.path, error),
        }
    }

    /// Whether the root of a tree is seen for the first time; counts it otherwise.
    fn is_new_tree(&mut self, stat: &Stat) -> bool {
        let is_new = self.shared.plan().trees.insert((stat.st_dev, stat.st_ino));
        self.found.repeated += u64::from(!is_new);
        is_new
    }

    /// Records a directory and reads its entries.
    fn enter(&mut self, dir: OwnedFd, stat: &Stat, path: &[u8], depth: usize) {
        self.found.dirs += 1;
        let entries = Dir::read_from(&dir);
        let dir = Arc::new(dir);
        self.push(record(path.to_vec(), stat, true));
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.found.fail(path, error),
        };
        for entry in entries {
            if self.shared.is_over.load(Ordering::Relaxed) {
                return;
            }
            match entry {
                Ok(entry) => self.look_at(&dir, stat.st_dev, path, entry.file_name(), depth),
                Err(error) => return self.found.fail(path, error),
            }
        }
    }

    fn look_at(&mut self, dir: &Arc<OwnedFd>, device: u64, path: &[u8], name: &CStr, depth: usize) {
        let bytes = name.to_bytes();
        if matches!(bytes, b"." | b"..") {
            return;
        }
        if is_in_flight(bytes) {
            self.found.in_flight += 1;
            return;
        }
        let stat = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Removed since the directory was read: a sync is running.
            Err(Errno::NOENT) => return,
            Err(error) => return self.found.fail(&join(path, bytes), error),
        };
        let path = join(path, bytes).into_owned();
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if is_open_file(&stat) => {
                self.found.files += 1;
                self.push(record(path, &stat, false));
            }
            FileType::Directory if is_open_dir(&stat) => {
                // A mirror inside another one is walked as a mirror of its own.
                if !self.shared.plan().top_set.contains(&path) {
                    let (parent, name) = (Arc::clone(dir), name.to_owned());
                    self.jobs.push(Job { parent, device, name, path, depth });
                }
            }
            FileType::RegularFile | FileType::Directory => self.found.hidden += 1,
            FileType::Symlink => self.found.links += 1,
            _ => self.found.special += 1,
        }
    }
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
        (paths, walk.report())
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

    #[test]
    fn many_directories_are_walked_once_each_mirror_by_mirror() {
        let root = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for mirror in ["a", "b"] {
            expected.push(mirror.to_owned());
            for dir in 0..40 {
                expected.push(format!("{mirror}/{dir}"));
                for sub in 0..5 {
                    let path = format!("{mirror}/{dir}/{sub}");
                    fs::create_dir_all(root.path().join(&path)).unwrap();
                    let files = (0..12).map(|file| format!("{path}/{file}"));
                    files.clone().for_each(|f| fs::write(root.path().join(f), b"x").unwrap());
                    expected.extend(files);
                    expected.push(path);
                }
            }
        }
        let mirrors = ["a", "b"].map(|id| (id.to_owned(), id.to_owned()));
        let mut found: Vec<_> = walk(root.path(), &mirrors)
            .map(|record| String::from_utf8(record.path).unwrap())
            .collect();
        assert!(found.is_sorted_by_key(|path| path.as_bytes()[0]), "one mirror after the other");
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        let some = walk_some(root.path(), &mirrors, |id| id == "b");
        assert_eq!(some.count(), expected.len() / 2);
        drop(walk(root.path(), &mirrors));
    }

    #[test]
    fn a_tree_under_two_names_is_walked_once() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("a/f"), b"").unwrap();
        fs::hard_link(root.path().join("a/f"), root.path().join("a/g")).unwrap();
        symlink("a", root.path().join("b")).unwrap();
        let (found, report) = paths(root.path(), &["a", "b"]);
        assert_eq!(found, [&b"a"[..], b"a/f", b"a/g"], "hard links are names like others");
        assert_eq!(report.repeated, 1);
    }

    #[test]
    fn a_tree_that_changes_and_deep_or_long_names_end_no_walk() {
        let root = tempfile::tempdir().unwrap();
        let mut deep = root.path().join("a");
        for _ in 0..20 {
            deep.push("d".repeat(200));
        }
        // Longer than one call may name: made step by step.
        let mut at = OwnedFd::from(fs::File::open(root.path()).unwrap());
        for name in deep.strip_prefix(root.path()).unwrap() {
            rustix::fs::mkdirat(&at, name, Mode::from_raw_mode(0o755)).unwrap();
            at = openat(&at, name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        for dir in 0..300 {
            fs::create_dir_all(root.path().join(format!("b/{dir}"))).unwrap();
            fs::write(root.path().join(format!("b/{dir}/f")), b"x").unwrap();
        }
        let busy = root.path().join("b");
        let changer = std::thread::spawn(move || {
            for dir in (0..300).rev() {
                fs::rename(busy.join(format!("{dir}/f")), busy.join(format!("{dir}/g"))).unwrap();
                fs::remove_dir_all(busy.join(format!("{dir}"))).unwrap();
            }
        });
        let (_, report) = paths(root.path(), &["a", "b"]);
        changer.join().unwrap();
        assert!(report.dirs >= 22 && report.errors == 0, "{report:?}");
    }
}
