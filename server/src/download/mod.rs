//! Installers and applications, found by rules of `mirror.toml` in the trees.
//!
//! A rule is a [`Pattern`] and how many versions of what it finds are shown. Only the folders that the pattern
//! names are read, in the background, when a mirror has changed: what is found exists, and the world may read
//! it. A mirror whose tree is on another machine is looked up in the file index, without checksums.

mod find;
mod pattern;
mod rule;
mod sums;
mod version;
pub mod watch;

use std::collections::{BTreeMap, HashSet};

use app::download::{Distribution, Download};

pub use find::{Found, Place, look};
pub use pattern::{Part, Pattern};
pub use rule::Rule;
#[cfg(feature = "fuzzing")]
pub use sums::parse as parse_sums;

use crate::files::natural;

/// What the trees have for download.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Downloads {
    /// By kind, then by name.
    pub distributions: Vec<Distribution>,
    /// Rules that found nothing in a tree that is there, for the operator: mirror and patterns.
    pub silent: Vec<(String, String)>,
    /// Whether the trees have been looked at; nothing can be said before.
    pub is_known: bool,
}

impl Downloads {
    /// Puts together what was found in each mirror.
    pub fn gather<'a>(found: impl IntoIterator<Item = (&'a String, &'a Found)>) -> Self {
        let mut all: BTreeMap<&str, Distribution> = BTreeMap::new();
        let mut silent = Vec::new();
        let mut seen = HashSet::new();
        for (mirror, found) in found {
            silent.extend(found.silent.iter().map(|rule| (mirror.clone(), rule.clone())));
            for part in &found.distributions {
                let files = part.files.iter().filter(|file| {
                    // The same image may be in two mirrors, or under two names of a folder.
                    seen.insert((part.id.as_str(), file.file.as_str(), file.size))
                });
                let files: Vec<Download> = files.cloned().collect();
                let empty = || Distribution { files: Vec::new(), ..part.clone() };
                all.entry(&part.id).or_insert_with(empty).files.extend(files);
            }
        }
        let mut distributions: Vec<Distribution> = all.into_values().collect();
        for distribution in &mut distributions {
            distribution.files.sort_by(newest_first);
        }
        distributions.sort_by_cached_key(|d| (d.kind, d.name.en.to_lowercase(), d.id.clone()));
        Self { distributions, silent, is_known: true }
    }

    /// The distribution of which a mirror has most files.
    pub fn of_mirror(&self, mirror: &str) -> Option<&Distribution> {
        let count = |d: &Distribution| d.files.iter().filter(|f| f.mirror == mirror).count();
        self.distributions.iter().filter(|d| count(d) > 0).max_by_key(|d| count(d))
    }
}

/// New versions first, then what most machines need.
fn newest_first(one: &Download, other: &Download) -> std::cmp::Ordering {
    let version = |file: &Download| file.version.clone().unwrap_or_default();
    let arch = |file: &Download| match file.arch.as_deref() {
        Some("amd64" | "x86_64" | "x64") | None => 0,
        Some("arm64" | "aarch64") => 1,
        Some(_) => 2,
    };
    version::compare(&version(other), &version(one))
        .then_with(|| arch(one).cmp(&arch(other)))
        .then_with(|| one.arch.cmp(&other.arch))
        .then_with(|| natural::compare(one.file.as_bytes(), other.file.as_bytes()))
}
