//! One rule's task: look, remember, send, try again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use app::shell::Site;
use jiff::Timestamp;
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

use super::{
    Courier, Rule,
    engine::{Engine, Facts},
};
use crate::{
    snapshot::{AppState, Snapshot},
    status::{backoff, poll::Clock, store::write_whole},
};

/// How often it is looked whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// Failed attempts wait at most ten minutes.
const RETRY: Duration = Duration::from_mins(10);

/// Follows every published snapshot for one rule until the process ends.
pub async fn run(rule: Rule, state: AppState, clock: Clock) {
    let snapshots = state.snapshots();
    let folder = state.config().server.state.clone();
    let mut worker = Worker::load(rule, state.config().site(), &folder).await;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let snapshot = Arc::clone(&snapshots.borrow());
        worker.turn(&snapshot, clock()).await;
    }
}

/// A rule with its memory.
pub struct Worker {
    rule: Rule,
    site: Site,
    file: PathBuf,
    engine: Engine,
    courier: Courier,
    /// Why the last message did not arrive, to log only changes.
    error: Option<String>,
    /// The same for the disk.
    disk_error: Option<String>,
}

impl Worker {
    /// Takes up what the last process remembered, if there is anything.
    pub async fn load(rule: Rule, site: Site, state: &Path) -> Self {
        let file = state.join("alerts").join(format!("{}.json", rule.name));
        let path = file.clone();
        let read = spawn_blocking(move || read(&path)).await.map_err(io::Error::other).flatten();
        let engine = read.unwrap_or_else(|error| {
            let (alert, error) = (&rule.name, error.to_string());
            tracing::error!(alert, error, "what was told before is forgotten");
            Engine::default()
        });
        let courier = Courier::default();
        Self { rule, site, file, engine, courier, error: None, disk_error: None }
    }

    /// One look at the site, and at most one attempt to send.
    pub async fn turn(&mut self, snapshot: &Snapshot, now: Timestamp) {
        let before = self.engine.clone();
        let facts = Facts::of(snapshot, &self.rule);
        self.engine.observe(&self.rule, &facts, now);
        let out = self.engine.outgoing(&self.rule, &facts, &self.site.time_zone, now);
        // Before it is sent: whatever happens then, it is not forgotten.
        self.keep(&before).await;
        let Some(out) = out else { return };
        let before = self.engine.clone();
        match self.courier.send(&self.rule, &self.site, &out, now).await {
            Ok(()) => {
                self.engine.delivered(now);
                let alert = &self.rule.name;
                if self.error.take().is_some() {
                    tracing::info!(alert, "messages arrive again");
                } else {
                    tracing::info!(alert, message = out.id, "message sent");
                }
            }
            Err(error) => {
                let pause = |attempts| {
                    let pause = backoff::retry_after(RETRY, attempts);
                    error.wait().map_or(pause, |wait| wait.max(pause))
                };
                self.engine.undelivered(now, pause);
                let (alert, error) = (&self.rule.name, error.to_string());
                if self.error.as_ref() != Some(&error) {
                    tracing::error!(alert, error, "a message did not arrive; it is tried again");
                }
                self.error = Some(error);
            }
        }
        self.keep(&before).await;
    }

    /// Writes the memory down when it changed; a failure is logged once, and the memory of the
    /// process serves until it can be written again.
    async fn keep(&mut self, before: &Engine) {
        if self.engine == *before && self.disk_error.is_none() {
            return;
        }
        let (path, engine) = (self.file.clone(), self.engine.clone());
        let written =
            spawn_blocking(move || write_whole(&path, &serde_json::to_vec_pretty(&engine)?));
        let error = written.await.map_err(io::Error::other).flatten().err();
        let error = error.map(|error| error.to_string());
        if error != self.disk_error {
            let alert = &self.rule.name;
            if let Some(error) = &error {
                tracing::error!(alert, error, "a restart would repeat or lose messages");
            } else {
                tracing::info!(alert, "what is told is remembered again");
            }
            self.disk_error = error;
        }
    }
}

fn read(path: &Path) -> io::Result<Engine> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Engine::default()),
        Err(error) => Err(error),
    }
}
