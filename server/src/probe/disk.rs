//! Reading the files that tell the age of a tree, from disk, within bounds.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use jiff::Timestamp;

use super::{
    Measures, Observed, Reading,
    reader::{self, Sample, git::Repository},
};
use crate::{
    content::{
        Content,
        mirror::{MirrorFacts, ProbeKind},
    },
    files::{Found, RelPath, Trees, tree},
};

/// Most files looked at for one mirror.
pub const MOST_FILES: usize = 32;
/// Most bytes read of one file; what tells the time stands at its beginning, or it is small.
pub const MOST_BYTES: u64 = 1024 * 1024;
/// Most bytes of a file list, which must be read to its end; longer ones are dated by their file.
pub const MOST_LIST_BYTES: u64 = 128 * 1024 * 1024;
/// After this long no further file of a mirror is opened. A disk that hangs within one call cannot be
/// interrupted; it holds up the next probe, and no request.
pub const MOST_TIME: Duration = Duration::from_secs(5);

/// Looks at trees, and remembers what it read of files that have not changed.
#[derive(Debug)]
pub struct Prober {
    trees: Trees,
    seen: Mutex<HashMap<PathBuf, Known>>,
}

/// What a file said when it had this time and size.
#[derive(Clone, Copy, Debug)]
struct Known {
    modified: Option<SystemTime>,
    size: u64,
    kind: ProbeKind,
    reading: Option<Reading>,
}

impl Prober {
    /// A prober that has seen nothing.
    pub fn new(trees: Trees) -> Self {
        Self { trees, seen: Mutex::default() }
    }

    /// The trees that are looked at.
    pub fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Looks which trees are there and what they say of their age. Blocks on the disk.
    pub fn observe(&self, content: &Content, paths: &[String], now: Timestamp) -> Observed {
        let ages = content
            .mirrors
            .values()
            .filter_map(|m| self.read(m, now).map(|reading| (m.id.clone(), reading)))
            .collect();
        let trees = paths.iter().filter(|path| self.has_folder(path)).cloned().collect();
        Observed { ages, trees, measures: Measures::default() }
    }

    /// Whether the tree of a mirror is there and open to the world.
    pub fn has_tree(&self, mirror: &MirrorFacts) -> bool {
        self.has_folder(&mirror.path())
    }

    fn has_folder(&self, path: &str) -> bool {
        RelPath::parse(path)
            .is_ok_and(|path| matches!(self.trees.find(&path), Ok(Found::Folder { .. })))
    }

    /// Reads the files that a mirror names; the newest time counts, absent files are passed over.
    pub fn read(&self, mirror: &MirrorFacts, now: Timestamp) -> Option<Reading> {
        let probe = mirror.file.freshness.as_ref()?;
        let base = RelPath::parse(&mirror.path()).ok()?;
        let begun = Instant::now();
        probe
            .files()
            .take(MOST_FILES)
            .take_while(|_| begun.elapsed() < MOST_TIME)
            .filter_map(|file| self.read_one(&base.join(file.as_bytes()).ok()?, probe.kind))
            // A time in the future is a fault of the tree or of our clock; it proves nothing.
            .filter(|reading| reader::is_possible(reading.time, now))
            .max_by_key(|reading| reading.time)
    }

    fn read_one(&self, path: &RelPath, kind: ProbeKind) -> Option<Reading> {
        if kind == ProbeKind::Git {
            return Repository::time(&self.trees, path).map(Reading::of);
        }
        let Found::File { path: file, metadata } = self.trees.find(path).ok()? else { return None };
        let modified = metadata.modified().ok();
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = seen().get(&file)
            && (known.modified, known.size, known.kind) == (modified, metadata.len(), kind)
        {
            return known.reading;
        }
        let reading = read_file(&file, path, kind, &metadata).ok().flatten();
        let known = Known { modified, size: metadata.len(), kind, reading };
        seen().insert(file, known);
        reading
    }
}

fn read_file(
    file: &Path,
    path: &RelPath,
    kind: ProbeKind,
    metadata: &std::fs::Metadata,
) -> io::Result<Option<Reading>> {
    let modified = tree::modified(metadata);
    if kind == ProbeKind::Fedora {
        let time = if metadata.len() <= MOST_LIST_BYTES { newest_in(file)? } else { modified };
        return Ok(time.map(Reading::of));
    }
    let mut bytes = Vec::new();
    if !reader::needs_no_content(kind) {
        File::open(file)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(reader::read(kind, &Sample { path: &path.display(), bytes: &bytes, modified }))
}

/// The newest time of a file list, read in pieces that end with a line.
fn newest_in(file: &Path) -> io::Result<Option<Timestamp>> {
    let mut list = BufReader::new(File::open(file)?.take(MOST_LIST_BYTES));
    let (mut piece, mut newest) = (Vec::new(), None);
    loop {
        let length = list.by_ref().take(MOST_BYTES).read_to_end(&mut piece)?;
        let end = memchr::memrchr(b'\n', &piece).map_or(piece.len(), |at| at + 1);
        newest = newest.max(reader::newest_in_list(&piece[..end]));
        piece.drain(..end);
        if length == 0 {
            return Ok(newest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    fn mirror(freshness: &str) -> MirrorFacts {
        let text = format!(
            "name = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\ncategory = \"other\"\n[freshness]\n{freshness}"
        );
        MirrorFacts::parse("m", "mirror.toml", &text).unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    fn fixture() -> (tempfile::TempDir, PathBuf, Prober) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("m")).unwrap();
        let prober = Prober::new(Trees::new(root.clone()));
        (dir, root.join("m"), prober)
    }

    #[test]
    fn the_newest_possible_time_counts_and_absent_files_are_passed_over() {
        let (_dir, tree, prober) = fixture();
        for (name, text) in
            [("a", "1795231800"), ("b", "1795231900"), ("c", "1999999999"), ("d", "x")]
        {
            fs::write(tree.join(name), text).unwrap();
        }
        let facts = mirror("kind = \"epoch\"\nfiles = [\"none\", \"a\", \"b\", \"c\", \"d\"]");
        let reading = prober.read(&facts, now()).unwrap();
        assert_eq!(reading.time.as_second(), 1_795_231_900, "the one of the year 2033 is a fault");
    }

    #[test]
    fn a_changed_file_is_read_again_and_an_unchanged_one_is_not() {
        let (_dir, tree, prober) = fixture();
        let facts = mirror("kind = \"epoch\"\nfiles = [\"a\"]");
        let file = tree.join("a");
        fs::write(&file, "1795231800").unwrap();
        let first = fs::metadata(&file).unwrap().modified().unwrap();
        let read = || prober.read(&facts, now()).map(|reading| reading.time.as_second());
        assert_eq!(read(), Some(1_795_231_800));
        fs::write(&file, "1795231801").unwrap();
        fs::File::options().append(true).open(&file).unwrap().set_modified(first).unwrap();
        assert_eq!(read(), Some(1_795_231_800), "same size and time: remembered");
        fs::write(&file, "1795231802\n").unwrap();
        assert_eq!(read(), Some(1_795_231_802));
    }

    #[test]
    fn what_the_world_may_not_read_says_nothing() {
        let (dir, tree, prober) = fixture();
        let facts = mirror("kind = \"epoch\"\nfiles = [\"a\", \"out\", \"../m/a\"]");
        fs::write(tree.join("a"), "1795231800").unwrap();
        fs::set_permissions(tree.join("a"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(dir.path().join("secret"), "1795231801").unwrap();
        symlink(dir.path().join("secret"), tree.join("out")).unwrap();
        assert_eq!(prober.read(&facts, now()), None);
    }

    #[test]
    fn files_beyond_the_bound_are_not_opened_and_giants_are_read_in_part() {
        let (_dir, tree, prober) = fixture();
        let names: Vec<_> = (0..=MOST_FILES).map(|n| format!("\"{n}\"")).collect();
        fs::write(tree.join(MOST_FILES.to_string()), "1795231800").unwrap();
        let facts = mirror(&format!("kind = \"epoch\"\nfiles = [{}]", names.join(",")));
        assert_eq!(prober.read(&facts, now()), None);

        let giant = File::create(tree.join("giant")).unwrap();
        io::Write::write_all(&mut &giant, b"1795231800\n").unwrap();
        giant.set_len(1 << 40).unwrap(); // a terabyte of holes
        let facts = mirror("kind = \"epoch\"\nfiles = [\"giant\"]");
        assert!(prober.read(&facts, now()).is_some());
        let facts = mirror("kind = \"fedora\"\nfiles = [\"giant\"]");
        let modified = tree::modified(&fs::metadata(tree.join("giant")).unwrap());
        let read = prober.read(&facts, Timestamp::MAX).map(|reading| reading.time);
        assert_eq!(read, modified, "dated by its file");
    }

    #[test]
    fn a_file_list_is_read_to_its_end() {
        let (_dir, tree, prober) = fixture();
        let mut list = "1795000000\tf\t1\tsome/long/path\n".repeat(80_000);
        list += "1795231800\tf\t1\tz\n";
        assert!(list.len() as u64 > 2 * MOST_BYTES);
        fs::write(tree.join("list"), list).unwrap();
        let facts = mirror("kind = \"fedora\"\nfiles = [\"list\"]");
        assert_eq!(prober.read(&facts, now()).unwrap().time.as_second(), 1_795_231_800);
    }
}
