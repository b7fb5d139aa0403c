//! The plain data that pages show; filled by the server, read by components.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::address;

/// The two languages of every page.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Simplified Chinese, the default, without a path prefix.
    #[default]
    Zh,
    /// English, under `/en`.
    En,
}

impl Lang {
    /// Both languages, default first.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// BCP 47 tag for `lang` and `hreflang`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The value in queries.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// What precedes every path of this language: empty or `/en`.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Zh => "",
            Self::En => "/en",
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    /// The text in one language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }

    /// The same text in both, for names that have no translation.
    pub fn same(text: &str) -> Self {
        Self { zh: text.to_owned(), en: text.to_owned() }
    }
}

/// Shelf of the list on which a mirror stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Operating systems and their package archives.
    System,
    /// Installer and cloud images.
    Image,
    /// Package registries of languages and of science.
    Language,
    /// Package archives of one application or platform.
    Application,
    /// Source code and everything else.
    #[default]
    Other,
}

impl Category {
    /// Every category in the order of the list page.
    pub const ALL: [Self; 5] =
        [Self::System, Self::Image, Self::Language, Self::Application, Self::Other];

    /// The value in URLs and in `mirror.toml`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Image => "image",
            Self::Language => "language",
            Self::Application => "application",
            Self::Other => "other",
        }
    }
}

/// What the backend says of the last run; never derived from content.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The last run ended well.
    Success,
    /// A run is under way.
    Syncing,
    /// A run is queued.
    Pending,
    /// The last run ended badly.
    Failed,
    /// Switched off by the operator.
    Paused,
    /// A reverse proxy with a cache: there are no runs.
    Cached,
    /// A reverse proxy without a cache.
    Proxied,
    /// The backend does not say, or says something unintelligible.
    #[default]
    Unknown,
}

impl State {
    /// Every state, in the order of filters.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Syncing,
        Self::Pending,
        Self::Failed,
        Self::Paused,
        Self::Cached,
        Self::Proxied,
        Self::Unknown,
    ];

    /// The value in URLs and in the API.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Syncing => "syncing",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Cached => "cached",
            Self::Proxied => "proxied",
            Self::Unknown => "unknown",
        }
    }
}

/// What was not quite right about a good run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// rsync's limit of deletions was reached: what is new has arrived, what is old is still there.
    MaxDelete,
}

/// How old the content itself is, measured against the expected interval.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// Within twice the expected interval.
    Fresh,
    /// Within a week more than that.
    Late,
    /// Older.
    Stale,
    /// Past a date after which clients refuse it (`Valid-Until`).
    Expired,
    /// Not measured.
    #[default]
    Unknown,
}

impl Freshness {
    /// Every verdict, best first.
    pub const ALL: [Self; 5] = [Self::Fresh, Self::Late, Self::Stale, Self::Expired, Self::Unknown];

    /// The value in URLs and in the API.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether the files of a tree fit together: indexes with what they name.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Consistency {
    /// Everything looked at fits.
    Sound,
    /// Something does not fit, and the tree is being changed: a sync is under way, or was cut short.
    HalfSynced,
    /// Something does not fit, twice in the same way.
    Broken,
    /// Not looked at, or nothing to look at.
    #[default]
    Unknown,
}

impl Consistency {
    /// The value in URLs and in the API.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::HalfSynced => "half-synced",
            Self::Broken => "broken",
            Self::Unknown => "unknown",
        }
    }
}

/// What does not fit in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The signature belongs to other bytes, or to no key of the key ring.
    BadSignature,
    /// Past `Valid-Until`: clients refuse the tree.
    Expired,
    /// The file that names all others is absent or unintelligible.
    BadRelease,
    /// An index that clients need is absent.
    MissingIndex,
    /// An index has another size than the release says.
    IndexSize,
    /// An index has another SHA-256 than the release says.
    IndexHash,
    /// A package that an index names is absent.
    MissingPackage,
    /// A package has another size than its index says.
    PackageSize,
    /// A package has another SHA-256 than its index says.
    PackageHash,
    /// A file is there, but not for the world, or it cannot be read.
    Unreadable,
}

impl FaultKind {
    /// Every kind, worst first.
    pub const ALL: [Self; 10] = [
        Self::BadSignature,
        Self::Expired,
        Self::BadRelease,
        Self::MissingIndex,
        Self::IndexSize,
        Self::IndexHash,
        Self::MissingPackage,
        Self::PackageSize,
        Self::PackageHash,
        Self::Unreadable,
    ];

    /// The value in the API.
    pub const fn id(self) -> &'static str {
        match self {
            Self::BadSignature => "bad-signature",
            Self::Expired => "expired",
            Self::BadRelease => "bad-release",
            Self::MissingIndex => "missing-index",
            Self::IndexSize => "index-size",
            Self::IndexHash => "index-hash",
            Self::MissingPackage => "missing-package",
            Self::PackageSize => "package-size",
            Self::PackageHash => "package-hash",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The file, relative to the mirror.
    pub path: String,
    /// Figures or a cause, in English, for the operator; may be empty.
    pub detail: String,
}

/// Whether signatures were looked at.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureCheck {
    /// Every release file is signed by a key of the key ring.
    Good,
    /// One is not.
    Bad,
    /// No key ring is configured, or it is not on this machine.
    #[default]
    Unchecked,
}

/// What a look at a tree found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Verdict.
    pub consistency: Consistency,
    /// When it was looked at.
    pub checked_at: Timestamp,
    /// What does not fit, worst first; the first few.
    pub faults: Vec<Fault>,
    /// How many faults there were, those not listed included.
    pub fault_count: usize,
    /// Release files (`InRelease`, `repomd.xml`) read.
    pub releases: usize,
    /// Indexes whose size was compared.
    pub indexes: usize,
    /// Indexes whose SHA-256 was compared as well.
    pub indexes_hashed: usize,
    /// Packages whose size was compared.
    pub packages: usize,
    /// Packages whose SHA-256 was compared as well.
    pub packages_hashed: usize,
    /// Signatures.
    pub signature: SignatureCheck,
}

/// One mirror as the list, its pages and the API show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Identifier, also the name of its content folder.
    pub id: String,
    /// Name that mirror sites have agreed on for `MirrorZ`; mostly the identifier.
    pub cname: String,
    /// Display name.
    pub name: Bilingual,
    /// One sentence; empty when no folder describes the mirror.
    pub description: Bilingual,
    /// Shelf.
    pub category: Category,
    /// Other spellings; they redirect and are found by search.
    pub aliases: Vec<String>,
    /// Words by which the list and the search find it.
    pub keywords: Vec<String>,
    /// Symbol of the sheet of icons.
    pub icon: Option<String>,
    /// Path of the tree below the host, with a leading and no trailing slash.
    pub path: String,
    /// Page of the upstream project that lists this site as an official mirror.
    pub official: Option<String>,
    /// Home page of the project.
    pub homepage: Option<String>,
    /// Where it is synchronised from, user names removed.
    pub upstream: Option<String>,
    /// State of the last run.
    pub state: State,
    /// What was not quite right about the last run, although it was good.
    pub warning: Option<Warning>,
    /// Start of the run under way, if one is and its start is known.
    pub started: Option<Timestamp>,
    /// End of the last good run.
    pub last_success: Option<Timestamp>,
    /// End of the last run, good or bad.
    pub last_attempt: Option<Timestamp>,
    /// Start of the next run.
    pub next: Option<Timestamp>,
    /// Size in bytes.
    pub size_bytes: Option<u64>,
    /// Expected time between two upstream changes that reach the mirror.
    pub interval: Option<SignedDuration>,
    /// What the tree says of its own age.
    pub content_time: Option<Timestamp>,
    /// Verdict on `content_time`.
    pub freshness: Freshness,
    /// What the upstream's own tree says of its age; absent when it is not asked or never answered.
    pub upstream_time: Option<Timestamp>,
    /// How far the content is behind the upstream's, in seconds; 0 when it is in step.
    pub lag_seconds: Option<u64>,
    /// Why the upstream could not be asked the last time.
    pub upstream_error: Option<String>,
    /// Whether the tree fits together; the verdict of `audit`.
    pub consistency: Consistency,
    /// The last look at the tree.
    pub audit: Option<Audit>,
    /// Whether a full guide exists (otherwise the page shows what is known).
    pub has_guide: bool,
    /// Whether its tree is on this machine, so that there is something to browse.
    pub has_tree: bool,
    /// When the backend's statement was recorded, if it is a recording and not live.
    pub recorded_at: Option<Timestamp>,
    /// Section of the page of downloads that has files of it.
    pub downloads: Option<String>,
}

/// A guide that belongs to no mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Name of its folder.
    pub id: String,
    /// Display name.
    pub name: Bilingual,
    /// One sentence.
    pub description: Bilingual,
    /// Symbol of the sheet of icons.
    pub icon: Option<String>,
}

impl Topic {
    /// The address of its page.
    pub fn page(&self, lang: Lang) -> String {
        format!("{}/docs/{}", lang.prefix(), address::path(self.id.as_bytes()))
    }
}

impl Mirror {
    /// A mirror of which nothing is known but its name and place.
    pub fn bare(id: &str, path: String) -> Self {
        Self {
            id: id.to_owned(),
            cname: id.to_owned(),
            name: Bilingual::same(id),
            description: Bilingual::default(),
            category: Category::default(),
            aliases: Vec::new(),
            keywords: Vec::new(),
            icon: None,
            path,
            official: None,
            homepage: None,
            upstream: None,
            state: State::default(),
            warning: None,
            started: None,
            last_success: None,
            last_attempt: None,
            next: None,
            size_bytes: None,
            interval: None,
            content_time: None,
            freshness: Freshness::default(),
            upstream_time: None,
            lag_seconds: None,
            upstream_error: None,
            consistency: Consistency::default(),
            audit: None,
            has_guide: false,
            has_tree: false,
            recorded_at: None,
            downloads: None,
        }
    }

    /// Where its name leads: to the files, or to its page when they are not on this machine.
    pub fn href(&self, lang: Lang) -> String {
        if self.has_tree { format!("{}{}/", lang.prefix(), self.path) } else { self.page(lang) }
    }

    /// The address of its page. Slashes of an id stay slashes (`/docs/git/lean4-packages/aesop`), and
    /// everything else that would end a path is escaped.
    pub fn page(&self, lang: Lang) -> String {
        format!("{}/docs/{}", lang.prefix(), address::path(self.id.as_bytes()))
    }

    /// The address of its state and its past.
    pub fn status_page(&self, lang: Lang) -> String {
        format!("{}/status/{}", lang.prefix(), address::path(self.id.as_bytes()))
    }

    /// The same for programs.
    pub fn history_api(&self) -> String {
        format!("/api/v1/mirrors/{}/history", address::segment(self.id.as_bytes()))
    }

    /// Everything by which the mirror is found, in small letters, the names in both languages.
    pub fn words(&self) -> String {
        let mut words = format!("{} {} {}", self.id, self.name.zh, self.name.en);
        let cname = (self.cname != self.id).then_some(&self.cname);
        for word in self.aliases.iter().chain(&self.keywords).chain(cname) {
            words.push(' ');
            words.push_str(word);
        }
        words.to_lowercase()
    }

    /// The moment against which ages of sync times are told: the recording's, or now.
    pub fn as_of(&self, now: Timestamp) -> Timestamp {
        self.recorded_at.unwrap_or(now)
    }
}

/// One backend as the status page and the API show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendReport {
    /// Kind as written in the configuration, `tunasync` and so on.
    pub kind: String,
    /// Address without user information.
    pub url: String,
    /// Whether the last poll brought an intelligible answer.
    pub ok: bool,
    /// When the answer in use was fetched.
    pub fetched_at: Option<Timestamp>,
    /// Why the last poll failed.
    pub error: Option<String>,
    /// Entries in use.
    pub entries: usize,
    /// Entries that could not be read.
    pub dropped: usize,
    /// Set when the answer is a recording.
    pub recorded_at: Option<Timestamp>,
    /// How long the last poll took, in milliseconds; absent before the first one.
    pub poll_ms: Option<u64>,
}
