//! Everything that pages are made of at one moment, immutable.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock},
};

use app::{
    Chrome,
    model::{BackendReport, Mirror},
    page::guide::Subject,
    stats::Stats,
};
use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    assets::Assets,
    config::Config,
    content::Content,
    download::Downloads,
    files::Trees,
    history::History,
    index::Index,
    metrics::Metrics,
    search::TextIndex,
    status::refresh::Refresh,
    web::{cache::PageCache, limit::Limit, speed::SpeedTests},
};

/// Values of options for which the tree has nothing, by guide and option.
pub type Lacking = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The data of one moment, and the pages rendered from it so far.
pub struct Snapshot {
    /// Frame of every page.
    pub chrome: Chrome,
    /// Mirrors in the order of their ids.
    pub mirrors: Vec<Mirror>,
    /// Prose, guides, folders.
    pub content: Arc<Content>,
    /// Backends in the order of the configuration.
    pub backends: Vec<BackendReport>,
    /// Moment of the data.
    pub now: Timestamp,
    /// What guides offer and the trees lack.
    pub lacking: Arc<Lacking>,
    /// Installers and applications.
    pub downloads: Arc<Downloads>,
    /// Pages rendered so far.
    pub pages: PageCache,
    by_id: HashMap<String, usize>,
}

impl Snapshot {
    /// Puts a snapshot together.
    pub fn new(
        chrome: Chrome,
        mirrors: Vec<Mirror>,
        content: Arc<Content>,
        backends: Vec<BackendReport>,
    ) -> Self {
        let by_id = mirrors.iter().enumerate().map(|(i, m)| (m.id.clone(), i)).collect();
        let now = chrome.generated_at;
        Self {
            chrome,
            mirrors,
            content,
            backends,
            now,
            lacking: Arc::default(),
            downloads: Arc::default(),
            pages: PageCache::default(),
            by_id,
        }
    }

    /// The mirror with exactly this id.
    pub fn mirror(&self, id: &str) -> Option<&Mirror> {
        self.by_id.get(id).and_then(|i| self.mirrors.get(*i))
    }

    /// The mirror for any spelling of its id.
    pub fn resolve(&self, name: &str) -> Option<&Mirror> {
        self.mirror(name).or_else(|| self.mirror(self.content.resolve(name)?))
    }

    /// What the page `/docs/{name}` is about, for any spelling of the name.
    pub fn subject(&self, name: &str) -> Option<Subject> {
        match self.resolve(name) {
            Some(mirror) => Some(Subject::Mirror(Box::new(mirror.clone()))),
            None => self.content.topic(name).map(|facts| Subject::Topic(facts.topic())),
        }
    }

    /// The mirror whose tree holds a path such as `/debian/dists/`.
    pub fn mirror_at(&self, path: &str) -> Option<&Mirror> {
        self.mirrors
            .iter()
            .filter(|m| {
                path.strip_prefix(&m.path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            .max_by_key(|m| m.path.len())
    }
}

/// What every handler may reach; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    config: Config,
    trees: Trees,
    assets: Assets,
    snapshot: ArcSwap<Snapshot>,
    index: ArcSwapOption<Index>,
    /// Set once at the start, when there is a token.
    refresh: OnceLock<Refresh>,
    history: ArcSwap<History>,
    stats: ArcSwap<Stats>,
    /// The snapshot again, for those who wait for a new one.
    published: watch::Sender<Arc<Snapshot>>,
    texts: ArcSwapOption<TextIndex>,
    search_limit: Limit,
    speed_tests: SpeedTests,
    /// What is wrong with the content as it is now on disk, for the operator.
    problems: Mutex<Vec<String>>,
    metrics: Metrics,
}

impl AppState {
    /// State with a first snapshot.
    pub fn new(config: Config, trees: Trees, assets: Assets, snapshot: Snapshot) -> Self {
        let metrics = Metrics::new(snapshot.now);
        let snapshot = Arc::new(snapshot);
        Self(Arc::new(Inner {
            search_limit: Limit::new(config.search.per_minute, config.search.burst),
            speed_tests: SpeedTests::new(config.network.speed),
            config,
            trees,
            assets,
            snapshot: ArcSwap::new(Arc::clone(&snapshot)),
            index: ArcSwapOption::empty(),
            refresh: OnceLock::new(),
            history: ArcSwap::default(),
            stats: ArcSwap::default(),
            published: watch::Sender::new(snapshot),
            texts: ArcSwapOption::empty(),
            problems: Mutex::default(),
            metrics,
        }))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The mirrored trees.
    pub fn trees(&self) -> &Trees {
        &self.0.trees
    }

    /// Stylesheet, script, icons.
    pub fn assets(&self) -> &Assets {
        &self.0.assets
    }

    /// The snapshot of now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }

    /// Replaces the snapshot.
    pub fn publish(&self, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        let old = self.0.snapshot.swap(Arc::clone(&snapshot));
        let (hits, misses) = old.pages.counts();
        self.0.metrics.retire(hits, misses);
        self.0.published.send_replace(snapshot);
    }

    /// What is counted for the operator.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Tells of every new snapshot; who is slow misses some of them.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.0.published.subscribe()
    }

    /// What is remembered of the mirrors.
    pub fn history(&self) -> Arc<History> {
        self.0.history.load_full()
    }

    /// Replaces what is remembered.
    pub fn set_history(&self, history: History) {
        self.0.history.store(Arc::new(history));
    }

    /// What was counted of requests and bandwidth.
    pub fn stats(&self) -> Arc<Stats> {
        self.0.stats.load_full()
    }

    /// Replaces what was counted.
    pub fn set_stats(&self, stats: Stats) {
        self.0.stats.store(Arc::new(stats));
    }

    /// The file index, if there is one.
    pub fn index(&self) -> Option<Arc<Index>> {
        self.0.index.load_full()
    }

    /// Replaces the file index.
    pub fn set_index(&self, index: Index) {
        self.0.index.store(Some(Arc::new(index)));
    }

    /// Who may have the backends asked at once, if anybody may.
    pub fn refresh(&self) -> Option<&Refresh> {
        self.0.refresh.get()
    }

    /// Lets whoever has the token have the backends asked at once; only the first call counts.
    pub fn set_refresh(&self, refresh: Refresh) {
        _ = self.0.refresh.set(refresh);
    }

    /// How often visitors have searched.
    pub fn search_limit(&self) -> &Limit {
        &self.0.search_limit
    }

    /// Who measures the speed, and how often.
    pub fn speed_tests(&self) -> &SpeedTests {
        &self.0.speed_tests
    }

    /// The search in prose, once it is made.
    pub fn texts(&self) -> Option<Arc<TextIndex>> {
        self.0.texts.load_full()
    }

    /// Makes the search in prose anew from the present content. It takes a while.
    pub fn index_texts(&self) {
        match TextIndex::new(&self.snapshot().content) {
            Ok(texts) => self.0.texts.store(Some(Arc::new(texts))),
            Err(error) => tracing::error!(%error, "the prose cannot be indexed"),
        }
    }

    /// What is wrong with the content on disk; served is the last good version.
    pub fn problems(&self) -> Vec<String> {
        self.0.problems.lock().map(|p| p.clone()).unwrap_or_default()
    }

    /// Replaces the list of problems.
    pub fn set_problems(&self, problems: Vec<String>) {
        if let Ok(mut slot) = self.0.problems.lock() {
            *slot = problems;
        }
    }
}
