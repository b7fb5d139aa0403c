//! One directory, read and sorted.
//!
//! PERF: a folder may hold hundreds of thousands of entries. Its names are kept in one piece of memory, sorted by
//! keys made once, and looked at closer (permissions, size, time) only when they are shown.

use std::{
    fs, io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::Path,
};

use app::page::listing::{Column, Order};
use jiff::Timestamp;
use memchr::memmem;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};

use super::{Found, RelPath, Trees, natural, tree};

/// Bytes of directory entries that the kernel hands over at once.
const BUFFER: usize = 64 * 1024;

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

/// One entry: where its name is, and what it is sorted by.
#[derive(Clone, Copy)]
struct Slot {
    key: u128,
    start: u32,
    length: u16,
    is_folder: bool,
    is_link: bool,
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

    /// Reads up to `limit` names that contain every word of `filter`; the case of ASCII letters is ignored.
    /// `is_unwanted` is asked now and then whether to give up.
    ///
    /// # Errors
    /// The disk broke off; what was read until then remains.
    pub fn read(
        &mut self,
        filter: &str,
        limit: usize,
        is_unwanted: impl Fn() -> bool,
    ) -> io::Result<()> {
        let filter = filter.to_ascii_lowercase();
        let words: Vec<_> = filter.split_whitespace().map(memmem::Finder::new).collect();
        let mut folded = Vec::new();
        let mut buffer = Vec::with_capacity(BUFFER);
        let directory = self.directory.try_clone()?;
        let mut entries = RawDir::new(&directory, buffer.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
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
            if self.slots.len() == limit {
                return Ok(());
            }
            self.add(name, entry.file_type());
            if self.slots.len().is_multiple_of(4096) && is_unwanted() {
                return Ok(());
            }
        }
        self.is_whole = true;
        Ok(())
    }

    fn add(&mut self, name: &[u8], kind: FileType) {
        let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len()))
        else {
            return;
        };
        self.names.extend_from_slice(name);
        let is_link = kind == FileType::Symlink;
        let mut slot =
            Slot { key: 0, start, length, is_folder: kind == FileType::Directory, is_link };
        if is_link || kind == FileType::Unknown {
            // What it is decides on its place.
            match self.look(slot) {
                Some(item) => slot.is_folder = item.size.is_none(),
                None => return,
            }
        }
        self.slots.push(slot);
    }

    /// Drops what the world may not read, so that it is not counted either.
    pub fn keep_public(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        slots.retain(|slot| self.look(*slot).is_some());
        self.slots = slots;
    }

    /// Sorts: folders first, then by `order`.
    pub fn sort(&mut self, order: Order) {
        let mut slots = std::mem::take(&mut self.slots);
        if order.column == Column::Name {
            self.key_names(&mut slots);
        } else {
            slots.retain_mut(|slot| match self.look(*slot) {
                Some(item) => {
                    slot.key = match order.column {
                        Column::Size => item.size.map_or(0, |size| 1 + u128::from(size)),
                        _ => item.time.map_or(0, |time| time.as_second().unsigned_abs().into()),
                    };
                    true
                }
                None => false,
            });
        }
        slots.sort_unstable_by(|a, b| {
            let inner =
                a.key.cmp(&b.key).then_with(|| natural::compare(self.name(*a), self.name(*b)));
            let inner = if order.descending { inner.reverse() } else { inner };
            b.is_folder.cmp(&a.is_folder).then(inner)
        });
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
        for slot in slots {
            slot.key = natural::key(self.name(*slot).get(common..).unwrap_or_default());
        }
    }

    /// Entries read, those included that turn out not to be for everyone.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The entries from one place to another, as they are at this moment.
    pub fn items(&self, from: usize, to: usize) -> impl Iterator<Item = Item<'_>> {
        let to = to.min(self.slots.len());
        self.slots
            .get(from.min(to)..to)
            .unwrap_or_default()
            .iter()
            .filter_map(|slot| self.look(*slot))
    }

    fn name(&self, slot: Slot) -> &[u8] {
        let start = slot.start as usize;
        self.names.get(start..start + usize::from(slot.length)).unwrap_or_default()
    }

    /// Whether the world may read an entry, and what it is. One that vanished is none; a symlink counts as what
    /// it leads to, if that lies within the trees.
    fn look(&self, slot: Slot) -> Option<Item<'_>> {
        let name = self.name(slot);
        if slot.is_link {
            let metadata = match self.trees.find(&self.folder.child(name, false)).ok()? {
                Found::File { metadata, .. } => metadata,
                Found::Folder { path } => fs::metadata(path).ok()?,
            };
            let size = metadata.is_file().then_some(metadata.len());
            return Some(Item { name, size, time: tree::modified(&metadata) });
        }
        let path = std::ffi::OsStr::from_bytes(name);
        let stat = rustix::fs::statat(&self.directory, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let size = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if stat.st_mode & 0o005 == 0o005 => None,
            FileType::RegularFile if stat.st_mode & 0o004 == 0o004 => {
                Some(u64::try_from(stat.st_size).unwrap_or_default())
            }
            _ => return None,
        };
        let seconds = stat.st_mtime;
        let time = (seconds >= 0).then(|| Timestamp::from_second(seconds).ok()).flatten();
        Some(Item { name, size, time })
    }
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
        fs::remove_file(dir.path().join("common-9")).unwrap();
        assert_eq!(listing.items(9, 12).count(), 2, "it vanished meanwhile");
    }
}
