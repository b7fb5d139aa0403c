//! What one file says of the age of its tree: one function for each kind of file.
//!
//! Every function here is pure and takes whatever bytes an upstream sends; the source of each format
//! is named where it is read. A git repository is more than one file and has [`git`] for itself.

mod alpine;
mod filelist;
pub mod git;
mod repomd;

use std::io::{BufRead as _, Read};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Reading, stamp};
use crate::content::mirror::ProbeKind;

pub use filelist::newest as newest_in_list;

/// A file as a reader gets it.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Path within the tree; its end tells apart the files of one kind.
    pub path: &'a str,
    /// Its beginning; see [`super::disk::MOST_BYTES`].
    pub bytes: &'a [u8],
    /// When it was last changed, by its own file system or `Last-Modified`.
    pub modified: Option<Timestamp>,
}

/// Whether the kind looks at the date of a file and not into it.
pub fn needs_no_content(kind: ProbeKind) -> bool {
    matches!(kind, ProbeKind::Mtime | ProbeKind::Cran)
}

/// What a file says, if it is what the mirror's folder says it is.
///
/// Files of one line: `lastupdate` and `lastsync` of Arch, `TIME` of `AlmaLinux` and `timestamp.mirmon` of
/// Gentoo hold a number; Debian's traces a date (ftpsync(1), "TRACE FILES"); bandersnatch's
/// `last-modified` one without dashes (`finalize_sync` in its `mirror.py`); `metadata/timestamp.chk` of
/// Gentoo an RFC 2822 date. CRAN dates nothing but the files themselves, which rsync preserves.
pub fn read(kind: ProbeKind, sample: &Sample<'_>) -> Option<Reading> {
    let Sample { path, bytes, modified } = *sample;
    if kind == ProbeKind::Apt {
        return apt(bytes);
    }
    let time = match kind {
        ProbeKind::Apt | ProbeKind::Git => None,
        ProbeKind::Mtime | ProbeKind::Cran => modified,
        ProbeKind::Epoch | ProbeKind::Trace | ProbeKind::Pypi | ProbeKind::Gentoo => {
            stamp::first_line(bytes)
        }
        ProbeKind::Repomd => repomd::time(bytes),
        ProbeKind::Alpine => alpine::time(path, bytes),
        ProbeKind::Cpan => cpan(path, bytes),
        // No document promises a form: it is read in any, or else the file's own date counts.
        ProbeKind::Ctan => stamp::first_line(bytes).or(modified),
        ProbeKind::Fedora => newest_in_list(bytes),
        ProbeKind::Crates => crates(bytes).or(modified),
    };
    time.map(Reading::of)
}

/// `Date` and `Valid-Until` of an apt `Release` file, clear-signed or not (Debian wiki,
/// `RepositoryFormat`, Release files).
fn apt(bytes: &[u8]) -> Option<Reading> {
    let field = |name: &str| {
        bytes
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.starts_with("SHA256:") && !line.starts_with("MD5Sum:"))
            .find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
    };
    Some(Reading {
        time: stamp::rfc2822(&field("Date:")?)?,
        valid_until: field("Valid-Until:").and_then(|text| stamp::rfc2822(&text)),
    })
}

/// CPAN has three: `authors/02STAMP` and `modules/02STAMP`, a number and a date written by cron
/// (`cron/CRONTAB.ROOT` of `andk/pause`); `RECENT-*.json` (`File::Rsync::Mirror::Recentfile`);
/// and the `Last-Updated` header of `modules/02packages.details.txt.gz` (`CPAN::PackageDetails`).
fn cpan(path: &str, bytes: &[u8]) -> Option<Timestamp> {
    if path.as_bytes().ends_with(b".json") {
        return recent(bytes);
    }
    if path.as_bytes().ends_with(b".gz") {
        let mut head = Vec::new();
        let text = flate2::read::GzDecoder::new(bytes).take(4096);
        // A header is what could be read of it: the sample may end within the compressed data.
        let _ = std::io::BufReader::new(text).read_to_end(&mut head);
        let line = head.lines().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("Last-Updated:").map(|value| value.trim().to_owned())
        });
        return stamp::line(&line?);
    }
    stamp::first_line(bytes)
}

/// The newest event of a recentfile, `meta.minmax.max`, a number with a fraction.
fn recent(bytes: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Recent {
        meta: Meta,
    }
    #[derive(Deserialize)]
    struct Meta {
        minmax: MinMax,
    }
    #[derive(Deserialize)]
    struct MinMax {
        max: serde_json::Value,
    }
    let recent: Recent = serde_json::from_slice(bytes).ok()?;
    let max = recent.meta.minmax.max;
    stamp::epoch(max.as_str().map_or_else(|| max.to_string(), str::to_owned).as_str())
}

/// The newest `pubtime` of a crate's file in a sparse index (The Cargo Book, "Registry Index",
/// JSON schema): one JSON object on each line, the newest version last.
fn crates(bytes: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Version {
        pubtime: Option<Timestamp>,
    }
    let versions = bytes.rsplit(|b| *b == b'\n').take(16);
    versions.filter_map(|line| serde_json::from_slice::<Version>(line).ok()?.pubtime).max()
}

/// How far in the future a moment may lie without being a fault of the tree or of our clock.
pub fn is_possible(time: Timestamp, now: Timestamp) -> bool {
    time.duration_since(now) <= SignedDuration::from_mins(10)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn time(kind: ProbeKind, path: &str, bytes: &[u8]) -> Option<Timestamp> {
        read(kind, &Sample { path, bytes, modified: None }).map(|reading| reading.time)
    }

    #[test]
    fn an_apt_release_tells_its_date_and_its_end() {
        let text = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\nDate: Sat, 21 Nov 2026 02:10:03 UTC\nValid-Until: Sat, 28 Nov 2026 02:10:03 UTC\nSHA256:\n Date: x\n";
        let reading = apt(text).unwrap();
        assert_eq!(reading.time, at("2026-11-21T02:10:03Z"));
        assert_eq!(reading.valid_until, Some(at("2026-11-28T02:10:03Z")));
    }

    #[test]
    fn every_kind_reads_its_file() {
        let moment = Some(at("2026-11-21T03:30:00Z"));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed
            .write_all(b"File:         02packages.details.txt\nLast-Updated: Sat, 21 Nov 2026 03:30:00 GMT\n\nA::B 1 x\n")
            .unwrap();
        let packed = packed.finish().unwrap();
        for (kind, path, bytes) in [
            (ProbeKind::Epoch, "lastupdate", b"1795231800\n".as_slice()),
            (ProbeKind::Trace, "project/trace/x", b"Sat Nov 21 03:30:00 UTC 2026\nUsed ftpsync"),
            (ProbeKind::Alpine, "last-updated", b"1795231800\n"),
            (ProbeKind::Cpan, "authors/02STAMP", b"1795231800 Sat Nov 21 03:30:00 UTC 2026\n"),
            (ProbeKind::Cpan, "modules/02packages.details.txt.gz", &packed),
            (
                ProbeKind::Cpan,
                "authors/RECENT-1h.json",
                br#"{"meta":{"minmax":{"max":"1795231800.51","min":1}},"recent":[]}"#,
            ),
            (
                ProbeKind::Cpan,
                "authors/RECENT-1h.json",
                br#"{"meta":{"minmax":{"max":1795231800.51}}}"#,
            ),
            (ProbeKind::Ctan, "timestamp", b"2026-11-21 03:30:00 UTC\n"),
            (ProbeKind::Pypi, "web/last-modified", b"20261121T03:30:00\n"),
            (ProbeKind::Gentoo, "metadata/timestamp.chk", b"Sat, 21 Nov 2026 03:30:00 +0000\n"),
            (ProbeKind::Fedora, "fullfiletimelist-fedora", b"[Version]\n2\n\n[Files]\n1795231700\td\t0\ta\n1795231800\tf\t1\tb\n"),
            (
                ProbeKind::Crates,
                "se/rd/serde",
                b"{\"name\":\"serde\",\"pubtime\":\"2026-11-20T00:00:00Z\"}\n{\"name\":\"serde\",\"pubtime\":\"2026-11-21T03:30:00Z\"}\n{\"name\":\"serde\"}\n",
            ),
        ] {
            assert_eq!(time(kind, path, bytes), moment, "{kind:?} {path}");
        }
    }

    #[test]
    fn the_date_of_the_file_counts_where_nothing_else_is_sure() {
        let modified = Some(at("2026-11-21T03:30:00Z"));
        for kind in [ProbeKind::Mtime, ProbeKind::Cran, ProbeKind::Ctan, ProbeKind::Crates] {
            let sample = Sample { path: "x", bytes: b"something", modified };
            assert_eq!(read(kind, &sample).map(|r| r.time), modified, "{kind:?}");
        }
        let sample = Sample { path: "x", bytes: b"something", modified };
        assert_eq!(read(ProbeKind::Epoch, &sample), None);
    }

    proptest! {
        #[test]
        fn no_file_makes_a_reader_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            path in prop_oneof!["x", "x[.]gz", "x[.]tar[.]gz", "x[.]json"],
        ) {
            for kind in ProbeKind::ALL {
                let _ = read(kind, &Sample { path: &path, bytes: &bytes, modified: None });
            }
        }
    }
}
