//! The past of every mirror: runs, changes, failures, in an embedded SQLite file.
//!
//! One task looks at each published snapshot, writes down what is new and sums it up in memory;
//! requests read the sum and never the file.

pub mod change;
mod recorder;
pub mod store;
pub mod summary;

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

pub use recorder::{Recorder, run};
pub use summary::History;

/// `[history]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistorySection {
    /// How long runs and changes are kept, as `"400d"`.
    #[serde(deserialize_with = "crate::period::deserialize")]
    pub keep: Duration,
    /// How many runs, and how many changes, are kept of one mirror.
    pub rows: u32,
}

impl Default for HistorySection {
    fn default() -> Self {
        Self { keep: Duration::from_hours(400 * 24), rows: 20_000 }
    }
}

/// Where the file is, below the state folder.
pub fn file(state: &std::path::Path) -> PathBuf {
    state.join("history.sqlite")
}
