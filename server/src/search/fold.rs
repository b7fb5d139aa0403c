//! File results as people want them: what belongs to a file stands under it, and the same file in several places
//! is one result.

use std::collections::HashMap;

use crate::index::Hit;

/// A result with what was folded into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// The file or folder.
    pub hit: Hit,
    /// Checksums, signatures and the like that are named after it.
    pub beside: Vec<Hit>,
    /// Files of its name and size elsewhere.
    pub also: Vec<Hit>,
}

/// What is added to the name of a file by what belongs to it.
const ENDINGS: [&str; 21] = [
    ".asc",
    ".sig",
    ".sign",
    ".gpg",
    ".minisig",
    ".sigstore",
    ".md5",
    ".md5sum",
    ".sha1",
    ".sha256",
    ".sha256sum",
    ".sha256.txt",
    ".sha512",
    ".sha512sum",
    ".b2sum",
    ".CHECKSUM",
    ".DIGESTS",
    ".torrent",
    ".zsync",
    ".metalink",
    ".jigdo",
];

/// Folds results, best first; each stands where the best of what it holds stood. At most `limit` remain.
pub fn fold(hits: Vec<Hit>, limit: usize) -> Vec<Folded> {
    let places: HashMap<Vec<u8>, usize> =
        hits.iter().enumerate().map(|(at, hit)| (hit.path_bytes.clone(), at)).collect();
    // The first of a name and a size stands for the others.
    let mut same: HashMap<(Vec<u8>, u64), usize> = HashMap::new();
    let mut heads: Vec<usize> = Vec::new();
    for (at, hit) in hits.iter().enumerate() {
        let name = name(&hit.path_bytes).to_vec();
        heads.push(match owner(hit).and_then(|owner| places.get(owner)) {
            Some(owner) => *owner,
            None if hit.is_dir || hit.size == 0 => at,
            None => *same.entry((name, hit.size)).or_insert(at),
        });
    }
    // What belongs to a file that was itself folded goes where that went.
    let head_of =
        |at: usize| heads.get(at).and_then(|head| heads.get(*head)).copied().unwrap_or(at);
    let ends: Vec<usize> = (0..hits.len()).map(head_of).collect();
    let mut results: Vec<Folded> = Vec::new();
    let mut result_of: HashMap<usize, usize> = HashMap::new();
    for end in &ends {
        if !result_of.contains_key(end)
            && let Some(hit) = hits.get(*end)
        {
            result_of.insert(*end, results.len());
            results.push(Folded { hit: hit.clone(), beside: Vec::new(), also: Vec::new() });
        }
    }
    for (at, hit) in hits.into_iter().enumerate() {
        let Some(end) = ends.get(at) else { continue };
        let Some(result) = result_of.get(end).and_then(|place| results.get_mut(*place)) else {
            continue;
        };
        if *end == at {
            continue;
        }
        match owner(&hit) {
            // A copy's signature is that of the file, too; one of a kind is enough.
            Some(owner) if places.contains_key(owner) => {
                let is_there = |other: &Hit| name(&other.path_bytes) == name(&hit.path_bytes);
                if !result.beside.iter().any(is_there) {
                    result.beside.push(hit);
                }
            }
            _ => result.also.push(hit),
        }
    }
    results.truncate(limit);
    results
}

/// The path of the file that a file is named after.
fn owner(hit: &Hit) -> Option<&[u8]> {
    if hit.is_dir {
        return None;
    }
    let owner = ENDINGS.iter().find_map(|ending| hit.path_bytes.strip_suffix(ending.as_bytes()))?;
    (!name(owner).is_empty()).then_some(owner)
}

/// The last segment of a path.
pub fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(path: &str, size: u64) -> Hit {
        Hit {
            path: path.to_owned(),
            path_bytes: path.as_bytes().to_vec(),
            mirror: path.split('/').next().unwrap().to_owned(),
            size,
            mtime: 0,
            is_dir: false,
            highlights: Vec::new(),
            score: 0,
        }
    }

    fn shown(hits: &[(&str, u64)], limit: usize) -> Vec<String> {
        let hits = hits.iter().map(|(path, size)| hit(path, *size)).collect();
        let paths =
            |hits: &[Hit]| hits.iter().map(|hit| hit.path.clone()).collect::<Vec<_>>().join(" ");
        fold(hits, limit)
            .iter()
            .map(|result| {
                format!("{} [{}] [{}]", result.hit.path, paths(&result.beside), paths(&result.also))
            })
            .collect()
    }

    #[test]
    fn what_belongs_to_a_file_stands_under_it() {
        let hits = [
            ("a/x.iso.sha256", 80),
            ("a/x.iso", 9),
            ("a/x.iso.sig", 3),
            ("a/y.iso.sig", 3),
            ("b/x.iso.sig", 4),
        ];
        assert_eq!(
            shown(&hits, 9),
            ["a/x.iso [a/x.iso.sha256 a/x.iso.sig] []", "a/y.iso.sig [] []", "b/x.iso.sig [] []"]
        );
    }

    #[test]
    fn the_same_file_in_several_places_is_one_result() {
        let hits = [
            ("a/x.iso", 9),
            ("b/x.iso", 9),
            ("b/x.iso.sig", 3),
            ("b/x.iso.md5", 3),
            ("a/x.iso.md5", 3),
            ("c/x.iso", 8),
            ("d/empty", 0),
            ("e/empty", 0),
        ];
        assert_eq!(
            shown(&hits, 9),
            [
                "a/x.iso [b/x.iso.sig b/x.iso.md5] [b/x.iso]",
                "c/x.iso [] []",
                "d/empty [] []",
                "e/empty [] []"
            ]
        );
        assert_eq!(shown(&hits, 1).len(), 1);
    }

    #[test]
    fn a_folder_and_a_name_of_an_ending_alone_are_results_of_their_own() {
        let mut folder = hit("a/x.iso.sig", 0);
        folder.is_dir = true;
        let hits = vec![hit("a/x.iso", 9), folder, hit("a/.sig", 1), hit("a/", 1)];
        assert_eq!(fold(hits, 9).len(), 4);
    }
}
