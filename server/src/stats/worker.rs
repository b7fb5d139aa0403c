//! What `serve` does by itself: compares counters each minute, reads on in the log, sums up.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::stats::{Gauge, Stats};
use jiff::{SignedDuration, Timestamp};

use super::{
    file,
    ingest::{Ingest, Report},
    interface::{self, Counters, Meter},
    lock_file,
    prometheus::Prometheus,
    rules, siblings,
    store::Store,
};
use crate::{
    config::Config,
    database::{self, StoreError},
    snapshot::{AppState, Snapshot},
    status::poll::Clock,
};

/// Time between two looks at the counters.
const TICK: Duration = Duration::from_mins(1);
/// How long logs are read at a time; a backlog of weeks is read in portions.
const PORTION: Duration = Duration::from_secs(30);
/// Time between two prunings.
const PRUNE: SignedDuration = SignedDuration::from_hours(24);

/// Follows the log and the counters until the process ends.
pub fn start(state: &AppState, clock: Clock) {
    let state = state.clone();
    tokio::spawn(async move {
        let mut worker = Worker::new(state.config());
        let prometheus = state.config().stats.prometheus.clone().map(Prometheus::new);
        let mut ticks = tokio::time::interval(TICK);
        loop {
            ticks.tick().await;
            let told = match &prometheus {
                Some(prometheus) => Some(prometheus.read().await),
                None => None,
            };
            let (snapshot, now) = (state.snapshot(), clock());
            let step = move || {
                let sum = worker.step(&snapshot, now, told);
                (worker, sum)
            };
            // Disks may be slow, and nobody else should wait for them.
            let Ok((back, sum)) = tokio::task::spawn_blocking(step).await else {
                tracing::error!("requests are no longer counted: the task broke");
                return;
            };
            worker = back;
            if let Some(sum) = sum {
                state.set_stats(sum);
            }
        }
    });
}

/// Counts, and sums up when something was counted.
pub struct Worker {
    config: Config,
    gauge: Option<Gauge>,
    meter: Meter,
    /// Absent until there is something to keep.
    store: Option<Store>,
    read_at: Option<Timestamp>,
    pruned_at: Option<Timestamp>,
    /// What the file was at the last sum.
    summed: Option<i64>,
    version: u64,
    /// What was wrong with a log at the last reading.
    fault: Option<String>,
    /// What was wrong with the counters at the last look, to log only changes.
    unmeasured: Option<String>,
    /// What was wrong at the last step, likewise.
    error: Option<String>,
}

impl Worker {
    /// A worker that has not touched the disk.
    pub fn new(config: &Config) -> Self {
        Self {
            gauge: config.stats.gauge(),
            meter: Meter::default(),
            config: config.clone(),
            store: None,
            read_at: None,
            pruned_at: None,
            summed: None,
            version: 0,
            fault: None,
            unmeasured: None,
            error: None,
        }
    }

    /// One minute's work; the new sum, if there is one. `told` is what Prometheus says, where it is asked.
    pub fn step(
        &mut self,
        snapshot: &Snapshot,
        now: Timestamp,
        told: Option<anyhow::Result<Counters>>,
    ) -> Option<Stats> {
        let (stats, error) = match self.try_step(snapshot, now, told) {
            Ok(stats) => (stats, self.fault.clone()),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        if error != self.error {
            if let Some(error) = &error {
                tracing::error!(error, "requests are not counted; the site goes on");
            } else {
                tracing::info!("requests are counted again");
            }
            self.error = error;
        }
        stats
    }

    fn try_step(
        &mut self,
        snapshot: &Snapshot,
        now: Timestamp,
        told: Option<anyhow::Result<Counters>>,
    ) -> anyhow::Result<Option<Stats>> {
        let section = &self.config.stats;
        let path = file(&self.config.server.state);
        let is_measured = section.access_log.is_some() || self.gauge.is_some();
        // Without either there are sums only if the command line has made them.
        if self.store.is_none() && (is_measured || path.exists()) {
            self.store = Some(self.open(now)?);
        }
        if self.store.is_none() {
            return Ok(None);
        }
        let mut is_new = self.measure(now, told);
        let interval =
            SignedDuration::try_from(self.config.stats.interval).unwrap_or(SignedDuration::MAX);
        if self.read_at.is_none_or(|at| now.duration_since(at) >= interval) {
            self.read_at = Some(now);
            is_new |= self.read(snapshot, now)?;
        }
        self.sum_up(is_new, now)
    }

    fn open(&self, now: Timestamp) -> anyhow::Result<Store> {
        let path = file(&self.config.server.state);
        match Store::open(&path) {
            Err(StoreError::Damaged(reason)) => {
                let aside = database::move_aside(&path, now)?;
                tracing::error!(reason, aside = %aside.display(), "figures were damaged; a new file is begun");
                Ok(Store::open(&path)?)
            }
            other => other.with_context(|| path.display().to_string()),
        }
    }

    /// Compares the counters; whether anything came of it. What is wrong with them costs no request.
    fn measure(&mut self, now: Timestamp, told: Option<anyhow::Result<Counters>>) -> bool {
        let (Some(gauge), Some(store)) = (&self.gauge, &self.store) else { return false };
        let counters = match (gauge, told) {
            (Gauge::Interface(name), _) => interface::read(name),
            (Gauge::Prometheus, Some(told)) => told,
            (Gauge::Prometheus, None) => return false,
        };
        let outcome = counters.and_then(|counters| {
            let Some(sample) = self.meter.step(now, counters) else { return Ok(false) };
            store.add_bandwidth(gauge.key(), sample)?;
            Ok(true)
        });
        let error = outcome.as_ref().err().map(|error| format!("{error:#}"));
        if let Some(error) = error.as_ref().filter(|error| self.unmeasured.as_ref() != Some(error))
        {
            tracing::error!(error, "bandwidth is not measured; the site goes on");
        }
        self.unmeasured = error;
        outcome.unwrap_or(false)
    }

    /// Reads what is new in the logs; whether there was anything.
    fn read(&mut self, snapshot: &Snapshot, now: Timestamp) -> anyhow::Result<bool> {
        let (Some(log), Some(store)) = (&self.config.stats.access_log, &mut self.store) else {
            return Ok(false);
        };
        let lock = lock_file(&self.config.server.state)?;
        if lock.try_lock().is_err() {
            // Somebody is reading by hand.
            return Ok(false);
        }
        let rules = rules(&self.config, snapshot);
        let mut report = Report::default();
        let mut ingest =
            Ingest { store, rules: &rules, now, until: Some(Instant::now() + PORTION) };
        let logs = siblings(log).with_context(|| log.display().to_string())?;
        self.fault = None;
        for log in logs {
            // One that cannot be read costs itself.
            if let Err(error) = ingest.log(&log, &mut report) {
                self.fault = Some(error.to_string());
            }
            if report.is_unfinished {
                // On with it at the next tick.
                self.read_at = None;
                break;
            }
        }
        if report.lines + report.rejected > 0 {
            let (lines, rejected) = (report.lines, report.rejected);
            tracing::debug!(lines, rejected, "access logs read");
        }
        Ok(report.lines + report.rejected > 0)
    }

    fn sum_up(&mut self, is_new: bool, now: Timestamp) -> anyhow::Result<Option<Stats>> {
        let Some(store) = &mut self.store else { return Ok(None) };
        let today = now.to_zoned(self.config.site().time_zone).date();
        if self.pruned_at.is_none_or(|at| now.duration_since(at) >= PRUNE) {
            store.prune(now, today, self.config.stats.keep)?;
            self.pruned_at = Some(now);
        }
        let data = store.data_version()?;
        if !is_new && self.summed == Some(data) {
            return Ok(None);
        }
        self.summed = Some(data);
        self.version += 1;
        let stats = store.sum_up(today, self.gauge.as_ref(), now)?;
        Ok(Some(Stats { version: self.version, ..stats }))
    }
}
