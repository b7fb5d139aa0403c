//! What is counted of requests and bandwidth, summed up.

use std::{collections::BTreeMap, ops::AddAssign};

use jiff::{Timestamp, civil::Date};

use crate::model::Lang;

/// Days that charts show, today included.
pub const WINDOW: i32 = 90;
/// Days that tables by mirror, client and network sum up, today included.
pub const RECENT: i32 = 30;

/// What kind of program asks, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Agent {
    /// apt and its relatives.
    Apt,
    /// dnf, yum and `PackageKit`.
    Dnf,
    /// zypper.
    Zypper,
    /// pacman.
    Pacman,
    /// apk.
    Apk,
    /// Portage.
    Portage,
    /// pip, uv, Poetry, PDM.
    Pip,
    /// conda, mamba, pixi.
    Conda,
    /// cargo, rustup.
    Cargo,
    /// npm, pnpm, Yarn, Bun.
    Npm,
    /// Maven, Gradle, Ivy.
    Java,
    /// The go command.
    Go,
    /// R.
    R,
    /// Docker, containerd, Podman.
    Container,
    /// Git.
    Git,
    /// Homebrew.
    Homebrew,
    /// curl, wget, aria2 and the like.
    Tool,
    /// Browsers.
    Browser,
    /// Crawlers and monitors.
    Bot,
    /// Everything else.
    Other,
}

impl Agent {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Apt,
        Self::Dnf,
        Self::Zypper,
        Self::Pacman,
        Self::Apk,
        Self::Portage,
        Self::Pip,
        Self::Conda,
        Self::Cargo,
        Self::Npm,
        Self::Java,
        Self::Go,
        Self::R,
        Self::Container,
        Self::Git,
        Self::Homebrew,
        Self::Tool,
        Self::Browser,
        Self::Bot,
        Self::Other,
    ];

    /// The value in files and in the API.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Dnf => "dnf",
            Self::Zypper => "zypper",
            Self::Pacman => "pacman",
            Self::Apk => "apk",
            Self::Portage => "portage",
            Self::Pip => "pip",
            Self::Conda => "conda",
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Java => "maven",
            Self::Go => "go",
            Self::R => "r",
            Self::Container => "container",
            Self::Git => "git",
            Self::Homebrew => "homebrew",
            Self::Tool => "download-tool",
            Self::Browser => "browser",
            Self::Bot => "bot",
            Self::Other => "other",
        }
    }

    /// As people call it.
    pub fn word(self, lang: Lang) -> &'static str {
        let t = lang.texts();
        match self {
            Self::Dnf => "dnf, yum",
            Self::Pip => "pip, uv, Poetry, PDM",
            Self::Conda => "conda, mamba",
            Self::Cargo => "cargo, rustup",
            Self::Npm => "npm, pnpm, Yarn, Bun",
            Self::Java => "Maven, Gradle",
            Self::Portage => "Portage",
            Self::Go => "Go",
            Self::R => "R",
            Self::Container => "Docker, Podman",
            Self::Git => "Git",
            Self::Homebrew => "Homebrew",
            Self::Tool => "curl, wget, aria2",
            Self::Browser => t.agent_browser,
            Self::Bot => t.agent_bot,
            Self::Other => t.agent_other,
            Self::Apt | Self::Zypper | Self::Pacman | Self::Apk => self.id(),
        }
    }
}

/// Why a line of a log was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejected {
    /// No line of a format that is known.
    Malformed,
    /// Longer than any real one.
    TooLong,
    /// From a time that has not come.
    Future,
    /// From before anything is kept.
    Old,
}

impl Rejected {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Malformed, Self::TooLong, Self::Future, Self::Old];

    /// The value in files.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLong => "too-long",
            Self::Future => "future",
            Self::Old => "old",
        }
    }
}

/// Requests and what was sent in answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests; each range of a download in parts is one.
    pub requests: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Requests for a part of a file, or broken off by the client.
    pub partial: u64,
    /// Requests that were refused or failed.
    pub errors: u64,
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.partial = self.partial.saturating_add(other.partial);
        self.errors = self.errors.saturating_add(other.errors);
    }
}

/// By which name, family and from where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    /// Name of the site that was asked for; empty when the log does not tell, or it is none of ours.
    pub host: String,
    /// Whether it came by IPv6.
    pub is_ipv6: bool,
    /// Whether it came from the campus; nothing where no networks are configured.
    pub is_on_campus: Option<bool>,
}

/// What tells how many bytes have gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gauge {
    /// An interface of this machine, by name.
    Interface(String),
    /// Counters that a Prometheus server has.
    Prometheus,
}

impl Gauge {
    /// Its name where figures are kept. No interface has a colon.
    pub fn key(&self) -> &str {
        match self {
            Self::Interface(name) => name,
            Self::Prometheus => "prometheus:",
        }
    }
}

/// What an interface carried in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub start: Timestamp,
    /// Seconds of it that were measured.
    pub seconds: u64,
    /// Bytes received.
    pub received: u64,
    /// Bytes sent.
    pub sent: u64,
    /// The most bytes a second that were sent in one of its minutes.
    pub peak: u64,
}

impl Hour {
    /// Mean of the bytes sent in a second.
    pub fn rate(&self) -> u64 {
        self.sent / self.seconds.max(1)
    }
}

/// The sum of all that was counted; empty where nothing is.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Whether requests are counted at all.
    pub has_traffic: bool,
    /// Days with a request, in the zone of the site, those of the window.
    pub days: BTreeMap<Date, Traffic>,
    /// By mirror, most bytes first; nothing stands for the site's own pages and for paths of no mirror.
    pub mirrors: Vec<(Option<String>, Traffic)>,
    /// By client, most bytes first.
    pub agents: Vec<(Agent, Traffic)>,
    /// By network, most bytes first.
    pub networks: Vec<(Network, Traffic)>,
    /// Time of the newest line that was counted.
    pub newest: Option<Timestamp>,
    /// Lines that were counted, ever.
    pub lines: u64,
    /// Lines that were not, ever.
    pub rejected: BTreeMap<Rejected, u64>,
    /// What tells the bandwidth, where it is measured.
    pub gauge: Option<Gauge>,
    /// Its last seven days, by hour.
    pub hours: Vec<Hour>,
    /// Differs between any two sums of one process.
    pub version: u64,
}

impl Stats {
    /// The days of the window that ends on `today`, oldest first; those without a request included.
    pub fn window(&self, today: Date) -> Vec<(Date, Option<&Traffic>)> {
        crate::history::days_until(today, WINDOW).map(|date| (date, self.days.get(&date))).collect()
    }
}
