//! What mirrored trees say of themselves: how old they are, and whether they fit together.
//!
//! [`disk`] reads a few named files of each tree, [`remote`] the same files by HTTP: at the upstream to
//! compare, or of our own mirror where there is no disk. [`verdict()`] judges. [`audit`] compares an
//! apt or rpm tree with its own indexes. [`watch`] does the slow parts in the background.

pub mod audit;
pub mod disk;
pub mod reader;
pub mod remote;
pub mod rpm;
pub mod stamp;
mod verdict;
pub mod watch;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use app::model::Audit;
use jiff::Timestamp;

pub use disk::Prober;
pub use verdict::{Judgement, judge};

/// What a tree says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// When its content was made.
    pub time: Timestamp,
    /// After which clients refuse it.
    pub valid_until: Option<Timestamp>,
}

impl Reading {
    /// A reading of a tree that does not expire.
    pub const fn of(time: Timestamp) -> Self {
        Self { time, valid_until: None }
    }
}

/// What an upstream says, and how well it could be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// The time of its tree, by the last answer, and when that came.
    pub seen: Option<Seen>,
    /// The last moment at which our tree was seen in step with it.
    pub in_step_at: Option<Timestamp>,
    /// Why the last request failed.
    pub error: Option<String>,
}

/// An answer of an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The time of its tree.
    pub time: Timestamp,
    /// When it was asked.
    pub asked_at: Timestamp,
}

/// Everything observed, by mirror id.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What trees say of themselves.
    pub ages: HashMap<String, Reading>,
    /// Paths of mirrors whose tree is there and open to the world.
    pub trees: HashSet<String>,
    /// What was measured in the background.
    pub measures: Measures,
}

/// What takes too long for every minute, by mirror id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// What upstreams say.
    pub upstreams: HashMap<String, Upstream>,
    /// Readings by HTTP of mirrors whose tree is not on this machine.
    pub remote: HashMap<String, Reading>,
    /// Whether trees fit together.
    pub audits: HashMap<String, Arc<Audit>>,
}
