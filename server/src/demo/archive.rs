//! Reproducible tar archives and their compression.

use std::{collections::BTreeSet, io::Write};

use anyhow::{Result, ensure};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// The time of every member of every archive, 2025-10-01T00:00:00Z: archives are the same on every machine.
pub(super) const TIME: u32 = 1_759_276_800;

/// A file to be packed.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Relative to the top of the archive, `usr/bin/hello`.
    pub path: String,
    /// Executable, 0755 instead of 0644.
    pub executable: bool,
    /// What is in it.
    pub content: Vec<u8>,
}

impl Member {
    /// An ordinary file.
    pub(super) fn file(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), executable: false, content: content.into() }
    }

    /// A script or program.
    pub(super) fn program(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { executable: true, ..Self::file(path, content) }
    }
}

/// Packs `members` in the given order, each directory before its first member, all owned by root.
///
/// `top` stands before every name: `""`, `"./"` as dpkg writes it, or `"hello-1.0/"`.
pub(super) fn tar(top: &str, members: &[Member]) -> Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    let mut directories = BTreeSet::new();
    for member in members {
        let name = format!("{top}{}", member.path);
        for (slash, _) in name.match_indices('/') {
            let directory = &name[..=slash];
            if directories.insert(directory.to_owned()) {
                let header = header(directory, EntryType::Directory, 0o755, 0)?;
                builder.append(&header, std::io::empty())?;
            }
        }
        let mode = if member.executable { 0o755 } else { 0o644 };
        let header = header(&name, EntryType::Regular, mode, member.content.len() as u64)?;
        builder.append(&header, member.content.as_slice())?;
    }
    Ok(builder.into_inner()?)
}

fn header(name: &str, kind: EntryType, mode: u32, size: u64) -> Result<Header> {
    let mut header = Header::new_ustar();
    // Written as bytes: `set_path` would drop the leading "./".
    let field = &mut header.as_old_mut().name;
    ensure!(name.len() < field.len(), "{name} is too long for the demo's tar");
    field[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_mtime(TIME.into());
    header.set_size(size);
    header.set_cksum();
    Ok(header)
}

/// Compresses with gzip, no name and no time in the header.
pub(super) fn gzip(data: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(data)?;
    Ok(encoder.finish()?)
}

/// [`tar()`], then [`gzip`].
pub(super) fn tar_gz(top: &str, members: &[Member]) -> Result<Vec<u8>> {
    gzip(&tar(top, members)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_once_and_before_their_members() {
        let members = [Member::file("a/b/c", "1"), Member::program("a/d", "22")];
        let bytes = tar("./", &members).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let names: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (
                    String::from_utf8(entry.path_bytes().into_owned()).unwrap(),
                    entry.header().mode().unwrap(),
                )
            })
            .collect();
        let wanted = [
            ("./", 0o755),
            ("./a/", 0o755),
            ("./a/b/", 0o755),
            ("./a/b/c", 0o644),
            ("./a/d", 0o755),
        ];
        assert_eq!(names, wanted.map(|(name, mode)| (name.to_owned(), mode)));
    }
}
