//! Asking every backend again and again, each in its own task, and publishing what it says.

use std::{path::Path, sync::Arc};

use app::model::BackendReport;
use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use super::{
    Backend, Entry,
    fetch::{Content, Fetcher},
    store::Store,
    worker::Worker,
};

/// Where "now" comes from: [`Timestamp::now`], or a fixed moment in tests.
pub type Clock = fn() -> Timestamp;

/// What one backend says, and how well it could be asked.
#[derive(Clone, Debug)]
pub struct BackendState {
    /// For the status page and the API. `ok: false` without an error means that it has not been
    /// asked yet.
    pub report: BackendReport,
    /// The entries in use: those of the last good answer. The same `Arc` as before when nothing
    /// changed, so that `Arc::ptr_eq` tells whether there is anything to merge anew.
    pub entries: Arc<[Entry]>,
}

/// Asks every backend now, from anywhere.
#[derive(Clone, Debug, Default)]
pub struct Waker(Vec<Arc<Notify>>);

impl Waker {
    /// Ends every wait for a next turn; returns the number of backends. A backend that is being asked
    /// is asked once more.
    pub fn wake(&self) -> usize {
        self.0.iter().for_each(|wake| wake.notify_one());
        self.0.len()
    }
}

/// The running tasks; dropping it ends them.
pub struct Poller {
    states: watch::Receiver<Vec<BackendState>>,
    waker: Waker,
    _tasks: JoinSet<()>,
}

impl Poller {
    /// Starts one task for each backend. On return the last good answers (from `state_dir`, if
    /// there is one) and the recordings of the content folder are already published; nothing has
    /// been waited for but the disk.
    pub async fn start(
        backends: Vec<Backend>,
        state_dir: Option<&Path>,
        content: Content,
        clock: Clock,
    ) -> Self {
        let fetcher = Arc::new(Fetcher::new(content));
        let (sender, states) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        let mut workers = Vec::new();
        for (index, backend) in backends.into_iter().enumerate() {
            let store = state_dir
                .filter(|_| !backend.source().is_content())
                .map(|state_dir| Store::new(state_dir, &backend));
            let sender = Arc::clone(&sender);
            let publish = move |state: BackendState| {
                sender.send_modify(|states| {
                    if let Some(place) = states.get_mut(index) {
                        *place = state;
                    }
                });
            };
            workers.push(Worker::new(
                backend,
                store,
                Arc::clone(&fetcher),
                clock,
                Box::new(publish),
            ));
        }
        sender.send_replace(workers.iter().map(Worker::state).collect());

        let mut wake = Vec::new();
        let mut tasks = JoinSet::new();
        for mut worker in workers {
            worker.begin().await;
            wake.push(worker.wake());
            tasks.spawn(worker.run());
        }
        Self { states, waker: Waker(wake), _tasks: tasks }
    }

    /// What every backend says, in the order of the configuration.
    pub fn states(&self) -> watch::Receiver<Vec<BackendState>> {
        self.states.clone()
    }

    /// Asks one backend now instead of at its next turn, recordings included.
    pub fn poll_now(&self, backend: usize) {
        if let Some(wake) = self.waker.0.get(backend) {
            wake.notify_one();
        }
    }

    /// What asks all of them now.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }
}
