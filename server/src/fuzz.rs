//! What fuzzers call: every parser of bytes that others write, and what must hold of its answer.
//!
//! Compiled only with the feature `fuzzing`; `server/fuzz` has the program, `./test fuzz` runs it.

use std::{collections::HashSet, path::Path, sync::LazyLock, time::Duration};

use app::{model::Mirror, stats::Traffic};
use ipnet::IpNet;
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    content::{
        markdown,
        mirror::{MirrorFacts, ProbeKind},
    },
    download::{Pattern, parse_sums},
    files::RelPath,
    guide::Guide,
    index::{self, import},
    mirrorz,
    probe::reader::{self, Sample},
    stats::{
        line,
        place::{Named, Places},
        tally::{Counter, Rules, Tally},
    },
    status::{Backend, Entry},
    web::encode,
};

/// Takes any bytes; panics when a promise is broken.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("tunasync", |bytes| adapter(&["tunasync"], bytes)),
    ("zju", |bytes| adapter(&["mirrormanager", "mirrorgo"], bytes)),
    ("mirrorz", |bytes| adapter(&["mirrorz"], bytes)),
    ("lug", |bytes| adapter(&["lug"], bytes)),
    ("yuki", |bytes| adapter(&["yuki"], bytes)),
    ("synccontroller", |bytes| adapter(&["synccontroller"], bytes)),
    ("trace", |bytes| adapter(&["trace"], bytes)),
    ("freshness", freshness),
    ("guide", guide),
    ("mirror", mirror),
    ("query", query),
    ("list", list),
    ("path", path),
    ("markdown", foreign_markdown),
    ("accesslog", access_log),
    ("sums", sums),
];

static NOW: LazyLock<Timestamp> =
    LazyLock::new(|| Timestamp::from_second(1_787_205_600).unwrap_or_default());

/// Two mirrors, one below the other.
static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    places: Places::new([
        Named { id: "debian", path: "/debian", aliases: &[] },
        Named { id: "deep", path: "/a/deep", aliases: &[] },
    ]),
    hosts: vec!["mirror.example".to_owned()],
    campus: vec![IpNet::new_assert([10, 0, 0, 0].into(), 8)],
    zone: TimeZone::UTC,
    keep: Duration::from_hours(400 * 24),
});

static BACKENDS: LazyLock<Vec<Backend>> = LazyLock::new(|| {
    let kinds =
        ["tunasync", "mirrormanager", "mirrorgo", "mirrorz", "lug", "yuki", "synccontroller"];
    let of = |kind: &str| serde_json::json!({ kind: { "url": "http://a.example/" } });
    kinds
        .map(of)
        .into_iter()
        .chain([serde_json::json!({ "trace": {} })])
        .filter_map(|backend| serde_json::from_value(backend).ok())
        .collect()
});

fn adapter(kinds: &[&str], bytes: &[u8]) {
    for backend in BACKENDS.iter().filter(|backend| kinds.contains(&backend.kind())) {
        let Ok(parsed) = backend.parse(bytes, *NOW) else { continue };
        let mut ids = HashSet::new();
        for entry in &parsed.entries {
            assert!(ids.insert(&entry.id), "an id is there twice");
            assert_sound(entry);
            assert_survives(entry);
        }
    }
}

fn assert_sound(entry: &Entry) {
    let id = &entry.id;
    assert!(!id.is_empty() && !id.starts_with('/') && !id.contains(char::is_control));
    assert!(id.split('/').all(|segment| segment != ".."));
    assert!(entry.last_success <= entry.last_attempt);
    for time in [entry.last_success, entry.last_attempt, entry.started].into_iter().flatten() {
        assert!(time <= *NOW && time.as_second() > 0);
    }
    assert_ne!(entry.size_bytes, Some(0));
    if let Some(path) = &entry.path {
        assert!(path.starts_with('/') && !path.ends_with('/') && path.len() > 1, "{path}");
        assert!(RelPath::parse(path).is_ok(), "{path}");
    }
}

/// What one site tells, another reads.
fn assert_survives(entry: &Entry) {
    let Entry { state, last_success, last_attempt, started, next, .. } = entry.clone();
    let told = Mirror {
        state,
        last_success,
        last_attempt,
        started,
        next,
        ..Mirror::bare("m", "/m".to_owned())
    };
    let status = mirrorz::status(&told);
    let feed = serde_json::json!({ "mirrors": [{ "cname": "m", "status": status }] }).to_string();
    for backend in BACKENDS.iter().filter(|backend| backend.kind() == "mirrorz") {
        let back = backend.parse(feed.as_bytes(), *NOW).map(|parsed| parsed.entries);
        assert_eq!(
            back.ok().and_then(|e| e.first().map(|e| e.state)),
            Some(entry.state),
            "{status}"
        );
    }
}

/// One file read in every way there is; what the path ends in chooses among the forms of a kind.
fn freshness(bytes: &[u8]) {
    use ProbeKind::{Alpine, Apt, Cpan, Crates, Ctan, Epoch, Fedora, Gentoo, Pypi, Repomd, Trace};
    for kind in [Alpine, Apt, Cpan, Crates, Ctan, Epoch, Fedora, Gentoo, Pypi, Repomd, Trace] {
        for path in ["InRelease", "recent.json", "APKINDEX.tar.gz", "02packages.details.txt.gz"] {
            let _ = reader::read(kind, &Sample { path, bytes, modified: None });
        }
    }
}

/// Chinese and English part, separated by a NUL.
fn guide(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (zh, en) = text.split_once('\0').unwrap_or((&text, &text));
    let (guide, problems) = Guide::parse("fuzz", zh, en);
    assert!(guide.is_some() || !problems.is_empty(), "no guide, and no reason");
}

fn mirror(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(facts) = MirrorFacts::parse("fuzz", "mirror.toml", &text) {
        let path = facts.path();
        assert!(path.starts_with('/') && !path.contains("//"), "{path}");
    }
}

/// A query, and after a line break a path that it may match.
fn query(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (query, line) = text.split_once('\n').unwrap_or((&text, ""));
    for (key, value) in encode::pairs(query) {
        assert_eq!(encode::pairs(&format!("k={}", encode::query(&value))).len(), 1, "{key}");
    }
    index::try_query(query, line.as_bytes());
}

fn list(bytes: &[u8]) {
    for (_, format) in import::Format::ALL {
        let options = import::ListOptions { prefix: "debian".to_owned(), now: NOW.as_second() };
        for record in import::parse(format, bytes, options).flatten() {
            let path = &record.path;
            assert!(path.starts_with(b"debian/"), "outside of its prefix");
            assert!(!path.contains(&0));
            assert!(path.split(|b| *b == b'/').all(|s| !matches!(s, b"" | b"." | b"..")));
        }
    }
}

fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(path) = RelPath::parse(&text) else { return };
    let disk = path.on_disk(Path::new("/root"));
    assert!(disk.starts_with("/root"));
    assert!(disk.components().all(|part| part != std::path::Component::ParentDir));
    let again = RelPath::parse(&path.href()).map(|path| path.bytes().to_vec());
    assert_eq!(again.as_deref(), Ok(path.bytes()));
}

/// A README of a mirrored tree: whatever it says, nothing in it runs or loads.
fn foreign_markdown(bytes: &[u8]) {
    let html = markdown::render_foreign(&String::from_utf8_lossy(bytes)).to_lowercase();
    for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        let forbidden = ["script", "img", "iframe", "style", "svg", "form", "object", "embed"];
        assert!(!forbidden.contains(&name), "{tag}");
        // Quotes within a value are written as entities: every second piece is a value, the one before it names it.
        let pieces: Vec<&str> = tag.split('"').collect();
        for pair in pieces.chunks_exact(2) {
            let (name, value) = (pair[0].trim().trim_end_matches('='), pair[1].trim_start());
            let name = name.rsplit(char::is_whitespace).next().unwrap_or_default();
            assert!(
                !name.starts_with("on") && !matches!(name, "src" | "style" | "srcset"),
                "{tag}"
            );
            let runs = ["javascript:", "data:", "vbscript:"]
                .iter()
                .any(|scheme| value.starts_with(scheme));
            assert!(name == "title" || !runs, "{tag}");
        }
    }
}

/// An access log: every line counts as something, once, however the log is cut.
fn access_log(bytes: &[u8]) {
    let mut whole = Counter::new(&RULES, *NOW);
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    for line in &lines {
        if let Some(parsed) = line::parse(line) {
            assert!((100..1000).contains(&parsed.status));
            let rest = line::without_address(line);
            assert!(rest.starts_with(b"[") && memchr::memmem::find(rest, b"[").is_some());
            _ = RULES.places.find(&parsed.target);
        }
        whole.count(line);
    }
    let sums = |tally: &Tally| {
        let mut sum = Traffic::default();
        tally.traffic.values().for_each(|traffic| sum += *traffic);
        (sum, tally.lines, tally.rejected.values().sum::<u64>())
    };
    let (sum, counted, rejected) = sums(&whole.tally);
    assert_eq!(counted + rejected, lines.len() as u64);
    assert_eq!(sum.requests, counted);
    assert!(sum.partial <= sum.requests && sum.errors <= sum.requests);
    assert!(whole.tally.newest.is_none_or(|newest| newest <= NOW.as_second() + 3600));
    // What names a mirror as nginx reads it is of that mirror in whatever encoding.
    let path = [b"/debian/", bytes.split(|b| *b == b'.').next().unwrap_or_default()].concat();
    let encoded = encode::path(&path);
    let place = RULES.places.find(encoded.as_bytes());
    assert_eq!(RULES.places.find(b"/debian/"), place, "{encoded}");
}

/// A checksum file; its first line is also a pattern, and its second one a path.
fn sums(bytes: &[u8]) {
    for name in ["SHA256SUMS", "SHA512SUMS", "CHECKSUM"] {
        for line in parse_sums(name, bytes).lines {
            assert_eq!(line.hex.len(), line.algorithm.digits());
            assert!(line.hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
            assert!(!line.name.contains('\n'));
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let (pattern, path) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if let Ok(pattern) = Pattern::try_from(pattern.to_owned()) {
        let folder = pattern.fixed_folder();
        assert!(pattern.read(path).is_none() || path.starts_with(&folder), "{path}");
        assert!(RelPath::root().join(folder.as_bytes()).is_ok(), "{folder}");
    }
}
