//! Sync status of mirrors, read from whatever backend runs the syncs.
//!
//! One adapter, one file, one pure `parse`; fetching, storing and polling exist once for all. To
//! add a backend: write its file, add it to [`Backend`] and to the `match`es below.

pub mod backoff;
mod collect;
mod document;
pub mod fetch;
mod field;
mod lug;
pub mod merge;
mod mirrorgo;
mod mirrormanager;
mod mirrorz;
mod moment;
pub mod poll;
pub mod refresh;
mod size;
pub mod source;
pub mod store;
mod synccontroller;
mod trace;
mod tunasync;
mod upstream;
mod worker;
mod yuki;
mod zju;

use std::path::Path;

use app::model::{Bilingual, State, Warning};
use jiff::Timestamp;
use serde::Deserialize;

pub use document::ParseError;
pub use source::Source;
pub use trace::Trace;

/// One mirror as one backend states it.
///
/// Every time is optional and already free of sentinels: the Go zero time, 0, anything before this
/// century, and for what has happened anything later than the moment of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The backend's own identifier. It may contain spaces, CJK and inner slashes
    /// (`git/lean4-packages/aesop`), never control characters, a leading slash or a `..`.
    pub id: String,
    /// Path below this host as the backend writes it, percent-encoding included: a leading and no
    /// trailing slash. None when the backend does not say or names another host.
    pub path: Option<String>,
    /// Display name. The language that is missing is filled from the other.
    pub name: Option<Bilingual>,
    /// State of the last run.
    pub state: State,
    /// What was not quite right about the last run, although it was good.
    pub warning: Option<Warning>,
    /// End of the last good run.
    pub last_success: Option<Timestamp>,
    /// End of the last run, good or bad; its start where the backend tells only starts.
    pub last_attempt: Option<Timestamp>,
    /// Start of the run under way, where the state is [`State::Syncing`] and the backend tells it.
    pub started: Option<Timestamp>,
    /// Start of the next run. It may lie in the past when the backend is late.
    pub next: Option<Timestamp>,
    /// Size in bytes, never 0. See `size.rs` for how texts are read.
    pub size_bytes: Option<u64>,
    /// Where it is synchronised from, any text, user information removed. Not necessarily a URL and
    /// not to be trusted as a link.
    pub upstream: Option<String>,
    /// One sentence. The language that is missing is filled from the other.
    pub description: Option<Bilingual>,
    /// The backend wants it hidden.
    pub disabled: bool,
}

impl Entry {
    /// Takes over what another statement about the same tree says of lasting facts. What a run was
    /// like is no such fact: times and states of two statements do not fit together.
    pub(crate) fn fill_gaps(&mut self, other: &Self) {
        fn fill<T: Clone>(gap: &mut Option<T>, other: Option<&T>) {
            *gap = gap.take().or_else(|| other.cloned());
        }
        fill(&mut self.path, other.path.as_ref());
        fill(&mut self.name, other.name.as_ref());
        fill(&mut self.size_bytes, other.size_bytes.as_ref());
        fill(&mut self.upstream, other.upstream.as_ref());
        fill(&mut self.description, other.description.as_ref());
    }

    /// Takes over what another statement says of runs, as a whole.
    pub(crate) fn take_run(&mut self, other: &Self) {
        self.state = other.state;
        self.warning = other.warning;
        self.last_success = other.last_success;
        self.last_attempt = other.last_attempt;
        self.started = other.started;
        self.next = other.next;
    }

    /// Whether it says anything at all about runs.
    pub(crate) fn tells_of_runs(&self) -> bool {
        self.state != State::Unknown || self.last_success.is_some() || self.last_attempt.is_some()
    }
}

/// A whole answer of a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// What could be read, in the backend's order; ids are unique.
    pub entries: Vec<Entry>,
    /// What could not.
    pub dropped: Vec<Dropped>,
}

/// One entry of an answer that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Position in the answer, from 0.
    pub index: usize,
    /// Identifier, if it had one.
    pub id: Option<String>,
    /// Why, without names or values, so that equal reasons compare equal.
    pub reason: String,
}

/// One `[[backend]]` of the configuration, tagged by its kind: `tunasync.url =
/// "http://127.0.0.1:12345/jobs"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Manager of tuna/tunasync, `GET /jobs` or `static/tunasync.json`.
    Tunasync(Source),
    /// ZJUSCT/MirrorManager, `GET /mirrors`.
    Mirrormanager(Source),
    /// ZJU `MirrorGo`, `GET /api/v2/mirrorgo.json`.
    Mirrorgo(Source),
    /// Any `MirrorZ` feed, with or without extension D.
    Mirrorz(Source),
    /// sjtug/lug, `GET /lug/v1/manager/summary`.
    Lug(Source),
    /// ustclug/Yuki, `GET /api/v1/metas`.
    Yuki(Source),
    /// PKUOSC/SyncController, `GET /status`.
    Synccontroller(Source),
    /// None: traces and locks in the trees.
    Trace(Trace),
}

impl Backend {
    /// The kind as written in the configuration.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tunasync(_) => "tunasync",
            Self::Mirrormanager(_) => "mirrormanager",
            Self::Mirrorgo(_) => "mirrorgo",
            Self::Mirrorz(_) => "mirrorz",
            Self::Lug(_) => "lug",
            Self::Yuki(_) => "yuki",
            Self::Synccontroller(_) => "synccontroller",
            Self::Trace(_) => "trace",
        }
    }

    /// Where and how often to read it.
    pub const fn source(&self) -> &Source {
        match self {
            Self::Tunasync(source)
            | Self::Mirrormanager(source)
            | Self::Mirrorgo(source)
            | Self::Mirrorz(source)
            | Self::Lug(source)
            | Self::Yuki(source)
            | Self::Synccontroller(source) => source,
            Self::Trace(trace) => &trace.source,
        }
    }

    /// Fills in what is configured elsewhere: `trace` looks at the trees of the site, below `root`,
    /// for the name of its host.
    pub fn settle(&mut self, root: &Path, host: &str) {
        if let Self::Trace(trace) = self {
            trace.settle(root, host);
        }
    }

    /// Reads one answer. `now` is the moment of fetching: what claims to have happened later is not
    /// believed.
    ///
    /// # Errors
    /// Only when the document as a whole is unintelligible; a bad entry ends up in
    /// [`Parsed::dropped`].
    pub fn parse(&self, bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
        match self {
            Self::Tunasync(_) => tunasync::parse(bytes, now),
            Self::Mirrormanager(_) => mirrormanager::parse(bytes, now),
            Self::Mirrorgo(_) => mirrorgo::parse(bytes, now),
            Self::Mirrorz(_) => mirrorz::parse(bytes, now),
            Self::Lug(_) => lug::parse(bytes, now),
            Self::Yuki(_) => yuki::parse(bytes, now),
            Self::Synccontroller(_) => synccontroller::parse(bytes, now),
            Self::Trace(_) => trace::parse(bytes, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Site {
        backend: Vec<Backend>,
    }

    #[test]
    fn kind_is_the_key_of_the_table() {
        for kind in
            ["tunasync", "mirrormanager", "mirrorgo", "mirrorz", "lug", "yuki", "synccontroller"]
        {
            let text = format!("[[backend]]\n{kind}.url = \"http://backend.example/x\"\n");
            let site: Site = toml::from_str(&text).unwrap();
            assert_eq!(site.backend[0].kind(), kind);
            assert_eq!(site.backend[0].source().url, "http://backend.example/x");
        }
    }

    #[test]
    fn trace_needs_nothing_and_looks_where_the_trees_are() {
        let site: Site = toml::from_str(
            "[[backend]]\ntrace = {}\n[[backend]]\ntrace = { url = \"file:///srv/a\", host = \"b.example\" }\n",
        )
        .unwrap();
        let settled: Vec<_> = site
            .backend
            .into_iter()
            .map(|mut backend| {
                backend.settle(Path::new("/srv/mirrors"), "mirror.example");
                let Backend::Trace(trace) = backend else { panic!("another kind") };
                (trace.source.url, trace.host.unwrap())
            })
            .collect();
        let expected = [("file:///srv/mirrors", "mirror.example"), ("file:///srv/a", "b.example")];
        assert_eq!(settled, expected.map(|(url, host)| (url.to_owned(), host.to_owned())));
        let error = toml::from_str::<Site>("[[backend]]\ntrace.url = \"http://a.example/\"\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("file:///path"), "{error}");
    }

    #[test]
    fn unknown_kind_is_reported_at_its_own_line() {
        let text = "[[backend]]\ntunasync.url = \"http://a.example/\"\n[[backend]]\ntunasink.url = \"http://b.example/\"\n";
        let error = toml::from_str::<Site>(text).unwrap_err().to_string();
        assert!(
            error.contains("line 4")
                && error.contains("tunasink")
                && error.contains("mirrormanager"),
            "{error}"
        );
    }
}
