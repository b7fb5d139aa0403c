//! How old a tree is by its own word.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::BufRead as _,
    time::UNIX_EPOCH,
};

use app::model::Freshness;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use super::{Found, RelPath, Trees, tree};
use crate::content::mirror::{FreshnessProbe, MirrorFacts, ProbeKind};

/// What a tree says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// When its content was made.
    pub time: Timestamp,
    /// After which clients refuse it.
    pub valid_until: Option<Timestamp>,
}

/// What a look at the disk found.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What trees say of themselves, by mirror id.
    pub ages: HashMap<String, Reading>,
    /// Paths of mirrors whose tree is there and open to the world.
    pub trees: HashSet<String>,
}

/// No index file is read further than this, in bytes.
const LIMIT: u64 = 256 * 1024;

/// Probed intervals are never taken for shorter than this: few upstreams publish more often.
const LEAST_INTERVAL: SignedDuration = SignedDuration::from_hours(12);

/// Reads the files that a mirror names; the newest time counts, absent files are passed over.
pub fn read(trees: &Trees, mirror: &MirrorFacts, now: Timestamp) -> Option<Reading> {
    let probe = mirror.file.freshness.as_ref()?;
    probe
        .files
        .iter()
        .filter_map(|file| {
            let path = RelPath::parse(&format!("{}/{file}", mirror.path())).ok()?;
            read_one(trees, &path, probe.kind)
        })
        // A time in the future is a fault of the tree or of our clock; it proves nothing.
        .filter(|reading| reading.time <= now + SignedDuration::from_mins(10))
        .max_by_key(|reading| reading.time)
}

/// Judges a reading against what may be expected.
pub fn verdict(
    reading: Option<Reading>,
    probe: Option<&FreshnessProbe>,
    interval: Option<SignedDuration>,
    now: Timestamp,
) -> Freshness {
    let Some(reading) = reading else { return Freshness::Unknown };
    if reading.valid_until.is_some_and(|end| end < now) {
        return Freshness::Expired;
    }
    let every = probe
        .and_then(|probe| probe.every)
        .or(interval)
        .unwrap_or(LEAST_INTERVAL)
        .max(LEAST_INTERVAL);
    let age = now.duration_since(reading.time);
    if age <= every * 2 {
        Freshness::Fresh
    } else if age <= every * 2 + SignedDuration::from_hours(7 * 24) {
        Freshness::Late
    } else {
        Freshness::Stale
    }
}

fn read_one(trees: &Trees, path: &RelPath, kind: ProbeKind) -> Option<Reading> {
    let time_only = |time| Reading { time, valid_until: None };
    if kind == ProbeKind::Mtime {
        let Found::File { metadata, .. } = trees.find(path).ok()? else { return None };
        return modified(&metadata).map(time_only);
    }
    let bytes = tree::read_small(trees, path, LIMIT).ok()?;
    match kind {
        ProbeKind::Apt => apt(&bytes),
        ProbeKind::Epoch => epoch(&bytes).map(time_only),
        ProbeKind::Trace => trace(&bytes).map(time_only),
        ProbeKind::Repomd => repomd(&bytes).map(time_only),
        ProbeKind::Mtime => None,
    }
}

/// `Date` and `Valid-Until` of an apt `Release` file, clear-signed or not.
fn apt(bytes: &[u8]) -> Option<Reading> {
    let field = |name: &str| {
        bytes
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.starts_with("SHA256:") && !line.starts_with("MD5Sum:"))
            .find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
    };
    Some(Reading {
        time: date(&field("Date:")?)?,
        valid_until: field("Valid-Until:").and_then(|text| date(&text)),
    })
}

/// An RFC 2822 date; Debian writes the zone as `UTC`, which that standard calls `GMT`.
fn date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.replace("UTC", "GMT")).ok()
}

/// Seconds since 1970 on the first line.
fn epoch(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?;
    Timestamp::from_second(text.lines().next()?.trim().parse().ok()?).ok()
}

/// A first line such as `Sat Nov 21 04:34:17 UTC 2026` (`date -u` in the C locale), or RFC 2822.
fn trace(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.lines().next()?.trim();
    date(line).or_else(|| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, month, day, time, "UTC" | "GMT", year] = words.as_slice() else { return None };
        date(&format!("{day} {month} {year} {time} GMT"))
    })
}

/// `<revision>` of a `repomd.xml`, seconds since 1970 as `createrepo` writes it.
fn repomd(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, rest) = text.split_once("<revision>")?;
    let (number, _) = rest.split_once("</revision>")?;
    Timestamp::from_second(number.trim().parse().ok()?).ok()
}

/// When a file was last modified; nothing for times before 1970.
pub fn modified(metadata: &fs::Metadata) -> Option<Timestamp> {
    let seconds = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// Reads a file in every way there is.
#[cfg(feature = "fuzzing")]
pub fn read_any(bytes: &[u8]) {
    let _ = (apt(bytes), epoch(bytes), trace(bytes), repomd(bytes));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_apt_release_tells_its_date_and_its_end() {
        let text = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\nDate: Sat, 21 Nov 2026 02:10:03 UTC\nValid-Until: Sat, 28 Nov 2026 02:10:03 UTC\nSHA256:\n Date: x\n";
        let reading = apt(text).unwrap();
        assert_eq!(reading.time, at("2026-11-21T02:10:03Z"));
        assert_eq!(reading.valid_until, Some(at("2026-11-28T02:10:03Z")));
    }

    #[test]
    fn the_other_forms_are_read() {
        assert_eq!(epoch(b"1795231800\n"), Some(at("2026-11-21T03:30:00Z")));
        assert_eq!(
            trace(b"Sat Nov 21 04:34:17 UTC 2026\nUsed ftpsync"),
            Some(at("2026-11-21T04:34:17Z"))
        );
        assert_eq!(
            repomd(b"<repomd><revision>1795231800</revision>"),
            Some(at("2026-11-21T03:30:00Z"))
        );
        assert_eq!(repomd(b"<revision>today</revision>"), None);
    }

    #[test]
    fn the_verdict_follows_age_and_end() {
        let now = at("2026-11-21T00:00:00Z");
        let judge = |hours: i64, valid: Option<i64>| {
            let reading = Reading {
                time: now - SignedDuration::from_hours(hours),
                valid_until: valid.map(|h| now + SignedDuration::from_hours(h)),
            };
            verdict(Some(reading), None, Some(SignedDuration::from_hours(1)), now)
        };
        assert_eq!(judge(2, None), Freshness::Fresh);
        assert_eq!(judge(24, None), Freshness::Fresh);
        assert_eq!(judge(25, None), Freshness::Late);
        assert_eq!(judge(24 * 9, None), Freshness::Stale);
        assert_eq!(judge(2, Some(-1)), Freshness::Expired);
        assert_eq!(verdict(None, None, None, now), Freshness::Unknown);
    }

    proptest! {
        #[test]
        fn no_file_makes_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (apt(&bytes), epoch(&bytes), trace(&bytes), repomd(&bytes));
        }
    }
}
