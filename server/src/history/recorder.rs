//! The one task that writes history.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use app::{
    history::{MirrorHistory, WINDOW},
    model::State,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    History,
    change::{Known, Look, Seen, Step},
    file,
    store::{Limits, Store, StoreError},
};
use crate::{
    config::Config,
    database,
    snapshot::{AppState, Snapshot},
};

/// Runs that are kept one by one in memory.
const RUNS: usize = 30;
/// Changes of a mirror that are kept in memory, runs that begin included.
const CHANGES: u32 = 200;
/// Steps that wait for a disk with room; beyond that the oldest are lost.
const WAITING: usize = 20_000;
/// Time between two prunings.
const PRUNE: SignedDuration = SignedDuration::from_hours(24);

/// Looks at every published snapshot until the process ends.
pub async fn run(state: AppState) {
    let mut snapshots = state.snapshots();
    let mut recorder = Recorder::new(state.config());
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let look = move || {
            let history = recorder.record(&snapshot);
            (recorder, history)
        };
        // A disk may keep a writer waiting for long, which must not hold up anybody else.
        let Ok((back, history)) = tokio::task::spawn_blocking(look).await else {
            tracing::error!("history is no longer recorded: its task broke");
            return;
        };
        recorder = back;
        if let Some(history) = history {
            state.set_history(history);
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

/// Compares snapshots with what is known, writes the difference and sums up the whole.
pub struct Recorder {
    path: PathBuf,
    limits: Limits,
    zone: TimeZone,
    /// Absent until it could be opened.
    store: Option<Store>,
    known: HashMap<String, Known>,
    /// Steps that could not be written yet.
    waiting: Vec<(String, Step)>,
    mirrors: HashMap<String, Arc<MirrorHistory>>,
    has_looked: bool,
    /// The file was empty, and not every backend has answered since.
    is_beginning: bool,
    pruned_at: Option<Timestamp>,
    version: u64,
    /// Why the last attempt to write failed, to log only changes.
    error: Option<String>,
}

impl Recorder {
    /// A recorder that has not touched the disk.
    pub fn new(config: &Config) -> Self {
        let section = &config.history;
        Self {
            path: file(&config.server.state),
            limits: Limits { keep: section.keep, rows: section.rows },
            zone: config.site().time_zone,
            store: None,
            known: HashMap::new(),
            waiting: Vec::new(),
            mirrors: HashMap::new(),
            has_looked: false,
            is_beginning: false,
            pruned_at: None,
            version: 0,
            error: None,
        }
    }

    /// Writes down what is new in a snapshot. Returns the sum when it changed.
    ///
    /// What cannot be written now waits for the next look. If the process ends before, the next one
    /// finds what the times of the backends still tell, because the file knows only what it has.
    pub fn record(&mut self, snapshot: &Snapshot) -> Option<History> {
        // The file has whole seconds.
        let now = Timestamp::from_second(snapshot.now.as_second()).unwrap_or(snapshot.now);
        let (is_changed, error) = match self.try_record(snapshot, now) {
            Ok(is_changed) => (is_changed, None),
            Err(error) => (false, Some(self.describe(&error, now))),
        };
        let is_news = error != self.error;
        if is_news {
            if let Some(error) = &error {
                tracing::error!(error, "history is not recorded; the site goes on");
            } else {
                tracing::info!("history is recorded again");
            }
            self.error = error;
        }
        (is_changed || is_news).then(|| {
            self.version += 1;
            History::new(self.mirrors.clone(), self.version, self.error.clone())
        })
    }

    fn try_record(&mut self, snapshot: &Snapshot, now: Timestamp) -> Result<bool, StoreError> {
        let is_opened = self.store.is_none();
        if is_opened {
            self.open(now)?;
        }
        let steps = self.steps(snapshot, now);
        self.has_looked = true;
        self.is_beginning &= !is_complete(snapshot);
        self.known.extend(steps.iter().map(|(id, step)| (id.clone(), step.known.clone())));
        self.waiting.extend(steps);
        let surplus = self.waiting.len().saturating_sub(WAITING);
        self.waiting.drain(..surplus);
        let Some(store) = &mut self.store else { return Ok(false) };
        if !self.waiting.is_empty() {
            store.commit(&self.waiting)?;
        }
        // A step without runs and changes (a run under way was seen) shows nowhere.
        let shows = |step: &Step| !step.runs.is_empty() || !step.changes.is_empty();
        let written = self.waiting.drain(..).filter(|(_, step)| shows(step));
        let mut touched: Vec<String> = written.map(|(id, _)| id).collect();
        if self.pruned_at.is_none_or(|at| now.duration_since(at) >= PRUNE) {
            store.prune(now, self.limits)?;
            self.known = store.known()?;
            self.mirrors.clear();
            touched = self.known.keys().cloned().collect();
            self.pruned_at = Some(now);
        }
        for id in &touched {
            self.sum_up(id, now)?;
        }
        Ok(is_opened || !touched.is_empty())
    }

    fn open(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut store = match Store::open(&self.path) {
            Err(StoreError::Damaged(reason)) => {
                set_aside(&self.path, now, &reason)?;
                Store::open(&self.path)?
            }
            other => other?,
        };
        self.known = store.known()?;
        self.waiting.clear();
        self.is_beginning = self.known.is_empty();
        self.store = Some(store);
        self.pruned_at = None;
        Ok(())
    }

    /// What differs from what is known.
    fn steps(&self, snapshot: &Snapshot, now: Timestamp) -> Vec<(String, Step)> {
        let look = Look {
            now,
            is_first: !self.has_looked,
            is_complete: is_complete(snapshot),
            is_beginning: self.is_beginning,
        };
        let mut steps = Vec::new();
        for mirror in &snapshot.mirrors {
            let before = self.known.get(&mirror.id);
            if before.is_none() && mirror.state == State::Unknown && !look.is_complete {
                continue;
            }
            let step = Step::between(before, &Seen::of(mirror), look);
            if before != Some(&step.known) || !step.runs.is_empty() {
                steps.push((mirror.id.clone(), step));
            }
        }
        let gone = self.known.iter().filter(|(id, known)| {
            look.is_complete && !known.is_gone && snapshot.mirror(id).is_none()
        });
        steps.extend(gone.map(|(id, known)| (id.clone(), Step::gone(known, now))));
        steps
    }

    fn sum_up(&mut self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let (Some(store), Some(known)) = (&self.store, self.known.get(id)) else { return Ok(()) };
        // A day more than is shown: days of the site begin at another hour than those of UTC.
        let from = now - SignedDuration::from_hours(i64::from(WINDOW + 1) * 24);
        let (runs, changes) = (store.runs(id, from)?, store.changes(id, CHANGES)?);
        let history = MirrorHistory::new(known.since, runs, changes, RUNS, &self.zone);
        self.mirrors.insert(id.to_owned(), Arc::new(history));
        Ok(())
    }

    /// Says what is wrong; a file that turned out damaged is opened anew at the next look.
    fn describe(&mut self, error: &StoreError, now: Timestamp) -> String {
        if let StoreError::Damaged(reason) = error {
            self.store = None;
            if let Err(error) = set_aside(&self.path, now, reason) {
                return error.to_string();
            }
        }
        format!("{}: {error}", self.path.display())
    }
}

/// Whether every backend answers.
fn is_complete(snapshot: &Snapshot) -> bool {
    snapshot.backends.iter().all(|backend| backend.ok)
}

fn set_aside(path: &Path, now: Timestamp, reason: &str) -> Result<(), StoreError> {
    let aside = database::move_aside(path, now)
        .map_err(|cause| StoreError::Folder { path: path.to_owned(), cause })?;
    tracing::error!(reason, aside = %aside.display(), "history was damaged; a new file is begun");
    Ok(())
}
