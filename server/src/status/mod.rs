//! Sync status of mirrors, read from whatever backend runs the syncs.
//!
//! One adapter, one file, one pure `parse`; fetching, storing and polling exist once for all. To
//! add a backend: write its file, add it to [`Backend`] and to the three `match`es below.

mod backoff;
mod collect;
mod document;
pub mod fetch;
mod field;
pub mod merge;
mod mirrorgo;
mod mirrormanager;
mod mirrorz;
mod moment;
pub mod poll;
mod size;
pub mod source;
pub mod store;
mod tunasync;
mod upstream;
mod worker;

use app::model::{Bilingual, State};
use jiff::Timestamp;
use serde::Deserialize;

pub use document::ParseError;
pub use source::Source;

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
    /// End of the last good run.
    pub last_success: Option<Timestamp>,
    /// End of the last run, good or bad; its start where the backend tells only starts.
    pub last_attempt: Option<Timestamp>,
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
}

impl Backend {
    /// The kind as written in the configuration.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tunasync(_) => "tunasync",
            Self::Mirrormanager(_) => "mirrormanager",
            Self::Mirrorgo(_) => "mirrorgo",
            Self::Mirrorz(_) => "mirrorz",
        }
    }

    /// Where and how often to read it.
    pub const fn source(&self) -> &Source {
        match self {
            Self::Tunasync(source)
            | Self::Mirrormanager(source)
            | Self::Mirrorgo(source)
            | Self::Mirrorz(source) => source,
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
        for kind in ["tunasync", "mirrormanager", "mirrorgo", "mirrorz"] {
            let text = format!("[[backend]]\n{kind}.url = \"http://backend.example/x\"\n");
            let site: Site = toml::from_str(&text).unwrap();
            assert_eq!(site.backend[0].kind(), kind);
            assert_eq!(site.backend[0].source().url, "http://backend.example/x");
        }
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
