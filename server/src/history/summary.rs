//! The past as requests read it, summed up in memory.

use std::{collections::HashMap, sync::Arc};

use app::history::{Change, MirrorHistory};
use jiff::Timestamp;

/// Entries of a feed.
const LATEST: usize = 100;

/// The past of every mirror; immutable, replaced when something is added.
#[derive(Debug, Default)]
pub struct History {
    /// By id, those included that are no longer listed.
    pub mirrors: HashMap<String, Arc<MirrorHistory>>,
    /// The latest events of all mirrors with their ids, newest first.
    pub latest: Vec<(String, Change)>,
    /// Since when anything is recorded.
    pub since: Option<Timestamp>,
    /// Differs between any two summaries of one process.
    pub version: u64,
    /// Why nothing can be recorded at present, for the operator.
    pub error: Option<String>,
}

impl History {
    /// Puts a summary together.
    pub fn new(
        mirrors: HashMap<String, Arc<MirrorHistory>>,
        version: u64,
        error: Option<String>,
    ) -> Self {
        let mut latest: Vec<(String, Change)> = mirrors
            .iter()
            .flat_map(|(id, mirror)| events(mirror).map(|change| (id.clone(), change.clone())))
            .collect();
        latest.sort_by(|(a, one), (b, other)| other.at.cmp(&one.at).then_with(|| a.cmp(b)));
        latest.truncate(LATEST);
        let since = mirrors.values().filter_map(|mirror| mirror.since).min();
        Self { mirrors, latest, since, version, error }
    }

    /// What is remembered of one mirror; nothing is an empty past.
    pub fn of(&self, id: &str) -> Arc<MirrorHistory> {
        self.mirrors.get(id).cloned().unwrap_or_default()
    }
}

/// The changes of a mirror that people want to hear of, newest first.
pub fn events(mirror: &MirrorHistory) -> impl Iterator<Item = &Change> {
    mirror.changes.iter().filter(|change| change.event.is_some()).take(LATEST)
}
