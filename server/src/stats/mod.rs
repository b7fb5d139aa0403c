//! Figures of use: requests and bytes from access logs, bandwidth.
//!
//! Lines are counted by day and forgotten. `mingjing stats ingest` reads logs once; `serve` reads on by
//! itself where an access log is configured.

pub mod agent;
pub mod disk;
pub mod ingest;
pub mod interface;
pub mod line;
pub mod place;
pub mod prometheus;
pub mod store;
pub mod tally;
mod worker;

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use app::stats::Gauge;
use serde::Deserialize;

use crate::{
    config::Config,
    content::{Content, mirror::MirrorFacts},
    serve,
    snapshot::Snapshot,
};
use place::{Named, Places};
use prometheus::PrometheusSection;
use tally::Rules;
pub use worker::{Worker, start};

/// `[stats]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatsSection {
    /// Access log, with its rotated siblings; nothing is read by itself without one.
    pub access_log: Option<PathBuf>,
    /// Time between two readings.
    #[serde(deserialize_with = "crate::period::deserialize")]
    pub interval: Duration,
    /// How long the sums of a day are kept.
    #[serde(deserialize_with = "crate::period::deserialize")]
    pub keep: Duration,
    /// Interface whose bandwidth is measured.
    pub interface: Option<String>,
    /// Where else bandwidth is known from; not together with an interface.
    pub prometheus: Option<PrometheusSection>,
}

impl StatsSection {
    /// What tells the bandwidth.
    pub fn gauge(&self) -> Option<Gauge> {
        match (&self.prometheus, &self.interface) {
            (Some(_), _) => Some(Gauge::Prometheus),
            (None, interface) => interface.clone().map(Gauge::Interface),
        }
    }
}

impl Default for StatsSection {
    fn default() -> Self {
        Self {
            access_log: None,
            interval: Duration::from_mins(5),
            keep: Duration::from_hours(400 * 24),
            interface: None,
            prometheus: None,
        }
    }
}

/// Where the sums are, below the state folder.
pub fn file(state: &Path) -> PathBuf {
    state.join("stats.sqlite")
}

/// The file that whoever reads logs has locked: two readers would count the same lines.
///
/// # Errors
/// The folder cannot be made, or the file cannot be opened.
pub fn lock_file(state: &Path) -> io::Result<File> {
    fs::create_dir_all(state)?;
    File::options().create(true).truncate(false).write(true).open(state.join("stats.lock"))
}

/// A log and what rotation has made of it: `log`, `log.1`, `log.2.gz`, `log-20261121.gz`; oldest first.
///
/// # Errors
/// The folder cannot be read.
pub fn siblings(log: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = log.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(name) = log.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let mut logs = Vec::new();
    for entry in fs::read_dir(folder.unwrap_or(Path::new(".")))? {
        let entry = entry?;
        let is_one = entry.file_name().to_str().is_some_and(|other| is_sibling(name, other));
        if is_one && let Ok(metadata) = entry.metadata() {
            logs.push((metadata.modified().ok(), entry.path()));
        }
    }
    logs.sort();
    Ok(logs.into_iter().map(|(_, path)| path).collect())
}

fn is_sibling(name: &str, other: &str) -> bool {
    let Some(suffix) = other.strip_prefix(name) else { return false };
    let suffix = suffix.strip_suffix(".gz").unwrap_or(suffix);
    let is_number = |rest: &str| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_'))
    };
    suffix.is_empty() && other == name || suffix.strip_prefix(['.', '-']).is_some_and(is_number)
}

/// How lines are counted on a running site.
pub fn rules(config: &Config, snapshot: &Snapshot) -> Rules {
    let named = snapshot.mirrors.iter().map(|mirror| Named {
        id: &mirror.id,
        path: &mirror.path,
        aliases: &mirror.aliases,
    });
    rules_of(config, Places::new(named))
}

/// How lines are counted by the command line, which knows content and disk alone.
///
/// # Errors
/// The folder of the trees cannot be read.
pub fn rules_from_disk(config: &Config, content: &Content) -> anyhow::Result<Rules> {
    let described: Vec<(&MirrorFacts, String)> =
        content.mirrors.values().map(|facts| (facts, facts.path())).collect();
    let root = config.root();
    let mut found = if root.is_dir() {
        serve::indexed_mirrors(content, &root).context("files.root")?
    } else {
        Vec::new()
    };
    let ids: HashSet<&str> = described.iter().map(|(facts, _)| facts.id.as_str()).collect();
    found.retain(|(id, _)| !ids.contains(id.as_str()));
    let described = described.iter().map(|(facts, path)| Named {
        id: &facts.id,
        path,
        aliases: &facts.file.aliases,
    });
    let found = found.iter().map(|(id, path)| Named { id, path, aliases: &[] });
    Ok(rules_of(config, Places::new(described.chain(found))))
}

fn rules_of(config: &Config, places: Places) -> Rules {
    let mut hosts: Vec<String> = config
        .network
        .hosts
        .iter()
        .map(|host| host.name.clone())
        .chain([config.host().to_owned()])
        .collect();
    // nginx logs a name without its port.
    for host in &mut hosts {
        if let Some((name, port)) = host.rsplit_once(':')
            && port.bytes().all(|b| b.is_ascii_digit())
        {
            *host = name.to_owned();
        }
    }
    Rules {
        places,
        hosts,
        campus: config.network.campus.clone(),
        zone: config.site().time_zone,
        keep: config.stats.keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rotation_makes_of_a_log_belongs_to_it() {
        for other in [
            "m.log",
            "m.log.1",
            "m.log.12.gz",
            "m.log-20261121",
            "m.log-20261121.gz",
            "m.log-2026-11-21_03.gz",
        ] {
            assert!(is_sibling("m.log", other), "{other}");
        }
        for other in [
            "m.log.gz",
            "m.log.xz",
            "m.log.1.xz",
            "m.log.old",
            "other.log",
            "m.log.1~",
            "m.logs",
            "m.log.1.bz2",
        ] {
            assert!(!is_sibling("m.log", other), "{other}");
        }
    }
}
