//! One backend's task: ask, judge the answer, keep the last good one, wait.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use app::model::BackendReport;
use jiff::Timestamp;
use tokio::{sync::Notify, task::spawn_blocking, time::sleep};

use super::{
    Backend, Entry, Parsed, backoff,
    fetch::{Answer, Fetcher, Validators},
    poll::{BackendState, Clock},
    store::{Store, Stored},
};

/// However often it is woken, a backend is not asked more often than this.
const REST: Duration = Duration::from_secs(1);

/// The last good answer.
struct Good {
    entries: Arc<[Entry]>,
    dropped: usize,
    fetched_at: Timestamp,
    validators: Validators,
}

pub struct Worker {
    backend: Arc<Backend>,
    store: Option<Store>,
    fetcher: Arc<Fetcher>,
    clock: Clock,
    publish: Box<dyn Fn(BackendState) + Send + Sync>,
    wake: Arc<Notify>,
    good: Option<Good>,
    /// Whether it has been asked since the start.
    asked: bool,
    /// How long the last poll took.
    poll_ms: Option<u64>,
    /// Failures in a row.
    failures: u32,
    /// Why the last poll failed, to log only changes.
    error: Option<String>,
    /// The same for the disk.
    store_error: Option<String>,
    /// Reasons for dropped entries that are in the log already.
    logged: HashSet<String>,
}

impl Worker {
    pub fn new(
        backend: Backend,
        store: Option<Store>,
        fetcher: Arc<Fetcher>,
        clock: Clock,
        publish: Box<dyn Fn(BackendState) + Send + Sync>,
    ) -> Self {
        Self {
            backend: Arc::new(backend),
            store,
            fetcher,
            clock,
            publish,
            wake: Arc::default(),
            good: None,
            asked: false,
            poll_ms: None,
            failures: 0,
            error: None,
            store_error: None,
            logged: HashSet::new(),
        }
    }

    /// Ends the wait for the next turn when notified.
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// What is known so far.
    pub fn state(&self) -> BackendState {
        let good = self.good.as_ref();
        let report = BackendReport {
            kind: self.backend.kind().to_owned(),
            url: self.backend.source().public_url(),
            ok: self.asked && self.failures == 0,
            fetched_at: good.map(|good| good.fetched_at),
            error: self.error.clone(),
            entries: good.map_or(0, |good| good.entries.len()),
            dropped: good.map_or(0, |good| good.dropped),
            recorded_at: self.backend.source().recorded_at,
            poll_ms: self.poll_ms,
        };
        BackendState {
            report,
            entries: good.map_or_else(Arc::default, |good| Arc::clone(&good.entries)),
        }
    }

    /// What needs no network: the last good answer from the disk, or a recording of the content
    /// folder.
    pub async fn begin(&mut self) {
        if self.backend.source().is_content() {
            self.poll().await;
            return;
        }
        let Some(store) = self.store.clone() else { return };
        let loaded = spawn_blocking(move || store.load()).await.map_err(io::Error::other).flatten();
        let result = match loaded {
            Ok(None) => return,
            Ok(Some(stored)) => match self.parse(stored.body, stored.fetched_at).await {
                Ok((parsed, _)) => {
                    self.accept(parsed, stored.fetched_at, stored.validators);
                    (self.publish)(self.state());
                    return;
                }
                Err(error) => error,
            },
            Err(error) => error.to_string(),
        };
        self.warn(&result, "the last good answer on disk is unusable");
    }

    /// Polls for ever.
    pub async fn run(mut self) {
        let mut begun = Instant::now();
        loop {
            let wake = self.wake();
            match self.pause() {
                Some(pause) => tokio::select! {
                    () = sleep(pause) => {}
                    () = wake.notified() => self.rest(begun).await,
                },
                None => wake.notified().await,
            }
            begun = Instant::now();
            self.poll().await;
        }
    }

    /// Waits until a backend that was asked a moment ago may be asked again.
    async fn rest(&self, begun: Instant) {
        let rest = REST.min(self.backend.source().interval);
        sleep(rest.saturating_sub(begun.elapsed())).await;
    }

    /// How long to wait for the next turn; nothing when a recording has been read.
    fn pause(&self) -> Option<Duration> {
        let source = self.backend.source();
        match (self.asked, self.failures) {
            (false, _) => Some(Duration::ZERO),
            (true, 0) if source.recorded_at.is_some() => None,
            (true, 0) => Some(source.interval),
            (true, failures) => Some(backoff::retry_after(source.interval, failures)),
        }
    }

    async fn poll(&mut self) {
        let started = Instant::now();
        let result = self.ask().await;
        self.asked = true;
        self.poll_ms = u64::try_from(started.elapsed().as_millis()).ok();
        match result {
            Ok(()) => {
                if self.failures > 0 {
                    let (kind, url) = self.names();
                    tracing::info!(backend.kind = kind, backend.url = url, "backend answers again");
                }
                self.failures = 0;
                self.error = None;
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                if self.error.as_ref() != Some(&error) {
                    self.warn(&error, "backend is away, its last good answer stays");
                }
                self.error = Some(error);
            }
        }
        (self.publish)(self.state());
    }

    /// One request; an error leaves the last good answer alone.
    async fn ask(&mut self) -> Result<(), String> {
        let known = self.good.as_ref().map(|good| good.validators.clone()).unwrap_or_default();
        let answer = match &*self.backend {
            Backend::Trace(trace) => self.fetcher.look(trace).await,
            other => self.fetcher.fetch(other.source(), &known).await,
        };
        let answer = answer.map_err(|error| error.to_string())?;
        let fetched_at = (self.clock)();
        let (body, validators) = match answer {
            Answer::New { body, validators } => (body, validators),
            Answer::Unchanged => {
                if let Some(good) = &mut self.good {
                    good.fetched_at = fetched_at;
                }
                self.keep(move |store| store.confirm(fetched_at, &known)).await;
                return Ok(());
            }
        };
        let (parsed, body) = self.parse(body, fetched_at).await?;
        self.doubt(&parsed)?;
        let stored = Stored { body, fetched_at, validators: validators.clone() };
        self.keep(move |store| store.save(&stored)).await;
        self.accept(parsed, fetched_at, validators);
        Ok(())
    }

    /// Off the async threads: a feed of 32 MiB takes a while. Gives the bytes back.
    async fn parse(
        &self,
        body: Vec<u8>,
        fetched_at: Timestamp,
    ) -> Result<(Parsed, Vec<u8>), String> {
        let backend = Arc::clone(&self.backend);
        // A recording may be younger than a clock that is wrong.
        let now =
            backend.source().recorded_at.map_or(fetched_at, |recorded| recorded.max(fetched_at));
        spawn_blocking(move || {
            let parsed = backend.parse(&body, now);
            parsed
                .map(|parsed| (parsed, body))
                .map_err(|error| format!("{error} from {}", backend.source().public_url()))
        })
        .await
        .map_err(|error| error.to_string())?
    }

    /// An answer without a single usable entry is no reason to blank the site.
    fn doubt(&self, parsed: &Parsed) -> Result<(), String> {
        let before = self.good.as_ref().map_or(0, |good| good.entries.len());
        let url = self.backend.source().public_url();
        match parsed.dropped.first() {
            _ if !parsed.entries.is_empty() => Ok(()),
            Some(first) => {
                let all = parsed.dropped.len();
                Err(format!("none of {all} entries could be read ({}) from {url}", first.reason))
            }
            None if before > 0 => Err(format!("no entries where there were {before} from {url}")),
            None => Ok(()),
        }
    }

    fn accept(&mut self, parsed: Parsed, fetched_at: Timestamp, validators: Validators) {
        let mut reasons: BTreeMap<&str, (usize, Option<&str>)> = BTreeMap::new();
        for dropped in &parsed.dropped {
            reasons.entry(&dropped.reason).or_insert((0, dropped.id.as_deref())).0 += 1;
        }
        for (reason, (count, id)) in reasons {
            if self.logged.insert(reason.to_owned()) {
                let (kind, url) = self.names();
                let first = id.unwrap_or_default();
                tracing::warn!(
                    backend.kind = kind,
                    backend.url = url,
                    count,
                    mirror.id = first,
                    "dropped: {reason}"
                );
            }
        }
        let entries = match &self.good {
            Some(good) if *good.entries == *parsed.entries => Arc::clone(&good.entries),
            _ => parsed.entries.into(),
        };
        self.good = Some(Good { entries, dropped: parsed.dropped.len(), fetched_at, validators });
    }

    /// Writes to the disk; a failure (full, read-only) is logged once and otherwise without
    /// consequence.
    async fn keep(&mut self, write: impl FnOnce(&Store) -> io::Result<()> + Send + 'static) {
        let Some(store) = self.store.clone() else { return };
        let result =
            spawn_blocking(move || write(&store)).await.map_err(io::Error::other).flatten();
        let error = result.err().map(|error| error.to_string());
        if error != self.store_error {
            if let Some(error) = &error {
                self.warn(error, "cannot keep the answer on disk");
            }
            self.store_error = error;
        }
    }

    fn names(&self) -> (&'static str, String) {
        (self.backend.kind(), self.backend.source().public_url())
    }

    fn warn(&self, error: &str, message: &str) {
        let (kind, url) = self.names();
        tracing::warn!(backend.kind = kind, backend.url = url, error, "{message}");
    }
}
