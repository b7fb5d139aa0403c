//! No backend at all: what ftpsync and scripts like it leave in the trees themselves.
//!
//! Format: Debian's archvsync, `ftpsync(1)` and `bin/ftpsync`. The last step of a run writes
//! `project/trace/<host>` (a date on the first line, then `Name: value`), and while it runs there is
//! `Archive-Update-in-Progress-<host>`. Traces of the hosts before us come with the content. Other
//! scripts leave one file with a time, such as Arch's `lastsync`.

use std::{fs, io, os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

use app::model::State;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Entry, ParseError, Parsed, Source, collect, document, field, moment, upstream};
use crate::files::{Found, RelPath, Trees, tree};

/// Trees looked at.
const MAX_TREES: usize = 2000;
/// Names read of a tree's top folder, in search of locks.
const MAX_NAMES: usize = 10_000;
/// Traces read of a tree.
const MAX_TRACES: usize = 100;
/// Bytes read of a file.
const MAX_TEXT: u64 = 4096;

/// What the name of a lock begins with; the rest is the host that is at work.
const LOCK: &str = "Archive-Update-in-Progress-";
/// Files that hold nothing but a time.
const STAMPS: [&str; 10] = [
    "lastsync",
    ".lastsync",
    "last-sync",
    "last_sync",
    ".last_sync",
    "lastupdate",
    ".lastupdate",
    "last-update",
    "last_update",
    "last-updated",
];

/// No run takes longer; an older lock was left behind by a run that died.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(24);

/// Which trees to look at, and what this host is called in them.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Settings")]
pub struct Trace {
    /// `url` is the folder that holds the trees; empty until [`Trace::settle`].
    pub source: Source,
    /// Name of this host in traces and locks (`MIRRORNAME` of ftpsync).
    pub host: Option<String>,
}

/// The keys of `trace = { … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    #[serde(deserialize_with = "super::source::folder")]
    url: String,
    host: Option<String>,
    #[serde(deserialize_with = "crate::period::deserialize")]
    interval: Duration,
    #[serde(deserialize_with = "crate::period::deserialize")]
    timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let Source { url, interval, timeout, .. } = Source::new("");
        Self { url, host: None, interval, timeout }
    }
}

impl From<Settings> for Trace {
    fn from(settings: Settings) -> Self {
        let Settings { url, host, interval, timeout } = settings;
        Self { source: Source { interval, timeout, ..Source::new(&url) }, host }
    }
}

impl Trace {
    /// Fills in what was not configured: the trees of the site and its host.
    pub fn settle(&mut self, root: &Path, host: &str) {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        if self.source.url.is_empty()
            && let Ok(url) = Url::from_file_path(root)
        {
            self.source.url = url.into();
        }
        self.host.get_or_insert_with(|| host.to_owned());
    }

    /// Looks at every tree directly below the folder and writes down, as JSON, what it finds there.
    ///
    /// # Errors
    /// The folder itself cannot be read; a tree that cannot is passed over.
    pub fn look(&self) -> io::Result<Vec<u8>> {
        let path = Url::parse(&self.source.url).ok().and_then(|url| url.to_file_path().ok());
        let path = path.ok_or_else(|| io::Error::other("not a folder on this host"))?;
        let (trees, root) = (Trees::new(path), RelPath::root());
        let looked: Vec<Value> = folder(&trees, &root, MAX_TREES)?
            .iter()
            .filter_map(|name| look_at(&trees, &root.child(name, true)))
            .collect();
        serde_json::to_vec(&json!({ "host": self.host, "trees": looked })).map_err(Into::into)
    }
}

/// What one tree shows; nothing when there is no sign of any sync.
fn look_at(trees: &Trees, path: &RelPath) -> Option<Value> {
    let files = |folder: &RelPath, names: Vec<Vec<u8>>| -> Vec<Value> {
        names.iter().filter_map(|name| file(trees, folder, name)).collect()
    };
    let traces = path.child(b"project", true).child(b"trace", true);
    let names = folder(trees, &traces, MAX_TRACES).unwrap_or_default();
    let traces = files(&traces, names);
    let mut names = folder(trees, path, MAX_NAMES).ok()?;
    names.retain(|name| name.starts_with(LOCK.as_bytes()));
    let locks = files(path, names);
    let stamps = files(path, STAMPS.map(|name| name.as_bytes().to_vec()).to_vec());
    let has_signs = ![&traces, &locks, &stamps].iter().all(|signs| signs.is_empty());
    has_signs.then(|| {
        json!({
            "name": path.display(),
            "path": path.href(),
            "traces": traces,
            "locks": locks,
            "stamps": stamps,
        })
    })
}

/// Names in a folder that is open to the world, in order.
fn folder(trees: &Trees, path: &RelPath, limit: usize) -> io::Result<Vec<Vec<u8>>> {
    let Found::Folder { path } = trees.find(path).map_err(io::Error::other)? else {
        return Err(io::ErrorKind::NotADirectory.into());
    };
    let entries = fs::read_dir(path)?.take(limit).flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().as_bytes().to_vec()).collect();
    names.sort_unstable();
    Ok(names)
}

/// A small file that is open to the world: its beginning, and when it was written.
fn file(trees: &Trees, folder: &RelPath, name: &[u8]) -> Option<Value> {
    let path = folder.child(name, false);
    let Ok(Found::File { metadata, .. }) = trees.find(&path) else { return None };
    let text = tree::read_small(trees, &path, MAX_TEXT).ok()?;
    Some(json!({
        "name": String::from_utf8_lossy(name),
        "text": String::from_utf8_lossy(&text),
        "modified": tree::modified(&metadata).map(Timestamp::as_second),
    }))
}

/// Reads what a look has written down.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    const EXPECTED: &str = "a look at trees with an array `trees`";
    let look = document::json(bytes, EXPECTED)?;
    let Some(Value::Array(trees)) = look.get("trees") else {
        return Err(ParseError::shape(EXPECTED, &look));
    };
    let host = field::text(&look, "host").unwrap_or_default();
    Ok(collect::collect(trees, "name", |_| false, |tree, id| entry(tree, id, host, now)))
}

fn entry(tree: &Value, id: String, host: &str, now: Timestamp) -> Entry {
    let own = files(tree, "traces").find(|trace| trace["name"] == host);
    // Of what others have written, the newest: a run has brought it here, so one was good after it.
    let last_success = own.and_then(|trace| written(trace, now)).or_else(|| {
        files(tree, "traces")
            .chain(files(tree, "stamps"))
            .filter_map(|file| written(file, now))
            .max()
    });
    let locked = lock(tree, host, own.is_some())
        .and_then(|lock| moment::past(moment::seconds(&lock["modified"]), now))
        .filter(|since| last_success.is_none_or(|success| *since > success));
    let state = match locked {
        Some(since) if now.duration_since(since) > LONGEST_RUN => State::Failed,
        Some(_) => State::Syncing,
        None if last_success.is_some() => State::Success,
        None => State::Unknown,
    };
    Entry {
        id,
        path: field::text(tree, "path").and_then(field::path),
        state,
        last_success,
        last_attempt: locked.or(last_success),
        started: locked.filter(|_| state == State::Syncing),
        upstream: own.and_then(|trace| value(trace, "Upstream-mirror")).and_then(upstream::public),
        ..Entry::default()
    }
}

fn files<'a>(tree: &'a Value, kind: &str) -> impl Iterator<Item = &'a Value> {
    tree[kind].as_array().into_iter().flatten()
}

/// Our own lock. One of another host was copied from upstream, unless nothing here bears our name.
fn lock<'a>(tree: &'a Value, host: &str, has_own_trace: bool) -> Option<&'a Value> {
    let is_ours = |lock: &&Value| {
        field::text(lock, "name").and_then(|name| name.strip_prefix(LOCK)) == Some(host)
    };
    let any = || files(tree, "locks").max_by_key(|lock| lock["modified"].as_i64());
    files(tree, "locks").find(is_ours).or_else(|| any().filter(|_| !has_own_trace))
}

/// The time that a file tells: on its first line, as `Date:`, or by having been touched.
fn written(file: &Value, now: Timestamp) -> Option<Timestamp> {
    let text = file["text"].as_str()?;
    if text.trim().is_empty() {
        return moment::past(moment::seconds(&file["modified"]), now);
    }
    let first = moment::written(text.lines().next()?);
    moment::past(first.or_else(|| moment::written(value(file, "Date")?)), now)
}

/// The value of a line `Name: value` of a trace.
fn value<'a>(trace: &'a Value, name: &str) -> Option<&'a str> {
    let mut fields = trace["text"].as_str()?.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| *field == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Parsed {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/trace/look.json");
        parse(&std::fs::read(path).unwrap(), "2026-08-20T06:00:00Z".parse().unwrap()).unwrap()
    }

    fn one(id: &str) -> Entry {
        read().entries.into_iter().find(|entry| entry.id == id).unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn our_own_trace_is_the_end_of_our_last_run() {
        let debian = one("debian");
        assert_eq!(
            (debian.state, debian.last_success),
            (State::Success, Some(utc("2026-08-20T04:11:07Z")))
        );
        assert_eq!(debian.upstream.as_deref(), Some("syncproxy.example"));
    }

    #[test]
    fn a_lock_of_ours_is_a_run() {
        let running = one("running");
        assert_eq!(
            (running.state, running.started),
            (State::Syncing, Some(utc("2026-08-20T05:50:00Z")))
        );
        assert_eq!(running.last_success, Some(utc("2026-08-20T04:11:07Z")));
    }

    #[test]
    fn a_lock_that_nobody_removed_is_a_failure() {
        let dead = one("dead");
        assert_eq!((dead.state, dead.started), (State::Failed, None));
        assert_eq!(dead.last_attempt, Some(utc("2026-08-18T05:50:00Z")));
        assert_eq!(one("left-behind").state, State::Success, "a later run was good");
    }

    #[test]
    fn a_lock_of_the_upstream_is_not_our_run() {
        assert_eq!(one("copied-lock").state, State::Success);
        assert_eq!(one("foreign-lock-alone").state, State::Syncing);
    }

    #[test]
    fn without_a_trace_of_ours_the_newest_stamp_is_the_least_that_is_known() {
        assert_eq!(one("plain-rsync").last_success, Some(utc("2026-08-20T03:00:00Z")));
        assert_eq!(one("archlinux").last_success, Some(utc("2026-08-20T05:40:00Z")));
        assert_eq!(one("touched").last_success, Some(utc("2026-08-20T05:00:00Z")));
        assert_eq!(one("unreadable").last_success, None);
        assert_eq!(one("unreadable").state, State::Unknown);
    }
}
