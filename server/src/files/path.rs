//! Paths below the mirror root, parsed once at the border.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use crate::web::encode;

/// A relative path without `.`, `..`, empty segments or NUL; bytes, since names are bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelPath {
    bytes: Vec<u8>,
    is_folder: bool,
}

/// Why an address names no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// `.` or `..`, plain or encoded.
    #[error("`.` and `..` are not followed")]
    Dots,
    /// `//`.
    #[error("two slashes in a row")]
    Empty,
    /// An encoded slash.
    #[error("an encoded slash")]
    Slash,
    /// NUL, plain or encoded.
    #[error("a NUL byte")]
    Nul,
    /// Bytes that are no text, where only text can be.
    #[error("not UTF-8")]
    NotText,
}

impl RelPath {
    /// Parses the path of a request: `/debian/dists/` or `/debian/README`.
    ///
    /// # Errors
    /// Anything that could lead out of the root or is no name on a Unix file system.
    pub fn parse(request_path: &str) -> Result<Self, PathError> {
        let inner = request_path.strip_prefix('/').unwrap_or(request_path);
        let is_folder = inner.is_empty() || inner.ends_with('/');
        let inner = match inner.strip_suffix('/') {
            Some("") => return Err(PathError::Empty),
            Some(inner) => inner,
            None => inner,
        };
        let mut bytes = Vec::with_capacity(inner.len());
        if !inner.is_empty() {
            for segment in inner.split('/') {
                let decoded = encode::decode_path(segment);
                match decoded.as_slice() {
                    b"" => return Err(PathError::Empty),
                    b"." | b".." => return Err(PathError::Dots),
                    s if s.contains(&0) => return Err(PathError::Nul),
                    s if s.contains(&b'/') => return Err(PathError::Slash),
                    s => {
                        if !bytes.is_empty() {
                            bytes.push(b'/');
                        }
                        bytes.extend_from_slice(s);
                    }
                }
            }
        }
        Ok(Self { bytes, is_folder })
    }

    /// The folder that holds the trees.
    pub const fn root() -> Self {
        Self { bytes: Vec::new(), is_folder: true }
    }

    /// Segments from the top.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.bytes.split(|b| *b == b'/').filter(|s| !s.is_empty())
    }

    /// The bytes, without leading or trailing slash.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the address ended in a slash.
    pub fn is_folder(&self) -> bool {
        self.is_folder
    }

    /// The path of the folder above; none at the root.
    pub fn parent(&self) -> Option<Self> {
        if self.bytes.is_empty() {
            return None;
        }
        let end = self.bytes.iter().rposition(|b| *b == b'/').unwrap_or(0);
        Some(Self { bytes: self.bytes[..end].to_vec(), is_folder: true })
    }

    /// The path of an entry of this folder.
    pub fn child(&self, name: &[u8], is_folder: bool) -> Self {
        let mut bytes = self.bytes.clone();
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self { bytes, is_folder }
    }

    /// The path of something below this folder, named in bytes that are not percent-encoded, as the
    /// indexes of mirrored trees name files; a leading `./` and a trailing slash do not matter.
    ///
    /// # Errors
    /// As for [`Self::parse`].
    pub fn join(&self, below: &[u8]) -> Result<Self, PathError> {
        let below = below.strip_prefix(b"./").unwrap_or(below);
        let (below, is_folder) = match below.strip_suffix(b"/") {
            Some(below) => (below, true),
            None => (below, false),
        };
        if below.is_empty() {
            return Ok(Self { bytes: self.bytes.clone(), is_folder: true });
        }
        below.split(|b| *b == b'/').try_fold(self.clone(), |path, segment| match segment {
            b"" => Err(PathError::Empty),
            b"." | b".." => Err(PathError::Dots),
            segment if segment.contains(&0) => Err(PathError::Nul),
            segment => Ok(path.child(segment, is_folder)),
        })
    }

    /// The path on disk.
    pub fn on_disk(&self, root: &Path) -> PathBuf {
        if self.bytes.is_empty() {
            root.to_path_buf()
        } else {
            root.join(OsStr::from_bytes(&self.bytes))
        }
    }

    /// For people; bytes that are not UTF-8 are replaced.
    pub fn display(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Percent-encoded, with a leading slash, and a trailing one for folders.
    pub fn href(&self) -> String {
        let path = encode::path(&self.bytes);
        if path.is_empty() {
            "/".to_owned()
        } else if self.is_folder {
            format!("/{path}/")
        } else {
            format!("/{path}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_its_decoded_segments() {
        let path = RelPath::parse("/debian/a%20b/").unwrap();
        assert_eq!((path.bytes(), path.is_folder()), (b"debian/a b".as_slice(), true));
        assert_eq!(path.href(), "/debian/a%20b/");
        assert_eq!(path.parent().unwrap().href(), "/debian/");
    }

    #[test]
    fn ways_out_of_the_root_are_refused() {
        for (path, why) in [
            ("/debian/../etc", PathError::Dots),
            ("/debian/%2e%2E/etc", PathError::Dots),
            ("/debian/..%2fetc", PathError::Slash),
            ("/debian//x", PathError::Empty),
            ("//", PathError::Empty),
            ("/debian/%00", PathError::Nul),
        ] {
            assert_eq!(RelPath::parse(path), Err(why), "{path}");
        }
    }

    #[test]
    fn names_below_a_folder_are_taken_as_they_are() {
        let folder = RelPath::parse("/debian").unwrap();
        let joined = |name: &str| folder.join(name.as_bytes());
        assert_eq!(joined("./pool/a%3a1.deb").unwrap().bytes(), b"debian/pool/a%3a1.deb");
        assert_eq!(joined("").unwrap().bytes(), b"debian");
        assert_eq!(joined("../x"), Err(PathError::Dots));
        assert_eq!(joined("a//b"), Err(PathError::Empty));
        assert_eq!(joined("/etc/passwd"), Err(PathError::Empty));
        assert_eq!(joined("a\0"), Err(PathError::Nul));
    }

    proptest! {
        #[test]
        fn no_address_leads_out(path in "(/|%2e|%2F|\\.|[a-c%0-9]){0,24}") {
            if let Ok(path) = RelPath::parse(&path) {
                let disk = path.on_disk(Path::new("/root"));
                prop_assert!(disk.starts_with("/root"));
                prop_assert!(disk.components().all(|c| c != std::path::Component::ParentDir));
                prop_assert_eq!(RelPath::parse(&path.href()).map(|p| p.bytes().to_vec()), Ok(path.bytes().to_vec()));
            }
        }
    }
}
