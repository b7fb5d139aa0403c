//! One directory, read and sorted.
//!
//! PERF: a folder may hold hundreds of thousands of entries. Names are kept in one piece of memory and sorted by keys
//! made once. What is asked of the disk of each is asked by several threads, and in the order of the directory: in the
//! sorted order the kernel would look all over its memory.

use std::{
    fs, io,
    num::NonZero,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    },
    panic::resume_unwind,
    path::Path,
    sync::{Mutex, mpsc},
    thread,
};

use app::page::listing::{Column, Order};
use jiff::Timestamp;
use memchr::memmem;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};

use super::{Found, RelPath, Trees, natural, tree};

/// Bytes of directory entries that the kernel hands over at once.
const BUFFER: usize = 64 * 1024;
/// Threads that look at entries at most.
const MOST_THREADS: usize = 4;
/// Entries that are worth a thread.
const WORTH_A_THREAD: usize = 4096;

/// One entry that the world may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Name as it is on disk.
    pub name: &'a [u8],
    /// Size in bytes; none for folders.
    pub size: Option<u64>,
    /// Modification time.
    pub time: Option<Timestamp>,
}

/// The entries of a directory.
pub struct Listing<'a> {
    trees: &'a Trees,
    folder: RelPath,
    directory: OwnedFd,
    /// All names, one after the other.
    names: Vec<u8>,
    slots: Vec<Slot>,
    /// Whether all entries were read.
    pub is_whole: bool,
}

/// One entry: where its name is, what it is sorted by, and what the disk says of it.
#[derive(Clone, Copy)]
struct Slot {
    key: u128,
    facts: Facts,
    start: u32,
    length: u16,
    is_link: bool,
    /// Whether the world may read it.
    is_public: bool,
}

/// What the disk says of an entry.
#[derive(Clone, Copy, Default)]
struct Facts {
    /// None for folders.
    size: Option<u64>,
    /// Seconds since 1970.
    modified: i64,
}

impl<'a> Listing<'a> {
    /// Opens the directory at `real`, which `trees` found for `folder`; nothing is read yet.
    ///
    /// # Errors
    /// The directory cannot be opened.
    pub fn open(trees: &'a Trees, folder: RelPath, real: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(real, flags, Mode::empty())?;
        let (names, slots) = (Vec::new(), Vec::new());
        Ok(Self { trees, folder, directory, names, slots, is_whole: false })
    }

    /// Reads up to `limit` entries whose names contain every word of `filter`; the case of ASCII letters is
    /// ignored. `is_unwanted` is asked now and then whether to give up.
    ///
    /// # Errors
    /// The disk broke off; what was read until then remains.
    pub fn read(
        &mut self,
        filter: &str,
        limit: usize,
        is_unwanted: impl Fn() -> bool + Sync,
    ) -> io::Result<()> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        let (sender, receiver) = mpsc::channel::<Batch>();
        let receiver = Mutex::new(receiver);
        let look = |batch: &mut Batch| {
            if !is_unwanted() {
                batch.look(self.trees, &self.folder, self.directory.as_fd());
            }
        };
        let work = || {
            let mut done = Vec::new();
            // The lock is held while waiting: whoever has it is the next to be served.
            while let Some(mut batch) = receiver.lock().ok().and_then(|queue| queue.recv().ok()) {
                look(&mut batch);
                done.push(batch);
            }
            done
        };
        let (is_whole, batches) = thread::scope(|scope| {
            let mut workers = Vec::new();
            let (outcome, mut last) = read_names(&self.directory, filter, limit, &mut |batch| {
                if workers.is_empty() {
                    workers.extend((0..threads).map(|_| scope.spawn(work)));
                }
                // They take batches until this end is closed.
                let _ = sender.send(batch);
                !is_unwanted()
            });
            drop(sender);
            look(&mut last);
            let mut batches = vec![last];
            for worker in workers {
                // What a thread panics over is not a shorter listing.
                batches.extend(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            (outcome, batches)
        });
        for batch in batches {
            self.add(&batch);
        }
        self.is_whole = is_whole?;
        Ok(())
    }

    fn add(&mut self, batch: &Batch) {
        let Ok(offset) = u32::try_from(self.names.len()) else { return };
        self.names.extend_from_slice(&batch.names);
        let slots = batch.slots.iter().filter(|slot| slot.is_public);
        self.slots
            .extend(slots.map(|slot| Slot { start: slot.start.saturating_add(offset), ..*slot }));
    }

    /// Sorts: folders first, then by `order`.
    pub fn sort(&mut self, order: Order) {
        let mut slots = std::mem::take(&mut self.slots);
        if order.column == Column::Name {
            self.key_names(&mut slots);
        } else {
            for slot in &mut slots {
                slot.key = match order.column {
                    Column::Size => slot.facts.size.unwrap_or_default().into(),
                    _ => slot.facts.modified.max(0).unsigned_abs().into(),
                };
            }
        }
        let compare = |a: &Slot, b: &Slot| {
            let by_name = || natural::compare(self.name(*a), self.name(*b));
            let inner = a.key.cmp(&b.key).then_with(by_name);
            let inner = if order.descending { inner.reverse() } else { inner };
            a.facts.size.is_some().cmp(&b.facts.size.is_some()).then(inner)
        };
        in_parts(&mut slots, |part| part.sort_unstable_by(compare));
        // Finds the parts in order and merges them.
        slots.sort_by(compare);
        self.slots = slots;
    }

    /// Gives names keys that mostly tell their order: what follows their common beginning.
    fn key_names(&self, slots: &mut [Slot]) {
        let Some(first) = slots.first() else { return };
        let first = self.name(*first);
        let common = |length: usize, slot: &Slot| {
            let name = self.name(*slot).iter().zip(first).take(length);
            name.take_while(|(a, b)| a == b && !a.is_ascii_digit()).count()
        };
        let common = slots.iter().fold(first.len(), common);
        in_parts(slots, |slots| {
            for slot in slots {
                slot.key = natural::key(self.name(*slot).get(common..).unwrap_or_default());
            }
        });
    }

    /// Entries that the world may read.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The entries from one place to another.
    pub fn items(&self, from: usize, to: usize) -> impl Iterator<Item = Item<'_>> {
        let to = to.min(self.slots.len());
        let slots = self.slots.get(from.min(to)..to).unwrap_or_default();
        slots.iter().map(|slot| Item {
            name: self.name(*slot),
            size: slot.facts.size,
            time: Timestamp::from_second(slot.facts.modified)
                .ok()
                .filter(|time| time.as_second() >= 0),
        })
    }

    fn name(&self, slot: Slot) -> &[u8] {
        name_of(&self.names, slot)
    }
}

/// Entries that were read and may be looked at while others are read.
#[derive(Default)]
struct Batch {
    names: Vec<u8>,
    slots: Vec<Slot>,
}

impl Batch {
    fn add(&mut self, name: &[u8], is_link: bool) {
        let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len()))
        else {
            return;
        };
        self.names.extend_from_slice(name);
        let facts = Facts::default();
        self.slots.push(Slot { key: 0, facts, start, length, is_link, is_public: false });
    }

    /// Asks the disk what each entry is, and whether the world may read it.
    fn look(&mut self, trees: &Trees, folder: &RelPath, directory: BorrowedFd<'_>) {
        for slot in &mut self.slots {
            let name = name_of(&self.names, *slot);
            let facts = if slot.is_link {
                follow(trees, &folder.child(name, false))
            } else {
                ask(directory, name)
            };
            slot.is_public = facts.is_some();
            slot.facts = facts.unwrap_or_default();
        }
    }
}

/// Reads up to `limit` names that contain every word of `filter`. Full batches are handed over, which tells whether to go
/// on; the last one is returned, with whether the end of the directory was reached.
fn read_names(
    directory: &OwnedFd,
    filter: &str,
    limit: usize,
    hand_over: &mut dyn FnMut(Batch) -> bool,
) -> (io::Result<bool>, Batch) {
    let filter = filter.to_ascii_lowercase();
    let words: Vec<_> = filter.split_whitespace().map(memmem::Finder::new).collect();
    let mut folded = Vec::new();
    let mut buffer = Vec::with_capacity(BUFFER);
    let mut entries = RawDir::new(directory, buffer.spare_capacity_mut());
    let mut batch = Batch::default();
    let mut count = 0;
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return (Err(error.into()), batch),
        };
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") || tree::is_hidden(name) {
            continue;
        }
        if !words.is_empty() {
            folded.clear();
            folded.extend(name.iter().map(u8::to_ascii_lowercase));
            if !words.iter().all(|word| word.find(&folded).is_some()) {
                continue;
            }
        }
        if count == limit {
            return (Ok(false), batch);
        }
        count += 1;
        batch.add(name, entry.file_type() == FileType::Symlink);
        if batch.slots.len() == WORTH_A_THREAD && !hand_over(std::mem::take(&mut batch)) {
            return (Ok(false), batch);
        }
    }
    (Ok(true), batch)
}

/// Works on many slots by several threads.
fn in_parts(slots: &mut [Slot], work: impl Fn(&mut [Slot]) + Sync) {
    if slots.len() <= WORTH_A_THREAD {
        return work(slots);
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let part = slots.len().div_ceil(threads).max(WORTH_A_THREAD);
    thread::scope(|scope| {
        for slots in slots.chunks_mut(part) {
            scope.spawn(|| work(slots));
        }
    });
}

fn name_of(names: &[u8], slot: Slot) -> &[u8] {
    let start = slot.start as usize;
    names.get(start..start + usize::from(slot.length)).unwrap_or_default()
}

/// What an entry is; nothing for what vanished, for what the world may not read, and for what is neither file nor
/// folder.
fn ask(directory: BorrowedFd<'_>, name: &[u8]) -> Option<Facts> {
    let name = std::ffi::OsStr::from_bytes(name);
    let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let size = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory if stat.st_mode & 0o005 == 0o005 => None,
        FileType::RegularFile if stat.st_mode & 0o004 == 0o004 => {
            Some(u64::try_from(stat.st_size).unwrap_or_default())
        }
        _ => return None,
    };
    Some(Facts { size, modified: stat.st_mtime })
}

/// What a symlink leads to, if that lies within the trees.
fn follow(trees: &Trees, path: &RelPath) -> Option<Facts> {
    let metadata = match trees.find(path).ok()? {
        Found::File { metadata, .. } => metadata,
        Found::Folder { path } => fs::metadata(path).ok()?,
    };
    let size = metadata.is_file().then_some(metadata.len());
    Some(Facts { size, modified: metadata.mtime() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(root: &Path, order: Order, filter: &str) -> Vec<String> {
        let trees = Trees::new(root.to_path_buf());
        let mut listing = Listing::open(&trees, RelPath::root(), root).unwrap();
        listing.read(filter, usize::MAX, || false).unwrap();
        assert!(listing.is_whole);
        listing.sort(order);
        let items = listing.items(0, usize::MAX);
        items.map(|i| String::from_utf8_lossy(i.name).into_owned()).collect()
    }

    #[test]
    fn folders_come_first_in_natural_order_and_private_entries_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, size, mode) in [
            ("v10.iso", 1, 0o644),
            ("v9.iso", 2, 0o644),
            ("secret", 3, 0o640),
            (".v1.iso.aBcDeF", 1, 0o644),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, vec![0; size]).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        for (name, mode) in [("zoo", 0o755), ("closed", 0o750)] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("outside")).unwrap();
        assert_eq!(names(dir.path(), Order::default(), ""), ["zoo", "v9.iso", "v10.iso"]);
        let largest = Order { column: Column::Size, descending: true };
        assert_eq!(names(dir.path(), largest, ""), ["zoo", "v9.iso", "v10.iso"]);
        assert_eq!(names(dir.path(), Order::default(), "V1"), ["v10.iso"]);
        assert_eq!(names(dir.path(), Order::default(), "iso 9"), ["v9.iso"]);
    }

    #[test]
    fn a_part_is_read_and_shown_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..30 {
            fs::write(dir.path().join(format!("common-{number}")), "").unwrap();
        }
        let trees = Trees::new(dir.path().to_path_buf());
        let mut listing = Listing::open(&trees, RelPath::root(), dir.path()).unwrap();
        listing.read("", 10, || false).unwrap();
        assert_eq!((listing.len(), listing.is_whole), (10, false));
        let mut listing = Listing::open(&trees, RelPath::root(), dir.path()).unwrap();
        listing.read("", usize::MAX, || false).unwrap();
        listing.sort(Order::default());
        let shown: Vec<_> = listing.items(9, 12).map(|item| item.name.to_vec()).collect();
        assert_eq!(shown, [b"common-9".to_vec(), b"common-10".to_vec(), b"common-11".to_vec()]);
        assert_eq!(listing.items(29, 40).count() + listing.items(50, 60).count(), 1);
    }
}
