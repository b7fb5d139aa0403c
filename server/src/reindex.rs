//! Keeps the file index in step with the trees: a mirror that was synced is walked again.

use std::{collections::HashMap, sync::Arc};

use app::model::Mirror;
use jiff::Timestamp;

use crate::{
    config::Config,
    content::Content,
    index::{self, BuildReport, Index, Progress},
    serve::indexed_mirrors,
    snapshot::AppState,
};

/// Walks mirrors again whose backend reports a finished run, until the process ends. Without an
/// index nothing is done: the first one is the operator's to build.
pub async fn run(state: AppState, clock: fn() -> Timestamp) {
    let mut snapshots = state.snapshots();
    let mut reindexer = Reindexer::default();
    loop {
        drop(snapshots.borrow_and_update());
        reindexer.look(&state, clock()).await;
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

/// Remembers what was done for which run.
#[derive(Debug, Default)]
pub struct Reindexer {
    /// The last success that led to an update, by mirror.
    done: HashMap<String, Timestamp>,
}

impl Reindexer {
    /// Updates the index when a run has finished since it was made. Returns the ids of the mirrors
    /// that were walked.
    pub async fn look(&mut self, state: &AppState, now: Timestamp) -> Vec<String> {
        let Some(index) = state.index() else { return Vec::new() };
        let snapshot = state.snapshot();
        let runs = self.finished(&snapshot.mirrors, &index);
        if runs.is_empty() {
            return Vec::new();
        }
        let ids: Vec<String> = runs.iter().map(|(id, _)| id.clone()).collect();
        let (config, content) = (state.config().clone(), Arc::clone(&snapshot.content));
        let changed = ids.clone();
        let task = tokio::task::spawn_blocking(move || {
            update(&config, &content, &changed, now, &mut |_| {})
        });
        match task.await.map_err(anyhow::Error::new).flatten() {
            Ok(report) => {
                tracing::info!(
                    mirrors = ids.join(" "),
                    paths = report.intake.entries,
                    duration_ms = report.took.as_millis(),
                    "file index updated"
                );
                // The next snapshot may come before the new index is opened.
                self.done.extend(runs);
                ids
            }
            Err(error) => {
                // Tried again with the next snapshot: another build may be running, or the disk full.
                tracing::error!(error = format!("{error:#}"), "the file index was not updated");
                Vec::new()
            }
        }
    }

    /// Mirrors with a success after they were looked at for the index, and its time.
    fn finished(&self, mirrors: &[Mirror], index: &Index) -> Vec<(String, Timestamp)> {
        let is_news = |id: &str, success: Timestamp| {
            self.done.get(id) != Some(&success)
                && index.seen_at(id).is_none_or(|seen| seen < success.as_second())
        };
        mirrors
            .iter()
            .filter_map(|mirror| Some((mirror.id.clone(), mirror.last_success?)))
            .filter(|(id, success)| is_news(id, *success))
            .collect()
    }
}

/// Walks some mirrors and replaces them in the index; those without a tree go away.
///
/// # Errors
/// The root cannot be read, another build is running, or the disk fails. The old index stays.
pub fn update(
    config: &Config,
    content: &Content,
    changed: &[String],
    now: Timestamp,
    progress: &mut dyn FnMut(Progress),
) -> anyhow::Result<BuildReport> {
    let root = config.root();
    let mirrors = indexed_mirrors(content, &root)?;
    let mut walk = index::walk_some(&root, &mirrors, |id| changed.iter().any(|c| c == id));
    let records = walk.by_ref().map(Ok);
    let folder = config.index_folder();
    let report = index::update(&folder, &mirrors, changed, records, now.as_second(), progress)?;
    walk.report().log();
    Ok(report)
}
