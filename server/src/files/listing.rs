//! One directory, read and sorted.

use std::{cmp::Ordering, fs, io, os::unix::ffi::OsStrExt as _, path::Path};

use app::page::listing::{Column, Order};
use jiff::Timestamp;

use super::{Found, RelPath, Trees, natural, tree};

/// One entry that the world may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Name as it is on disk.
    pub name: Box<[u8]>,
    /// Size in bytes; none for folders.
    pub size: Option<u64>,
    /// Modification time.
    pub time: Option<Timestamp>,
}

/// A directory being read.
pub struct Reader<'a> {
    trees: &'a Trees,
    folder: RelPath,
    entries: fs::ReadDir,
    filter: String,
}

impl<'a> Reader<'a> {
    /// Opens the directory at `real`, which `trees` found for `folder`. Only names that contain
    /// `filter` are read; the case of ASCII letters is ignored.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn open(trees: &'a Trees, folder: RelPath, real: &Path, filter: &str) -> io::Result<Self> {
        Ok(Self {
            trees,
            folder,
            entries: fs::read_dir(real)?,
            filter: filter.to_ascii_lowercase(),
        })
    }

    /// Whether the world may read an entry, and what it is. One that vanished is none; a symlink
    /// counts as what it leads to, if that lies within the trees.
    fn item(&self, entry: &fs::DirEntry) -> Option<Item> {
        let name = entry.file_name();
        let bytes = name.as_bytes();
        let wanted = self.filter.is_empty()
            || name.to_string_lossy().to_ascii_lowercase().contains(&self.filter);
        if !wanted || tree::is_hidden(bytes) {
            return None;
        }
        let metadata = if entry.file_type().ok()?.is_symlink() {
            match self.trees.find(&self.folder.child(bytes, false)).ok()? {
                Found::File { metadata, .. } => metadata,
                Found::Folder { path } => fs::metadata(path).ok()?,
            }
        } else {
            entry.metadata().ok().filter(tree::is_public)?
        };
        Some(Item {
            name: bytes.into(),
            size: metadata.is_file().then_some(metadata.len()),
            time: tree::modified(&metadata),
        })
    }
}

impl Iterator for Reader<'_> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.entries.next()? {
                Err(error) => return Some(Err(error)),
                Ok(entry) => {
                    if let Some(item) = self.item(&entry) {
                        return Some(Ok(item));
                    }
                }
            }
        }
    }
}

/// Sorts: folders first, then by `order`.
pub fn sort(items: &mut [Item], order: Order) {
    items.sort_unstable_by(|a, b| {
        let folders_first = a.size.is_some().cmp(&b.size.is_some());
        let by_column = match order.column {
            Column::Name => Ordering::Equal,
            Column::Size => a.size.cmp(&b.size),
            Column::Time => a.time.cmp(&b.time),
        };
        let by_name = natural::compare(&a.name, &b.name);
        let inner = by_column.then(by_name);
        folders_first.then(if order.descending { inner.reverse() } else { inner })
    });
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(root: &Path, order: Order, filter: &str) -> Vec<String> {
        let trees = Trees::new(root.to_path_buf());
        let reader = Reader::open(&trees, RelPath::parse("/").unwrap(), root, filter).unwrap();
        let mut items = reader.collect::<io::Result<Vec<_>>>().unwrap();
        sort(&mut items, order);
        items.iter().map(|i| String::from_utf8_lossy(&i.name).into_owned()).collect()
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
    }
}
