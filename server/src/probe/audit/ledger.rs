//! What a look has found so far, and what it may still spend.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Instant,
};

use app::model::{Fault, FaultKind};
use sha2::{Digest as _, Sha256, Sha512};

use super::{Keyring, Limits};
use crate::files::{Found, RelPath, TreeError, Trees};

/// Faults kept; beyond that it is clear enough.
const MOST_KEPT: usize = 1000;

/// A look in the making.
pub struct Ledger<'a> {
    trees: &'a Trees,
    base: &'a RelPath,
    limits: Limits,
    /// The keys with which release files must be signed.
    pub keyring: Option<&'a Keyring>,
    begun: Instant,
    tally: Tally,
}

/// What was found.
#[derive(Default)]
pub struct Tally {
    pub faults: BTreeSet<Fault>,
    pub marks: BTreeMap<String, [u8; 32]>,
    pub counts: Counts,
    hashed_bytes: u64,
    unpacked_bytes: u64,
}

/// How much was looked at.
#[derive(Default)]
pub struct Counts {
    pub releases: usize,
    pub indexes: usize,
    pub indexes_hashed: usize,
    pub packages: usize,
    pub packages_hashed: usize,
    pub signed: usize,
    pub unsigned: usize,
}

/// What a file should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// In bytes.
    pub size: Option<u64>,
    /// Lower-case hexadecimal; of other kinds than these only the size is compared.
    pub hash: Option<Hash>,
}

/// A checksum that proves something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256(String),
    /// SHA-512.
    Sha512(String),
}

/// A file that is there.
pub struct OnDisk {
    pub path: PathBuf,
    pub metadata: Metadata,
}

/// Why a file cannot be compared.
pub enum Absent {
    Missing,
    Unreadable(String),
}

impl<'a> Ledger<'a> {
    pub fn new(
        trees: &'a Trees,
        base: &'a RelPath,
        limits: Limits,
        keyring: Option<&'a Keyring>,
    ) -> Self {
        Self { trees, base, limits, keyring, begun: Instant::now(), tally: Tally::default() }
    }

    pub fn into_tally(self) -> Tally {
        self.tally
    }

    pub fn counts(&mut self) -> &mut Counts {
        &mut self.tally.counts
    }

    pub fn releases(&self) -> usize {
        self.tally.counts.releases
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn is_late(&self) -> bool {
        self.begun.elapsed() >= self.limits.time
    }

    /// Whether no fault was found yet.
    pub fn is_blameless(&self) -> bool {
        self.tally.faults.is_empty()
    }

    /// Enters a fault of a file, named relative to the mirror.
    pub fn fault(&mut self, kind: FaultKind, path: &str, detail: impl Into<String>) {
        if self.tally.faults.len() < MOST_KEPT {
            self.tally.faults.insert(Fault { kind, path: path.to_owned(), detail: detail.into() });
        }
    }

    /// Finds a file of the mirror that the world may read.
    pub fn find(&self, name: &str) -> Result<OnDisk, Absent> {
        let path = self
            .base
            .join(name.as_bytes())
            .map_err(|error| Absent::Unreadable(error.to_string()))?;
        match self.trees.find(&path) {
            Ok(Found::File { path, metadata }) => Ok(OnDisk { path, metadata }),
            Ok(Found::Folder { .. }) => Err(Absent::Unreadable("it is a folder".to_owned())),
            Err(TreeError::Missing) => Err(Absent::Missing),
            Err(error) => Err(Absent::Unreadable(error.to_string())),
        }
    }

    /// Whether a folder of the mirror is there.
    pub fn has_folder(&self, name: &str) -> bool {
        let Ok(path) = self.base.join(name.as_bytes()) else { return false };
        !matches!(self.trees.find(&path), Err(TreeError::Missing))
    }

    /// Reads a release file whole and remembers its hash; none if it is not there. Other reasons are
    /// faults.
    pub fn release(&mut self, name: &str) -> Option<Vec<u8>> {
        let read = self.find(name).and_then(|file| {
            let limit = self.limits.release_bytes;
            if file.metadata.len() > limit {
                return Err(Absent::Unreadable(format!("longer than {limit} bytes")));
            }
            let mut bytes = Vec::new();
            File::open(file.path)
                .and_then(|file| file.take(limit).read_to_end(&mut bytes))
                .map_err(|error| Absent::Unreadable(error.to_string()))?;
            Ok(bytes)
        });
        match read {
            Ok(bytes) => {
                self.tally.marks.insert(name.to_owned(), Sha256::digest(&bytes).into());
                Some(bytes)
            }
            Err(Absent::Missing) => None,
            Err(Absent::Unreadable(reason)) => {
                self.fault(FaultKind::Unreadable, name, reason);
                None
            }
        }
    }

    /// Compares an index with what the release says of it; whether it fits.
    pub fn index(&mut self, name: &str, expected: &Expected) -> bool {
        let file = match self.find(name) {
            Ok(file) => file,
            Err(Absent::Missing) => {
                self.fault(FaultKind::MissingIndex, name, "");
                return false;
            }
            Err(Absent::Unreadable(reason)) => {
                self.fault(FaultKind::Unreadable, name, reason);
                return false;
            }
        };
        self.tally.counts.indexes += 1;
        if let Some(fault) = wrong_size(&file, expected) {
            self.fault(FaultKind::IndexSize, name, fault);
            return false;
        }
        match self.hash(&file, expected) {
            Ok(None) => true,
            Ok(Some(is_right)) => {
                self.tally.counts.indexes_hashed += 1;
                if !is_right {
                    self.fault(FaultKind::IndexHash, name, "");
                }
                is_right
            }
            Err(error) => {
                self.fault(FaultKind::Unreadable, name, error.to_string());
                false
            }
        }
    }

    /// Compares a package with what an index says of it.
    pub fn package(&mut self, name: &str, expected: &Expected) {
        let file = match self.find(name) {
            Ok(file) => file,
            Err(Absent::Missing) => return self.fault(FaultKind::MissingPackage, name, ""),
            Err(Absent::Unreadable(reason)) => {
                return self.fault(FaultKind::Unreadable, name, reason);
            }
        };
        self.tally.counts.packages += 1;
        if let Some(fault) = wrong_size(&file, expected) {
            return self.fault(FaultKind::PackageSize, name, fault);
        }
        if self.tally.counts.packages_hashed >= self.limits.packages_hashed
            || file.metadata.len() > self.limits.package_bytes
        {
            return;
        }
        match self.hash(&file, expected) {
            Ok(None) => {}
            Ok(Some(is_right)) => {
                self.tally.counts.packages_hashed += 1;
                if !is_right {
                    self.fault(FaultKind::PackageHash, name, "");
                }
            }
            Err(error) => self.fault(FaultKind::Unreadable, name, error.to_string()),
        }
    }

    /// Whether a file has its hash; nothing if there is none to compare, or no budget left.
    pub fn hash(&mut self, file: &OnDisk, expected: &Expected) -> io::Result<Option<bool>> {
        let Some(hash) = &expected.hash else { return Ok(None) };
        let after = self.tally.hashed_bytes.saturating_add(file.metadata.len());
        if after > self.limits.hashed_bytes || self.is_late() {
            return Ok(None);
        }
        self.tally.hashed_bytes = after;
        let limit = file.metadata.len();
        Ok(Some(match hash {
            Hash::Sha256(wanted) => digest::<Sha256>(&file.path, limit)? == *wanted,
            Hash::Sha512(wanted) => digest::<Sha512>(&file.path, limit)? == *wanted,
        }))
    }

    /// How many bytes may still be unpacked.
    pub fn unpackable(&self) -> u64 {
        self.limits.unpacked_bytes.saturating_sub(self.tally.unpacked_bytes)
    }

    /// Enters that so many bytes were unpacked.
    pub fn unpacked(&mut self, bytes: u64) {
        self.tally.unpacked_bytes = self.tally.unpacked_bytes.saturating_add(bytes);
    }
}

fn wrong_size(file: &OnDisk, expected: &Expected) -> Option<String> {
    let (size, found) = (expected.size?, file.metadata.len());
    (found != size).then(|| format!("{found} bytes instead of {size}"))
}

/// The hash of the first `limit` bytes: a file that grows meanwhile does not keep us for ever.
fn digest<D: sha2::Digest + io::Write>(path: &Path, limit: u64) -> io::Result<String> {
    let mut digest = D::new();
    io::copy(&mut File::open(path)?.take(limit), &mut digest)?;
    Ok(digest.finalize().iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    }))
}
