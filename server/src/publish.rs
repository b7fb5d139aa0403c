//! The one place where snapshots are made: content, backends and trees in, pages out.

use std::{
    future::pending,
    io,
    mem::take,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use app::{Chrome, shell::Places};
use jiff::Timestamp;
use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_blocking},
    time::interval,
};

use crate::{
    assets,
    config::Config,
    content::{Content, mirror::MirrorFacts, problem::Problem, source},
    download::Downloads,
    files::{Found, RelPath, Trees},
    guide::Place,
    index::{self, Index},
    probe::{Measures, Observed, Prober},
    router::{Own, router},
    snapshot::{AppState, Lacking, Snapshot},
    status::{merge::merge, poll::BackendState},
};

/// Ages on pages are told in minutes, so a snapshot is never older than this.
const TICK: Duration = Duration::from_mins(1);
/// How often an edited content folder is noticed.
const RELOAD: Duration = Duration::from_secs(1);

/// What snapshots are made from.
pub struct Publisher {
    config: Config,
    prober: Arc<Prober>,
    content: Arc<Content>,
    backends: watch::Receiver<Vec<BackendState>>,
    /// What is measured in the background, if anything is.
    measures: Option<watch::Receiver<Measures>>,
    /// What can be downloaded, if anybody looks.
    downloads: Option<watch::Receiver<Arc<Downloads>>>,
    observed: Observed,
    /// Values of options for which trees have nothing.
    lacking: Arc<Lacking>,
    /// The look at the disk that is under way.
    looking: Option<JoinHandle<(Observed, Lacking)>>,
    /// State of the content folder that is in use, to notice edits.
    content_seen: Option<(SystemTime, usize)>,
    clock: fn() -> Timestamp,
}

impl Publisher {
    /// Reads the trees once; nothing is published yet.
    pub fn new(
        config: Config,
        trees: Trees,
        content: Content,
        backends: watch::Receiver<Vec<BackendState>>,
        clock: fn() -> Timestamp,
    ) -> Self {
        let mut publisher = Self {
            content_seen: config.server.content.clone().and_then(changed),
            config,
            prober: Arc::new(Prober::new(trees)),
            content: Arc::new(content),
            backends,
            measures: None,
            downloads: None,
            observed: Observed::default(),
            lacking: Arc::default(),
            looking: None,
            clock,
        };
        let (content, now) = (Arc::clone(&publisher.content), (publisher.clock)());
        let (observed, lacking) = look(&publisher.prober, &content, &publisher.paths(), now);
        (publisher.observed, publisher.lacking) = (observed, Arc::new(lacking));
        publisher
    }

    /// Adds what is measured in the background.
    pub fn with_measures(mut self, measures: watch::Receiver<Measures>) -> Self {
        self.observed.measures = measures.borrow().clone();
        self.measures = Some(measures);
        self
    }

    /// Adds what can be downloaded.
    pub fn with_downloads(mut self, downloads: watch::Receiver<Arc<Downloads>>) -> Self {
        self.downloads = Some(downloads);
        self
    }

    /// The snapshot of now.
    pub fn snapshot(&self) -> Snapshot {
        let now = (self.clock)();
        let backends = self.backends.borrow();
        let mut mirrors = merge(&self.content, &backends, &self.observed, now);
        let downloads =
            self.downloads.as_ref().map(|d| Arc::clone(&d.borrow())).unwrap_or_default();
        for mirror in &mut mirrors {
            mirror.downloads = downloads.of_mirror(&mirror.id).map(|d| d.id.clone());
        }
        let reports: Vec<_> = backends.iter().map(|b| b.report.clone()).collect();
        let chrome = Chrome {
            site: self.config.site(),
            assets: assets::paths(),
            places: places(&self.content),
            generated_at: now,
            recorded_at: reports.iter().find_map(|r| r.recorded_at),
        };
        let mut snapshot = Snapshot::new(chrome, mirrors, Arc::clone(&self.content), reports);
        snapshot.lacking = Arc::clone(&self.lacking);
        snapshot.downloads = downloads;
        snapshot
    }

    /// Publishes at every change and every tick, until the process ends.
    pub async fn run(mut self, state: AppState) {
        let mut is_told = true;
        let mut tick = interval(TICK);
        let mut reload = interval(RELOAD);
        let folder = self.config.server.content.clone();
        let index = self.config.index_folder();
        let mut index_seen = None;
        index_texts(&state);
        loop {
            let mut is_new = false;
            let mut is_new_content = false;
            tokio::select! {
                changed = self.backends.changed(), if is_told => {
                    // Without a backend nobody will ever tell; content and trees still change.
                    is_told = changed.is_ok();
                    is_new = is_told;
                }
                _ = tick.tick() => {
                    // A disk that hangs delays what it would have said, and nothing else.
                    is_new = self.looking.is_some();
                    self.look();
                }
                (observed, lacking) = looked(&mut self.looking) => {
                    self.looking = None;
                    self.observed = Observed { measures: take(&mut self.observed.measures), ..observed };
                    self.lacking = Arc::new(lacking);
                    is_new = true;
                }
                _ = reload.tick() => {
                    let now = folder.clone().and_then(changed);
                    if now != self.content_seen {
                        self.content_seen = now;
                        is_new_content = self.reload(&state).await;
                        is_new = is_new_content;
                    }
                    is_new |= self.take_measures() | self.has_new_downloads();
                    open_index(&state, &index, &mut index_seen).await;
                }
            }
            if is_new {
                let snapshot = self.snapshot();
                state.publish(snapshot);
                if is_new_content {
                    index_texts(&state);
                }
                warm(&state).await;
            }
        }
    }

    /// Reads the content folder again; what is broken in it leaves the last good version in force.
    async fn reload(&mut self, state: &AppState) -> bool {
        let Some(folder) = self.config.server.content.clone() else { return false };
        let (before, host) = (Arc::clone(&self.content), self.config.host().to_owned());
        let read = spawn_blocking(move || read(&folder, &before, &host));
        let (content, problems) = match read.await.map_err(io::Error::other).flatten() {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(%error, "the content folder cannot be read; the last version stays");
                state.set_problems(vec![error.to_string()]);
                return false;
            }
        };
        state.set_problems(problems.iter().map(ToString::to_string).collect());
        if problems.is_empty() {
            tracing::info!(mirrors = content.mirrors.len(), "content reloaded");
            self.content = Arc::new(content);
            return true;
        }
        for problem in &problems {
            tracing::warn!(%problem, "content not reloaded; the last good version stays");
        }
        false
    }

    /// Starts a look at the trees, on a thread that may wait for a disk, unless one is under way.
    fn look(&mut self) {
        if self.looking.is_some() {
            return;
        }
        let (prober, content) = (Arc::clone(&self.prober), Arc::clone(&self.content));
        let (paths, now) = (self.paths(), (self.clock)());
        let task = spawn_blocking(move || look(&prober, &content, &paths, now));
        self.looking = Some(task);
    }

    /// Takes over what was measured since; at most once a second, however much there is.
    fn take_measures(&mut self) -> bool {
        let Some(measures) = &mut self.measures else { return false };
        if !measures.has_changed().unwrap_or(false) {
            return false;
        }
        self.observed.measures = measures.borrow_and_update().clone();
        true
    }

    /// Whether what can be downloaded has changed since it was asked last.
    fn has_new_downloads(&mut self) -> bool {
        let Some(downloads) = &mut self.downloads else { return false };
        let is_new = downloads.has_changed().unwrap_or(false);
        downloads.mark_unchanged();
        is_new
    }

    /// Paths of all mirrors that may be there, those included that only a backend knows.
    fn paths(&self) -> Vec<String> {
        let nothing_known = Observed::default();
        let now = (self.clock)();
        let stated = merge(&self.content, &self.backends.borrow(), &nothing_known, now);
        let described = self.content.mirrors.values().map(MirrorFacts::path);
        stated.into_iter().map(|m| m.path).chain(described).collect()
    }
}

/// Reads a content folder, and tries every guide that is not as `before`: a template that names
/// something undefined would only be noticed by a visitor.
fn read(folder: &Path, before: &Content, host: &str) -> io::Result<(Content, Vec<Problem>)> {
    let (content, mut problems) = Content::parse(source::from_folder(folder)?);
    for guide in content.guides.values() {
        let is_as_before = ["help.zh.md", "help.en.md", "mirror.toml"]
            .map(|name| format!("{}/{name}", guide.folder))
            .iter()
            .all(|file| content.files.get(file) == before.files.get(file));
        if !is_as_before {
            let path = content.path_of(guide);
            let place = Place { host, scheme: "https", path: &path };
            problems.append(&mut guide.check_states(&place).1);
        }
    }
    Ok((content, problems))
}

/// Tries every guide in all its states, and tells the operator what is broken: without that, a visitor would be the first
/// to notice. Takes a second or so, so it is done beside the first answers.
pub async fn try_guides(state: AppState) {
    let (content, host) = (Arc::clone(&state.snapshot().content), state.config().host().to_owned());
    let task = tokio::task::spawn_blocking(move || {
        let mut problems = Vec::new();
        for guide in content.guides.values() {
            let path = content.path_of(guide);
            let place = Place { host: &host, scheme: "https", path: &path };
            problems.append(&mut guide.check_states(&place).1);
        }
        problems
    });
    let broken = task.await.unwrap_or_default();
    for problem in &broken {
        tracing::warn!(%problem, "a guide cannot be shown in every state");
    }
    if !broken.is_empty() {
        let mut problems = state.problems();
        problems.extend(broken.iter().map(ToString::to_string));
        problems.sort();
        problems.dedup();
        state.set_problems(problems);
    }
}

/// Makes the search in prose on a thread of its own; until then the old one answers.
fn index_texts(state: &AppState) {
    let state = state.clone();
    tokio::task::spawn_blocking(move || state.index_texts());
}

/// Opens the index when a build has replaced it, or for the first time.
async fn open_index(state: &AppState, folder: &Path, seen: &mut Option<PathBuf>) {
    let current = index::current(folder).ok().flatten();
    if current.is_none() || current == *seen {
        return;
    }
    let path = folder.to_owned();
    match spawn_blocking(move || Index::open(&path)).await {
        Ok(Ok(index)) => {
            tracing::info!(paths = index.stats().paths, "file index opened");
            state.set_index(index);
        }
        Ok(Err(error)) => {
            tracing::error!(error = format!("{error:#}"), "the file index stays as it was");
        }
        Err(error) => tracing::error!(%error, "the file index stays as it was"),
    }
    *seen = current;
}

/// Which of the optional places of the navigation exist.
fn places(content: &Content) -> Places {
    let has_page = |name: &str| content.pages.keys().any(|(page, _)| page == name);
    Places { news: !content.news.is_empty(), about: has_page("about"), faq: has_page("faq") }
}

/// What the look under way has seen; never, when none is.
async fn looked(looking: &mut Option<JoinHandle<(Observed, Lacking)>>) -> (Observed, Lacking) {
    match looking {
        Some(task) => task.await.unwrap_or_default(),
        None => pending().await,
    }
}

/// One look at all trees: their own word, and what guides offer in vain.
fn look(
    prober: &Prober,
    content: &Content,
    paths: &[String],
    now: Timestamp,
) -> (Observed, Lacking) {
    (prober.observe(content, paths, now), lacking(prober.trees(), content))
}

/// Which values of options a guide offers although the tree, where there is one, has nothing for them.
pub fn lacking(trees: &Trees, content: &Content) -> Lacking {
    let is_folder = |path: &str| {
        RelPath::parse(path).is_ok_and(|path| matches!(trees.find(&path), Ok(Found::Folder { .. })))
    };
    let is_there = |path: &str| RelPath::parse(path).is_ok_and(|path| trees.find(&path).is_ok());
    let mut out = Lacking::new();
    for guide in content.guides.values() {
        let root = content.path_of(guide);
        for option in &guide.options {
            let Some(tree) = &option.tree else { continue };
            let tree = if tree.starts_with('/') { tree.clone() } else { format!("{root}/{tree}") };
            // Nothing is said of a tree that is not on this machine.
            let (above, _) = tree.split_once("{value}").unwrap_or((&tree, ""));
            if !is_folder(above.rsplit_once('/').map_or("", |(folder, _)| folder)) {
                continue;
            }
            let values = option.values().into_iter();
            let missing: Vec<String> = values
                .filter(|value| !is_there(&tree.replace("{value}", value)))
                .map(ToOwned::to_owned)
                .collect();
            if !missing.is_empty() {
                out.entry(guide.id.clone()).or_default().insert(option.id.clone(), missing);
            }
        }
    }
    out
}

/// Renders and compresses the front pages, which most visitors ask for first.
async fn warm(state: &AppState) {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;
    let router = router(state.clone());
    for path in ["/", "/en/"] {
        for coding in ["br", "gzip", "zstd"] {
            let request = Request::get(path).header("accept-encoding", coding);
            let request = request.extension(Own).body(Body::empty());
            if let Ok(request) = request {
                let _ = router.clone().oneshot(request).await;
            }
        }
    }
}

/// The newest modification below a folder and the number of entries; cheap enough for every second.
fn changed(folder: PathBuf) -> Option<(SystemTime, usize)> {
    let mut newest = SystemTime::UNIX_EPOCH;
    let mut count = 0;
    let mut todo = vec![folder];
    while let Some(folder) = todo.pop() {
        newest = newest.max(std::fs::metadata(&folder).ok()?.modified().ok()?);
        for entry in std::fs::read_dir(&folder).ok()?.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            count += 1;
            if metadata.is_dir() {
                todo.push(entry.path());
            } else if let Ok(modified) = metadata.modified() {
                newest = newest.max(modified);
            }
        }
    }
    Some((newest, count))
}
