//! An apt tree against its `InRelease`, with the tolerance of apt.

use std::{collections::BTreeMap, io::BufRead};

use app::model::FaultKind;
use jiff::Timestamp;
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use super::{
    ledger::{Absent, Expected, Hash, Ledger},
    release::{Release, unsigned_text},
    sample::Sample,
    unpack,
};

/// Indexes of one release from which the sample is drawn.
const MOST_SAMPLED: usize = 8;
/// Bytes of an index that may be empty, however it is packed; `xz` needs 32 for nothing.
const EMPTY: u64 = 32;
/// Files of one source package that are looked at; most have three.
const MOST_PER_SOURCE: usize = 16;

/// Examines what one `InRelease` or `Release` names; one that is absent is passed over, since which
/// suites a mirror carries is its own affair.
///
/// `wanted` is the size of the sample.
pub fn examine(ledger: &mut Ledger<'_>, file: &str, wanted: usize, seed: u64, now: Timestamp) {
    let Some(bytes) = ledger.release(file) else { return };
    ledger.counts().releases += 1;
    let Ok(text) = String::from_utf8(bytes) else {
        return ledger.fault(FaultKind::BadRelease, file, "not UTF-8");
    };
    let text = signed_text(ledger, file, &text).unwrap_or_else(|reason| {
        ledger.fault(FaultKind::BadSignature, file, reason);
        unsigned_text(&text)
    });
    let Some(release) = Release::parse(&text) else {
        return ledger.fault(FaultKind::BadRelease, file, "it names no file");
    };
    if let Some(end) = release.valid_until.filter(|end| *end < now) {
        ledger.fault(FaultKind::Expired, file, format!("valid until {end}"));
    }
    let folder = file.rfind('/').map_or("", |slash| &file[..=slash]);
    let good = compare_indexes(ledger, &release, folder, seed);
    // Below `dists/` names of packages are relative to the folder above it; in a flat repository to
    // that of the release file.
    let root = match file.find("dists/") {
        Some(at) if at == 0 || file[..at].ends_with('/') => &file[..at],
        _ => folder,
    };
    sample_packages(ledger, &good, root, wanted, seed);
}

/// The text that is signed, or as it is when there is no key ring; an error if it is not signed well.
fn signed_text(ledger: &mut Ledger<'_>, file: &str, text: &str) -> Result<String, String> {
    let Some(keyring) = ledger.keyring else { return Ok(unsigned_text(text)) };
    let checked = if file.ends_with("InRelease") {
        keyring.open(text)
    } else {
        let name = format!("{file}.gpg");
        match ledger.release(&name) {
            Some(signature) => {
                keyring.verify(&signature, text.as_bytes()).map(|()| text.to_owned())
            }
            None => Err(format!("{name} is missing")),
        }
    };
    match &checked {
        Ok(_) => ledger.counts().signed += 1,
        Err(_) => ledger.counts().unsigned += 1,
    }
    checked
}

/// Compares every index that is there; returns those of packages and sources that fit, one file for
/// each.
///
/// What apt tolerates is no fault. Of the compressions of an index one must be there (apt falls back
/// to the next, `pkgAcqIndex::Failed`). `Packages` and `Sources` are needed, everything else is
/// optional (`DefaultEnabled`, `Optional` in apt's `IndexTargets`). A folder that is not there at all
/// belongs to an architecture or component that this mirror leaves out. A file of a newer state under
/// the plain name does no harm when the right one lies below `by-hash/`.
fn compare_indexes(
    ledger: &mut Ledger<'_>,
    release: &Release,
    folder: &str,
    seed: u64,
) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<(&str, &Expected)>> = BTreeMap::new();
    for (name, expected) in &release.files {
        groups.entry(stem(name)).or_default().push((name, expected));
    }
    // The budget for hashing may not suffice: another order each time gets round to all of them.
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.shuffle(&mut StdRng::seed_from_u64(seed));
    let mut good = Vec::new();
    for (stem, variants) in groups {
        if ledger.is_late() || ledger.counts().indexes >= ledger.limits().indexes {
            break;
        }
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let is_needed = matches!(name, "Packages" | "Sources");
        let (mut is_there, mut usable) = (false, None);
        for (name, expected) in variants {
            let Some((file, fits)) = compare(ledger, release, folder, name, expected) else {
                continue;
            };
            is_there = true;
            if fits && is_needed && is_better(&file, usable.as_deref()) {
                usable = Some(file);
            }
        }
        good.extend(usable);
        let inner = stem.rfind('/').map_or("", |slash| &stem[..slash]);
        if !is_there && is_needed && ledger.has_folder(&format!("{folder}{inner}")) {
            ledger.fault(FaultKind::MissingIndex, &format!("{folder}{stem}"), "in no compression");
        }
    }
    good
}

/// Compares one compression of an index: which file apt would take, and whether it fits. None when it
/// is not there.
fn compare(
    ledger: &mut Ledger<'_>,
    release: &Release,
    folder: &str,
    name: &str,
    expected: &Expected,
) -> Option<(String, bool)> {
    let plain = format!("{folder}{name}");
    let by_hash = by_hash(release, folder, name, expected).filter(|by_hash| {
        ledger.find(by_hash).is_ok_and(|file| Some(file.metadata.len()) == expected.size)
    });
    match (ledger.find(&plain), by_hash) {
        (Err(Absent::Missing), None) => None,
        // The name of a file below by-hash has no ending: it is compared, and not unpacked.
        (_, Some(by_hash)) => {
            let fits = ledger.index(&by_hash, expected);
            let is_same =
                ledger.find(&plain).is_ok_and(|file| Some(file.metadata.len()) == expected.size);
            Some((plain, fits && is_same))
        }
        (_, None) => {
            let fits = ledger.index(&plain, expected);
            Some((plain, fits))
        }
    }
}

fn by_hash(release: &Release, folder: &str, name: &str, expected: &Expected) -> Option<String> {
    let Some(Hash::Sha256(hash)) = expected.hash.as_ref().filter(|_| release.has_by_hash) else {
        return None;
    };
    let inner = name.rfind('/').map_or("", |slash| &name[..=slash]);
    Some(format!("{folder}{inner}by-hash/SHA256/{hash}"))
}

/// The name of an index without the ending of its compression.
fn stem(name: &str) -> &str {
    [".xz", ".gz", ".bz2", ".zst", ".lzma", ".lz4"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// Whether a file can be unpacked, and more cheaply than another.
fn is_better(file: &str, than: Option<&str>) -> bool {
    let rank = |name: &str| {
        let ending = &name[stem(name).len()..];
        unpack::ENDINGS.iter().position(|known| *known == ending)
    };
    match (rank(file), than.and_then(rank)) {
        (Some(rank), Some(than)) => rank < than,
        (rank, _) => rank.is_some(),
    }
}

fn sample_packages(
    ledger: &mut Ledger<'_>,
    indexes: &[String],
    root: &str,
    wanted: usize,
    seed: u64,
) {
    let is_full = |index: &&String| ledger.find(index).is_ok_and(|f| f.metadata.len() > EMPTY);
    let mut indexes: Vec<&String> = indexes.iter().filter(is_full).collect();
    indexes.shuffle(&mut StdRng::seed_from_u64(seed));
    indexes.truncate(MOST_SAMPLED);
    for (number, index) in indexes.iter().enumerate() {
        let wanted = wanted / indexes.len() + usize::from(number < wanted % indexes.len());
        for (name, expected) in draw(ledger, index, wanted, seed) {
            if ledger.is_late() {
                return;
            }
            let name = name.strip_prefix("./").unwrap_or(&name);
            ledger.package(&format!("{root}{name}"), &expected);
        }
    }
}

/// Draws packages from an index.
fn draw(ledger: &mut Ledger<'_>, index: &str, wanted: usize, seed: u64) -> Vec<(String, Expected)> {
    let mut sample = Sample::new(wanted, seed);
    let Ok(file) = ledger.find(index) else { return Vec::new() };
    let read = unpack::open(&file.path, index, ledger.unpackable()).and_then(|mut unpacked| {
        let read = paragraphs(unpacked.reader(), |name, expected| {
            sample.offer(|| (name.to_owned(), expected.clone()));
        });
        ledger.unpacked(unpacked.count());
        // Where the budget ended within a line or a compressed block, the index is not to blame.
        if unpacked.is_cut() { Ok(()) } else { read }
    });
    if let Err(error) = read {
        ledger.fault(FaultKind::Unreadable, index, error.to_string());
    }
    sample.into_kept()
}

/// Hands over the files that each paragraph of a `Packages` or `Sources` index names (deb822(5);
/// dsc(5), "Checksums-Sha256").
fn paragraphs(
    mut index: impl BufRead,
    mut see: impl FnMut(&str, &Expected),
) -> std::io::Result<()> {
    let mut line = Vec::new();
    let mut paragraph = Paragraph::default();
    loop {
        line.clear();
        let length = index.read_until(b'\n', &mut line)?;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            std::mem::take(&mut paragraph).hand_over(&mut see);
            if length == 0 {
                return Ok(());
            }
        } else {
            paragraph.take(text);
        }
    }
}

/// What one paragraph says, so far.
#[derive(Default)]
struct Paragraph {
    /// The file of a binary package.
    name: String,
    expected: Expected,
    /// The files of a source package, and where they are.
    directory: String,
    files: Vec<(String, Expected)>,
    /// Whether the lines that follow belong to `Checksums-Sha256`.
    is_list: bool,
}

impl Paragraph {
    fn take(&mut self, line: &str) {
        if let Some(item) = line.strip_prefix(' ') {
            if self.is_list && self.files.len() < MOST_PER_SOURCE {
                self.files.extend(listed(item));
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        self.is_list = field == "Checksums-Sha256";
        match field {
            "Filename" => value.clone_into(&mut self.name),
            "Directory" => value.clone_into(&mut self.directory),
            "Size" => self.expected.size = value.parse().ok(),
            "SHA256" => self.expected.hash = Some(Hash::Sha256(value.to_ascii_lowercase())),
            _ => {}
        }
    }

    fn hand_over(self, see: &mut impl FnMut(&str, &Expected)) {
        if !self.name.is_empty() {
            see(&self.name, &self.expected);
        }
        for (name, expected) in &self.files {
            see(&format!("{}/{name}", self.directory), expected);
        }
    }
}

/// `HASH SIZE NAME`
fn listed(item: &str) -> Option<(String, Expected)> {
    let mut words = item.split_whitespace();
    let hash = Some(Hash::Sha256(words.next()?.to_ascii_lowercase()));
    let size = Some(words.next()?.parse().ok()?);
    Some((words.next()?.to_owned(), Expected { size, hash }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressions_of_one_index_are_one() {
        assert_eq!(stem("main/binary-amd64/Packages.xz"), "main/binary-amd64/Packages");
        assert_eq!(stem("main/i18n/Translation-en"), "main/i18n/Translation-en");
        assert!(is_better("Packages.gz", Some("Packages.xz")) && is_better("Packages", None));
        assert!(!is_better("Packages.xz", Some("Packages.gz")) && !is_better("Packages.bz2", None));
    }

    #[test]
    fn paragraphs_end_with_a_blank_line_or_the_file() {
        let index = "Package: a\nFilename: pool/a.deb\nSize: 3\nSHA256: AB\n\n\nPackage: b\nDescription: x\n Filename: no\n\nFilename: c.deb";
        let mut seen = Vec::new();
        paragraphs(index.as_bytes(), |name, expected| seen.push((name.to_owned(), expected.size)))
            .unwrap();
        assert_eq!(seen, [("pool/a.deb".to_owned(), Some(3)), ("c.deb".to_owned(), None)]);
    }

    #[test]
    fn a_source_has_several_files_in_its_directory() {
        let index = "Package: a\nFiles:\n 00 1 a.dsc\nChecksums-Sha256:\n ab 1 a.dsc\n cd 2 a.tar.gz\nDirectory: pool/a\nX:\n ee 3 no\n";
        let mut seen = Vec::new();
        paragraphs(index.as_bytes(), |name, expected| seen.push((name.to_owned(), expected.size)))
            .unwrap();
        assert_eq!(
            seen,
            [("pool/a/a.dsc".to_owned(), Some(1)), ("pool/a/a.tar.gz".to_owned(), Some(2))]
        );
    }
}
