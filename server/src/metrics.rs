//! `/metrics`: what an operator's Prometheus asks for, in `OpenMetrics` text.
//!
//! Facts of mirrors and backends are read from the snapshot at each scrape, so that a mirror that is
//! gone is gone here, too. Only what happens between scrapes is counted: requests.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use app::model::{Consistency, Freshness, Mirror, State as SyncState};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric, text},
    metrics::{
        MetricType, counter::ConstCounter, family::Family, gauge::ConstGauge, histogram::Histogram,
    },
    registry::Registry,
};

use crate::{snapshot::AppState, web::AppError};

/// Upper ends of the classes of durations, in seconds: a page from memory takes 20 µs, a huge listing
/// a second.
const BUCKETS: [f64; 10] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];

/// Template of the route, class of the status. Templates are few; addresses are not.
type Labels = [(&'static str, String); 2];

/// What is counted between scrapes.
pub struct Metrics {
    requests: Family<Labels, Histogram, fn() -> Histogram>,
    /// Of page caches that are no longer in use.
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    started_at: Timestamp,
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new(started_at: Timestamp) -> Self {
        Self {
            requests: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            cache_hits: AtomicU64::new(0),
            cache_misses: AtomicU64::new(0),
            started_at,
        }
    }

    /// Counts a request: the template of its route without the language, its status, and the time
    /// until the head of the answer was there.
    pub fn request(&self, route: &str, status: StatusCode, took: Duration) {
        let class = format!("{}xx", status.as_u16() / 100);
        let labels = [("route", route.to_owned()), ("class", class)];
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Keeps what a page cache has counted before it goes.
    pub fn retire(&self, hits: u64, misses: u64) {
        self.cache_hits.fetch_add(hits, Ordering::Relaxed);
        self.cache_misses.fetch_add(misses, Ordering::Relaxed);
    }
}

/// The listener of operators: `/metrics` and nothing else.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, AppError> {
    let text = render(&state).map_err(|error| AppError::Internal(error.into()))?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media)], text))
}

/// Everything as text.
///
/// # Errors
/// None that is known: writing to memory does not fail.
pub fn render(state: &AppState) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("mingjing");
    registry.register(
        "http_request_duration_seconds",
        "Time until the head of an answer was there, by route and class of status",
        state.metrics().requests.clone(),
    );
    registry.register_collector(Box::new(Scrape(state.clone())));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

/// The facts of the moment.
struct Scrape(AppState);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Writer(encoder);
        self.mirrors(&mut out)?;
        self.backends(&mut out)?;
        self.pages(&mut out)?;
        self.index(&mut out)?;
        self.stats(&mut out)?;
        self.process(&mut out)
    }
}

impl Scrape {
    fn mirrors(&self, out: &mut Writer<'_>) -> fmt::Result {
        let snapshot = self.0.snapshot();
        let (all, now) = (&snapshot.mirrors, snapshot.now);
        out.one_hot(
            ("mirror_state", "State of the last run, 1 for the present one", "state"),
            all,
            &SyncState::ALL.map(SyncState::id),
            |mirror| mirror.state.id(),
        )?;
        out.one_hot(
            (
                "mirror_freshness",
                "Verdict on the age of the content, 1 for the present one",
                "verdict",
            ),
            all,
            &Freshness::ALL.map(Freshness::id),
            |mirror| mirror.freshness.id(),
        )?;
        out.one_hot(
            (
                "mirror_consistency",
                "Whether indexes fit their files, 1 for the present verdict",
                "verdict",
            ),
            all,
            &[
                Consistency::Sound,
                Consistency::HalfSynced,
                Consistency::Broken,
                Consistency::Unknown,
            ]
            .map(Consistency::id),
            |mirror| mirror.consistency.id(),
        )?;
        let since = |then: Option<Timestamp>, now: Timestamp| {
            then.map(|then| now.duration_since(then).as_secs_f64())
        };
        out.of_mirrors(
            ("mirror_content_age_seconds", "Age of the content, as the tree itself tells it"),
            all,
            |mirror| since(mirror.content_time, now),
        )?;
        out.of_mirrors(
            ("mirror_last_success_age_seconds", "Time since the end of the last good run"),
            all,
            |mirror| since(mirror.last_success, mirror.as_of(now)),
        )?;
        out.of_mirrors(
            ("mirror_last_attempt_age_seconds", "Time since the end of the last run"),
            all,
            |mirror| since(mirror.last_attempt, mirror.as_of(now)),
        )?;
        out.of_mirrors(
            ("mirror_lag_seconds", "How far the content is behind the upstream"),
            all,
            |mirror| mirror.lag_seconds,
        )?;
        out.of_mirrors(("mirror_size_bytes", "Size of the tree"), all, |mirror| mirror.size_bytes)
    }

    fn backends(&self, out: &mut Writer<'_>) -> fmt::Result {
        let snapshot = self.0.snapshot();
        let labels: Vec<_> = snapshot
            .backends
            .iter()
            .map(|backend| [("kind", backend.kind.as_str()), ("url", backend.url.as_str())])
            .collect();
        let all = || labels.iter().zip(&snapshot.backends);
        out.gauges(
            ("backend_up", "Whether the last poll brought an intelligible answer"),
            all().map(|(labels, backend)| (labels, u64::from(backend.ok))),
        )?;
        out.gauges(
            ("backend_entries", "Entries in use"),
            all().map(|(labels, backend)| (labels, backend.entries)),
        )?;
        out.gauges(
            ("backend_dropped", "Entries that could not be read"),
            all().map(|(labels, backend)| (labels, backend.dropped)),
        )?;
        out.gauges(
            ("backend_poll_duration_seconds", "How long the last poll took"),
            all().filter_map(|(labels, backend)| {
                Some((labels, Duration::from_millis(backend.poll_ms?).as_secs_f64()))
            }),
        )?;
        out.gauges(
            (
                "backend_last_poll_timestamp_seconds",
                "When the answer in use was fetched or confirmed",
            ),
            all().filter_map(|(labels, backend)| Some((labels, backend.fetched_at?.as_second()))),
        )
    }

    fn pages(&self, out: &mut Writer<'_>) -> fmt::Result {
        let (snapshot, metrics) = (self.0.snapshot(), self.0.metrics());
        let (hits, misses) = snapshot.pages.counts();
        out.gauge(("page_cache_entries", "Pages in memory"), snapshot.pages.len())?;
        out.counter(
            ("page_cache_hits", "Answers that were in memory"),
            hits + metrics.cache_hits.load(Ordering::Relaxed),
        )?;
        out.counter(
            ("page_cache_misses", "Answers that had to be rendered"),
            misses + metrics.cache_misses.load(Ordering::Relaxed),
        )?;
        out.gauge(
            ("snapshot_timestamp_seconds", "When the data on pages was put together"),
            snapshot.now.as_second(),
        )
    }

    fn index(&self, out: &mut Writer<'_>) -> fmt::Result {
        let index = self.0.index();
        out.gauge(("index_open", "Whether there is a file index"), u64::from(index.is_some()))?;
        let Some(index) = index else { return Ok(()) };
        let stats = index.stats();
        out.gauge(("index_paths", "Files and directories in the index"), stats.paths)?;
        out.gauge(("index_size_bytes", "Bytes of the index on disk"), stats.bytes)?;
        out.gauge(("index_built_timestamp_seconds", "When the index was built"), stats.built_at)
    }

    fn stats(&self, out: &mut Writer<'_>) -> fmt::Result {
        let stats = self.0.stats();
        if !stats.has_traffic {
            return Ok(());
        }
        out.counter(("log_lines", "Lines of access logs that were counted"), stats.lines)?;
        let rejected = stats.rejected.values().sum();
        out.counter(("log_lines_rejected", "Lines of access logs that were not"), rejected)?;
        let Some(newest) = stats.newest else { return Ok(()) };
        out.gauge(
            ("log_newest_timestamp_seconds", "Time of the newest line that was counted"),
            newest.as_second(),
        )
    }

    fn process(&self, out: &mut Writer<'_>) -> fmt::Result {
        out.gauge(
            ("content_problems", "Mistakes in the content folder; the last good version is shown"),
            self.0.problems().len(),
        )?;
        out.gauges(
            ("build_info", "Version of the program"),
            std::iter::once((&[("version", env!("CARGO_PKG_VERSION"))], 1_u64)),
        )?;
        out.gauge(
            ("process_start_timestamp_seconds", "When the program was started"),
            self.0.metrics().started_at.as_second(),
        )
    }
}

/// Name and meaning of a metric.
type Described = (&'static str, &'static str);

struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn gauge(&mut self, (name, help): Described, value: impl EncodeGaugeValue) -> fmt::Result {
        let metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(metric)
    }

    fn counter(&mut self, (name, help): Described, value: u64) -> fmt::Result {
        let metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(metric)
    }

    fn gauges<'l, const N: usize, V: EncodeGaugeValue>(
        &mut self,
        (name, help): Described,
        values: impl Iterator<Item = (&'l [(&'static str, &'l str); N], V)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            ConstGauge::new(value).encode(metric.encode_family(labels)?)?;
        }
        Ok(())
    }

    /// One value for each mirror that has one.
    fn of_mirrors<V: EncodeGaugeValue>(
        &mut self,
        described: Described,
        mirrors: &[Mirror],
        value: impl Fn(&Mirror) -> Option<V>,
    ) -> fmt::Result {
        let labels: Vec<_> =
            mirrors.iter().map(|mirror| [("mirror", mirror.id.as_str())]).collect();
        let values = labels.iter().zip(mirrors);
        self.gauges(described, values.filter_map(|(labels, mirror)| Some((labels, value(mirror)?))))
    }

    /// One value for each mirror and each word that could be said of it: 1 for the one that is.
    fn one_hot(
        &mut self,
        (name, help, label): (&'static str, &'static str, &'static str),
        mirrors: &[Mirror],
        words: &[&'static str],
        said: fn(&Mirror) -> &'static str,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for mirror in mirrors {
            for word in words {
                let labels = [("mirror", mirror.id.as_str()), (label, *word)];
                let is_it = ConstGauge::new(u64::from(said(mirror) == *word));
                is_it.encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
