//! A whole site in a temporary folder, and what visitors do with it.

use std::{
    fmt::Write as _,
    fs, io,
    net::SocketAddr,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use app::{
    Chrome,
    model::{BackendReport, Mirror, State},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode},
};
use jiff::Timestamp;
use serde_json::Value;
use server::{
    assets::Assets,
    config::Config,
    content::{Content, source::Files},
    demo,
    download::{self, Downloads},
    files::Trees,
    history::Recorder,
    index::{self, Index},
    probe::{self, Measures},
    publish::Publisher,
    router::router,
    serve,
    snapshot::{AppState, Snapshot},
    status::{
        Entry,
        poll::{BackendState, Clock, Poller},
    },
};
use tempfile::TempDir;
use tokio::sync::{OnceCell, watch};
use tower::ServiceExt as _;

use crate::html::Html;

/// The moment at which tests take place.
pub fn now() -> Timestamp {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

const SITE: &str = r#"
[site]
base_url = "https://mirror.example"
name = { zh = "示例大学镜像站", en = "Example University Mirror" }
short = { zh = "示例镜像", en = "Example Mirror" }
description = { zh = "示例。", en = "An example." }
email = "mirror@example.edu"
issues = "https://issues.example/"
favourites = ["debian", "pypi"]
time_zone = "Asia/Shanghai"
"#;

const RECORDED: &str = r#"
[[backend]]
mirrorz.url = "content:///recorded/zju-2026-07-05.json"
mirrorz.recorded_at = "2026-07-05T14:46:00Z"
"#;

/// A site that answers requests.
pub struct TestSite {
    router: Router,
    state: AppState,
    publisher: Option<(Publisher, watch::Sender<Measures>, watch::Sender<Arc<Downloads>>)>,
    clock: Clock,
    /// Kept so that the channel of backend states stays open.
    _sources: Sources,
    _folder: TempDir,
}

/// Where states of backends come from.
enum Sources {
    Asked { poller: Poller },
    Told { _sender: watch::Sender<Vec<BackendState>> },
}

/// A site to be made. By default it is what the program shows without a configuration, under
/// another name: embedded content, recorded feed, demo tree, file index.
pub struct Builder {
    folder: TempDir,
    base_url: &'static str,
    config: String,
    files: Option<Files>,
    is_library: bool,
    is_indexed: bool,
    backends: String,
    told: Option<Vec<BackendState>>,
    state: Option<PathBuf>,
    tree: Tree,
    wait: fn(&[BackendState]) -> bool,
    clock: Clock,
}

enum Tree {
    Demo,
    Made,
}

impl TestSite {
    /// The default site, shared by all tests that only read.
    ///
    /// It lives as long as the process, and nothing runs when a process of tests ends: the folder is
    /// left below `target/tmp`, and removed by the next run.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<TestSite> = OnceCell::const_new();
        SHARED
            .get_or_init(async || {
                let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
                remove_leftovers(parent);
                let mut builder = Self::builder();
                let name = format!("site-{}", std::process::id());
                builder.folder = tempfile::Builder::new()
                    .prefix(&name)
                    .rand_bytes(0)
                    .tempdir_in(parent)
                    .unwrap();
                builder.start().await
            })
            .await
    }

    pub fn builder() -> Builder {
        Builder {
            folder: tempfile::tempdir().unwrap(),
            base_url: "https://mirror.example",
            config: String::new(),
            files: None,
            is_library: false,
            is_indexed: true,
            backends: RECORDED.to_owned(),
            told: None,
            state: None,
            tree: Tree::Demo,
            wait: |_| true,
            clock: now,
        }
    }

    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Looks at the site as it is now, as the one task that writes history does.
    pub fn record(&self, recorder: &mut Recorder) {
        if let Some(history) = recorder.record(&self.state.snapshot()) {
            self.state.set_history(history);
        }
    }

    /// Lets time pass and a backend speak: the snapshot that would be published then.
    pub fn publish(&self, now: Timestamp, change: impl FnOnce(&mut Vec<Mirror>)) {
        let old = self.state.snapshot();
        let mut mirrors = old.mirrors.clone();
        change(&mut mirrors);
        let chrome = Chrome { generated_at: now, ..old.chrome.clone() };
        let content = Arc::clone(&old.content);
        self.state.publish(Snapshot::new(chrome, mirrors, content, old.backends.clone()));
    }

    /// The same mirrors, another word of their backends.
    pub fn publish_backends(&self, now: Timestamp, change: impl Fn(&mut BackendReport)) {
        let old = self.state.snapshot();
        let mut backends = old.backends.clone();
        backends.iter_mut().for_each(change);
        let chrome = Chrome { generated_at: now, ..old.chrome.clone() };
        let content = Arc::clone(&old.content);
        self.state.publish(Snapshot::new(chrome, old.mirrors.clone(), content, backends));
    }

    /// Lets the site follow its backends and its content folder, as `mingjing serve` does.
    pub fn run(&mut self) {
        let (publisher, measures, find) = self.publisher.take().expect("a site runs once");
        download::watch::start(&self.state, find);
        let watch = probe::watch::start(&self.state, measures, self.clock);
        let state = self.state.clone();
        tokio::spawn(async move {
            publisher.run(state).await;
            drop(watch);
        });
        tokio::spawn(server::history::run(self.state.clone()));
        server::alert::start(&self.state, self.clock);
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    /// Asks as a browser does.
    pub async fn visit(&self, path: &str) -> Answer {
        self.get_with(path, &[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(&Method::GET, path, headers).await
    }

    /// Asks from an address, as if over a socket.
    pub async fn get_from(&self, peer: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = request(&Method::GET, path, headers);
        let peer = SocketAddr::new(peer.parse().unwrap(), 50_000);
        request.extensions_mut().insert(ConnectInfo(peer));
        self.send(request).await
    }

    pub async fn ask(&self, method: &Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(request(method, path, headers)).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let path = request.uri().to_string();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        Answer { path, status: parts.status, headers: parts.headers, body }
    }
}

fn request(method: &Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap_or_else(|e| panic!("{path}: {e}"))
}

impl Builder {
    /// More lines of `site.toml`, within `[site]` at first.
    pub fn config(mut self, lines: &str) -> Self {
        self.config.push_str(lines);
        self
    }

    pub fn base_url(mut self, base_url: &'static str) -> Self {
        self.base_url = base_url;
        self
    }

    /// Content instead of the embedded one.
    pub fn content(mut self, files: &[(&str, &str)]) -> Self {
        let own =
            |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec().into());
        self.files = Some(files.iter().map(own).collect());
        self.backends.clear();
        self
    }

    /// The embedded content as a site of another name has it: descriptions and guides alone.
    pub fn library(mut self) -> Self {
        self.is_library = true;
        self
    }

    /// Content in a folder on disk, which the site follows when it runs.
    pub fn content_folder(mut self, folder: &Path) -> Self {
        let _ = writeln!(self.config, "[server]\ncontent = {:?}", folder.display().to_string());
        self.backends.clear();
        self
    }

    /// `[[backend]]` sections instead of the recorded feed.
    pub fn backends(mut self, lines: &str, wait: fn(&[BackendState]) -> bool) -> Self {
        lines.clone_into(&mut self.backends);
        self.wait = wait;
        self
    }

    /// One backend that says this.
    pub fn entries(mut self, entries: Vec<Entry>) -> Self {
        let report = BackendReport {
            kind: "tunasync".to_owned(),
            url: "http://backend.example/jobs".to_owned(),
            ok: true,
            fetched_at: Some(now()),
            error: None,
            entries: entries.len(),
            dropped: 0,
            recorded_at: None,
            poll_ms: Some(250),
        };
        self.told = Some(vec![BackendState { report, entries: entries.into() }]);
        self.backends.clear();
        self
    }

    /// A state folder that outlives the site.
    pub fn state_folder(mut self, folder: &Path) -> Self {
        self.state = Some(folder.to_owned());
        self
    }

    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A tree of the test's own instead of the demo, without a file index.
    pub fn tree(mut self, make: impl FnOnce(&Path)) -> Self {
        let root = self.root();
        folder(&root);
        make(&root);
        self.tree = Tree::Made;
        self.is_indexed = false;
        self
    }

    /// With a file index of the test's own tree.
    pub fn indexed(mut self) -> Self {
        self.is_indexed = true;
        self
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("mirrors")
    }

    pub async fn start(self) -> TestSite {
        let site = SITE.replace("https://mirror.example", self.base_url);
        let text = format!("{site}{}{}", self.config, self.backends);
        let mut config = Config::parse(&text).unwrap();
        config.server.state = self.state.clone().unwrap_or_else(|| self.folder.path().join("var"));
        config.files.root = Some(self.root());
        config.is_embedded = !self.is_library;
        let (content, problems) = match &self.files {
            Some(files) => Content::parse(files.clone()),
            None => serve::load(&config).unwrap(),
        };
        if let Tree::Demo = self.tree {
            demo::make(&self.root(), "http://mirror.example", now()).unwrap();
        }
        let (sources, states) = match self.told.clone() {
            Some(states) => {
                let (sender, receiver) = watch::channel(states);
                (Sources::Told { _sender: sender }, receiver)
            }
            None => self.ask_backends(&config, &content).await,
        };
        let trees = Trees::new(self.root());
        let (sender, measures) = watch::channel(Measures::default());
        let mut found = download::watch::survey(&content, &trees);
        if let Tree::Demo = self.tree {
            found.silent.clear(); // as a site does with the demo
        }
        let (find, downloads) = watch::channel(Arc::new(found));
        let publisher = Publisher::new(config.clone(), trees.clone(), content, states, self.clock)
            .with_measures(measures)
            .with_downloads(downloads);
        let state = AppState::new(config, trees, Assets::load(), publisher.snapshot());
        state.index_texts();
        state.set_problems(problems.iter().map(ToString::to_string).collect());
        if let Sources::Asked { poller } = &sources {
            serve::allow_refresh(&state, poller).unwrap();
        }
        if self.is_indexed {
            state.set_index(make_index(state.config(), &state.snapshot().content));
        }
        TestSite {
            router: router(state.clone()),
            state,
            publisher: Some((publisher, sender, find)),
            clock: self.clock,
            _sources: sources,
            _folder: self.folder,
        }
    }

    async fn ask_backends(
        &self,
        config: &Config,
        content: &Content,
    ) -> (Sources, watch::Receiver<Vec<BackendState>>) {
        let files = content.files.clone();
        let resolve = Arc::new(move |path: &str| {
            files.get(path).map(|b| b.to_vec()).ok_or(io::ErrorKind::NotFound.into())
        });
        let poller =
            Poller::start(config.backends(), Some(&config.server.state), resolve, self.clock).await;
        let mut states = poller.states();
        let wait = self.wait;
        let found = states.wait_for(|states| wait(states));
        let limit = std::time::Duration::from_secs(20);
        drop(tokio::time::timeout(limit, found).await.expect("backends in time").unwrap());
        (Sources::Asked { poller }, states)
    }
}

/// Indexes the trees of a site, as `mingjing index build` does.
pub fn make_index(config: &Config, content: &Content) -> Index {
    let (folder, root) = (config.index_folder(), config.root());
    let mirrors = serve::indexed_mirrors(content, &root).unwrap();
    let records = index::walk(&root, &mirrors).map(Ok);
    index::build(&folder, &mirrors, records, now().as_second(), &mut |_| {}).unwrap();
    Index::open(&folder).unwrap()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub path: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The value of a header, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        let shown = String::from_utf8_lossy(&self.body);
        let shown: String = shown.chars().take(2000).collect();
        assert_eq!(self.status.as_u16(), status, "{}: {shown}", self.path);
        self
    }

    #[track_caller]
    pub fn html(&self) -> Html {
        assert!(self.header("content-type").starts_with("text/html"), "{}", self.path);
        Html::new(self.text())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        self.json_as("application/json")
    }

    /// An error as programs read it (RFC 9457).
    #[track_caller]
    pub fn problem(&self) -> Value {
        let problem = self.json_as("application/problem+json");
        assert_eq!(problem["status"], self.status.as_u16(), "{problem}");
        problem
    }

    #[track_caller]
    fn json_as(&self, media: &str) -> Value {
        assert_eq!(self.header("content-type"), media, "{}", self.path);
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{}: {e}", self.path))
    }
}

/// Removes the shared sites of processes that are gone.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).unwrap().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix("site-"));
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Writes a file that the world may read.
pub fn file(path: &Path, content: impl AsRef<[u8]>) {
    folder(path.parent().unwrap());
    fs::write(path, content).unwrap();
    chmod(path, 0o644);
}

/// Makes a folder, with its parents, that the world may read.
pub fn folder(path: &Path) {
    if !path.is_dir() {
        folder(path.parent().unwrap());
        fs::create_dir(path).unwrap();
        chmod(path, 0o755);
    }
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A name of any bytes.
pub fn raw(name: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(name))
}

/// A tree with everything that has ever broken a listing, below `odd/`.
pub fn odd_tree(root: &Path) {
    let odd = root.join("odd");
    for name in ODD_NAMES {
        file(&odd.join(raw(name)), name);
    }
    for (name, size) in [("v2.iso", 30), ("v10.iso", 20), ("V1.iso", 10)] {
        file(&odd.join("versions").join(name), vec![b'.'; size]);
    }
    file(&odd.join("versions/a folder/inner.txt"), "inner");
    file(&odd.join("digits"), "0123456789");
    file(&odd.join("readme/README.md"), README);
    file(&odd.join("secret.txt"), "secret");
    chmod(&odd.join("secret.txt"), 0o640);
    file(&odd.join("closed/inside.txt"), "inside");
    chmod(&odd.join("closed"), 0o750);
    file(&root.with_file_name("outside.txt"), "outside");
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, odd.join(name)).unwrap();
    link("../../outside.txt", "leads-outside");
    link("digits", "leads-inside");
    link("nowhere", "dangling");
    link("loop", "loop");
    folder(&odd.join("empty"));
}

pub const ODD_NAMES: [&[u8]; 9] = [
    "😀.bin".as_bytes(),
    b"100% #1?.txt",
    b"quote\"'&amp;.txt",
    b"<script>alert(1)<",
    b"new\nline.txt",
    b"\xff\xfe.bin",
    b"a:b.txt",
    b"back\\slash",
    b" blank ",
];

const README: &str = "# Title\n\n<script>alert(1)</script>\n<img src=x onerror=alert(1)>\n\n\
    [bad](javascript:alert(1)) [good](../digits) ![picture](http://elsewhere.example/x.png)\n";

/// A small site of its own: three mirrors in three states.
pub const FEW: [(&str, &str); 8] = [
    ("mirrors/alpha/mirror.toml", ALPHA),
    ("mirrors/beta/mirror.toml", BETA),
    ("mirrors/gamma/mirror.toml", GAMMA),
    ("pages/about.zh.md", "+++\ntitle = \"关于\"\n+++\n正文。\n"),
    ("pages/about.en.md", "+++\ntitle = \"About\"\n+++\nText.\n"),
    ("pages/faq.zh.md", "+++\ntitle = \"常见问题\"\n+++\n正文。\n"),
    ("pages/faq.en.md", "+++\ntitle = \"FAQ\"\n+++\nText.\n"),
    (
        "mirrors/gamma/help.zh.md",
        "+++\ntitle = \"丙的帮助\"\n+++\n\n```sh id=go run=root\n{{ sudo }}go {{ base }}{{ path }}\n```\n",
    ),
];

pub const GAMMA_EN: (&str, &str) =
    ("mirrors/gamma/help.en.md", "+++\ntitle = \"Help for gamma\"\n+++\n\n```use id=go\n```\n");

const ALPHA: &str = r#"name = { zh = "甲", en = "Alpha" }
description = { zh = "第一个镜像。", en = "The first mirror." }
category = "system"
aliases = ["Alfa", "甲镜像"]
official = "https://alpha.example/mirrors"
upstream = "rsync://alpha.example/"
"#;
const BETA: &str = r#"name = { zh = "乙", en = "Beta" }
description = { zh = "第二个镜像。", en = "The second mirror." }
category = "language"
keywords = ["yi"]
"#;
const GAMMA: &str = r#"name = { zh = "丙", en = "Gamma" }
description = { zh = "第三个镜像。", en = "The third mirror." }
category = "system"
path = "/deep/gamma"
"#;

/// What backends say of the few: hours before now of the last success and the last attempt.
pub fn few_entries() -> Vec<Entry> {
    let ago = |hours: i64| Some(now() - jiff::SignedDuration::from_hours(hours));
    let entry = |id: &str, state, success, attempt, size| Entry {
        id: id.to_owned(),
        state,
        last_success: success,
        last_attempt: attempt,
        next: ago(-6),
        size_bytes: size,
        ..Entry::default()
    };
    vec![
        entry("alpha", State::Success, ago(2), ago(2), Some(3 << 40)),
        entry("beta", State::Failed, ago(72), ago(1), Some(5 << 30)),
        entry("delta/child", State::Syncing, ago(30), ago(0), None),
    ]
}

/// The site of the few.
pub fn few() -> Builder {
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN]).collect();
    TestSite::builder().content(&files).entries(few_entries()).tree(|root| {
        file(&root.join("alpha/README"), "Read me.\n");
        file(&root.join("alpha/pool/a-1.0.iso"), "iso");
        file(&root.join("deep/gamma/lastsync"), "1\n");
    })
}
