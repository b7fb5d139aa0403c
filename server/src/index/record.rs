//! One file or directory of the mirror, before it is indexed.

use std::borrow::Cow;

/// Longest path taken into the index, in bytes (Linux `PATH_MAX`).
pub const MAX_PATH: usize = 4096;

/// One file or directory as a walk or an upstream list reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Path relative to the mirror root: the first segments are the mirror's path, no leading or
    /// trailing slash. Bytes, because old trees hold names that are not UTF-8.
    pub path: Vec<u8>,
    /// Size in bytes; 0 for directories.
    pub size: u64,
    /// Modification time in seconds since 1970-01-01 UTC.
    pub mtime: i64,
    /// Whether the path is a directory.
    pub is_dir: bool,
}

/// Why a path cannot be indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing is left after removing slashes and leading `./`.
    #[error("the path is empty")]
    Empty,
    /// Longer than [`MAX_PATH`].
    #[error("the path is longer than 4096 bytes")]
    TooLong,
    /// Contains NUL, which separates names inside the index.
    #[error("the path contains a NUL byte")]
    Nul,
    /// Contains `.`, `..` or an empty segment.
    #[error("the path has an empty, `.` or `..` segment")]
    Segment,
}

/// Removes a leading `./` or `/` and a trailing `/`, then checks what is left.
pub fn clean_path(path: &[u8]) -> Result<&[u8], PathError> {
    let mut path = path;
    while let Some(rest) = path.strip_prefix(b"./").or_else(|| path.strip_prefix(b"/")) {
        path = rest;
    }
    while let Some(rest) = path.strip_suffix(b"/") {
        path = rest;
    }
    if path.is_empty() || path == b"." {
        return Err(PathError::Empty);
    }
    if path.len() > MAX_PATH {
        return Err(PathError::TooLong);
    }
    if path.contains(&0) {
        return Err(PathError::Nul);
    }
    let odd = |segment: &[u8]| matches!(segment, b"" | b"." | b"..");
    if path.split(|&byte| byte == b'/').any(odd) {
        return Err(PathError::Segment);
    }
    Ok(path)
}

/// Whether a file or directory name belongs to a transfer that is still running: rsync's
/// `.name.XXXXXX`, `.~tmp~` and partial directories, lftp's temporary files.
///
/// rsync draws the six characters from `[A-Za-z0-9]`. A suffix of six lower-case letters
/// (`.foo.config`) is taken for an ordinary file: that spares real names, at the price of one
/// temporary name in two hundred.
pub fn is_in_flight(name: &[u8]) -> bool {
    if name.starts_with(b".~tmp~") || name.starts_with(b".rsync-") || name.starts_with(b".lftp") {
        return true;
    }
    let Some((stem, suffix)) = name.split_last_chunk::<6>() else {
        return false;
    };
    stem.len() >= 3
        && stem.starts_with(b".")
        && stem.ends_with(b".")
        && suffix.iter().all(u8::is_ascii_alphanumeric)
        && suffix.iter().any(|byte| !byte.is_ascii_lowercase())
}

/// Splits a path into its directory (empty at the top) and its last segment.
pub fn split_name(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// Joins a directory and a name; an empty directory adds no slash.
pub fn join<'a>(dir: &[u8], name: &'a [u8]) -> Cow<'a, [u8]> {
    if dir.is_empty() {
        return Cow::Borrowed(name);
    }
    let mut path = Vec::with_capacity(dir.len() + 1 + name.len());
    path.extend_from_slice(dir);
    path.push(b'/');
    path.extend_from_slice(name);
    Cow::Owned(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_or_refused() {
        assert_eq!(clean_path(b"./debian/pool/"), Ok(&b"debian/pool"[..]));
        assert_eq!(clean_path(b"/debian"), Ok(&b"debian"[..]));
        assert_eq!(clean_path(b"./"), Err(PathError::Empty));
        assert_eq!(clean_path(b"a/../b"), Err(PathError::Segment));
        assert_eq!(clean_path(b"a//b"), Err(PathError::Segment));
        assert_eq!(clean_path(b"a\0b"), Err(PathError::Nul));
        assert_eq!(clean_path(&[b'a'; 5000]), Err(PathError::TooLong));
    }

    #[test]
    fn names_of_running_transfers_are_known() {
        for name in [&b".foo.iso.Xy12aB"[..], b".~tmp~", b".a.bcdef1"] {
            assert!(is_in_flight(name), "{name:?}");
        }
        for name in [&b".foo.config"[..], b"foo.iso.Xy12aB", b"..Xy12aB", b".bashrc", b""] {
            assert!(!is_in_flight(name), "{name:?}");
        }
    }
}
