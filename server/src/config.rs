//! The one configuration file, `site.toml`.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use app::{Site, model::Bilingual, shell::HostName};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::{
    alert,
    content::{self, mirror::MirrorFacts},
    demo,
    history::HistorySection,
    mirrorz::MirrorzSection,
    network::{self, NetworkSection},
    stats::StatsSection,
    status,
};

/// Everything `site.toml` may say; unknown keys are errors that name line and key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What names the site.
    pub site: SiteSection,
    /// How it is served.
    #[serde(default)]
    pub server: ServerSection,
    /// Where the mirrored trees are.
    #[serde(default)]
    pub files: FilesSection,
    /// What the `MirrorZ` network is told beyond that.
    #[serde(default)]
    pub mirrorz: MirrorzSection,
    /// By which names and from where the site is reached.
    #[serde(default)]
    pub network: NetworkSection,
    /// How trees are measured.
    #[serde(default)]
    pub freshness: FreshnessSection,
    /// How often visitors may search.
    #[serde(default)]
    pub search: SearchSection,
    /// Who knows the state of the mirrors.
    #[serde(default, rename = "backend")]
    pub backends: Vec<status::Backend>,
    /// How much of the past is kept.
    #[serde(default)]
    pub history: HistorySection,
    /// What is counted of requests and bandwidth.
    #[serde(default)]
    pub stats: StatsSection,
    /// Who is told when something goes wrong.
    #[serde(default, rename = "alert")]
    pub alerts: Vec<alert::Rule>,
    /// Whether this is the embedded default, whose site is the one that the embedded content is of.
    #[serde(skip)]
    pub is_embedded: bool,
}

/// `[site]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSection {
    /// Scheme and host by which visitors reach the site, without a trailing slash.
    pub base_url: String,
    /// Full name.
    pub name: Bilingual,
    /// Short name for the header; the full one when absent.
    pub short: Option<Bilingual>,
    /// Abbreviation in the MirrorZ feed.
    pub abbr: Option<String>,
    /// One sentence on what this is.
    #[serde(default)]
    pub description: Bilingual,
    /// Address readers may write to.
    pub email: Option<String>,
    /// Issue tracker.
    pub issues: Option<String>,
    /// Folder of the content on a code host; `{id}` pages link below it.
    pub edit_url: Option<String>,
    /// Source code of the software.
    pub software_url: Option<String>,
    /// Where mirrors that this site does not carry may be found.
    pub federation: Option<Federation>,
    /// Address of the rsync service, `rsync://` and a host; nothing is said of rsync when absent.
    pub rsync: Option<String>,
    /// Mirror ids shown first.
    #[serde(default)]
    pub favourites: Vec<String>,
    /// Short announcements.
    #[serde(default, rename = "notice")]
    pub notices: Vec<Bilingual>,
    /// IANA name of the zone in which dates are written; UTC when absent.
    pub time_zone: Option<String>,
}

/// `site.federation`: other mirror sites, as one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// Its name.
    pub name: Bilingual,
    /// Address of one mirror there; `{id}` stands for its name.
    pub url: String,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSection {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Folder with mirrors, pages and news. When absent, the embedded content serves as a library: it
    /// describes the mirrors that a backend or the disk has, and its pages and news are left out.
    pub content: Option<PathBuf>,
    /// Folder for last good answers and the file index.
    pub state: PathBuf,
    /// Address and port of `/metrics`, which visitors should not reach; absent when nobody asks.
    pub metrics: Option<SocketAddr>,
    /// File with the token for `POST /api/v1/refresh`, which does not exist without one.
    pub refresh_token_file: Option<PathBuf>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            content: None,
            state: PathBuf::from("var"),
            metrics: None,
            refresh_token_file: None,
            trusted_proxies: vec![
                IpNet::new_assert(Ipv4Addr::LOCALHOST.into(), 8),
                IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128),
            ],
        }
    }
}

/// `[search]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchSection {
    /// Searches that one address (one /64 of IPv6) may make in a minute in the long run.
    pub per_minute: u32,
    /// Searches that it may make at once: every letter typed is one.
    pub burst: u32,
}

impl Default for SearchSection {
    fn default() -> Self {
        Self { per_minute: 300, burst: 60 }
    }
}

/// `[files]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSection {
    /// Folder that holds the mirrored trees; the demo tree when absent.
    pub root: Option<PathBuf>,
    /// Prefix of nginx's internal location; files are then answered with `X-Accel-Redirect`.
    pub accel: Option<String>,
    /// Whether a mirror is walked again for the file index when a backend reports a finished run.
    pub reindex: bool,
}

impl Default for FilesSection {
    fn default() -> Self {
        Self { root: None, accel: None, reindex: true }
    }
}

/// `[freshness]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FreshnessSection {
    /// Whether upstreams are asked for the time of their trees, where `mirror.toml` names them.
    pub upstream: bool,
    /// HTTP address below which the mirrors are, with a slash at the end: the time of a mirror whose
    /// tree is not on this machine is read there. Nowhere when absent.
    pub base: Option<String>,
    /// Time between two requests for the same mirror, less up to a quarter at random.
    #[serde(deserialize_with = "crate::period::deserialize")]
    pub interval: Duration,
    /// Whether apt and rpm trees are compared with their indexes in the background.
    pub consistency: bool,
    /// Time between two comparisons of the same tree.
    #[serde(deserialize_with = "crate::period::deserialize")]
    pub consistency_interval: Duration,
    /// Time until the second look at a tree with faults, which tells a sync under way from damage.
    #[serde(deserialize_with = "crate::period::deserialize")]
    pub second_look: Duration,
    /// Key rings by mirror id; they come before `freshness.keyring` of `mirror.toml`.
    pub keyrings: BTreeMap<String, PathBuf>,
}

impl Default for FreshnessSection {
    fn default() -> Self {
        Self {
            upstream: false,
            base: None,
            interval: Duration::from_hours(1),
            consistency: true,
            consistency_interval: Duration::from_hours(6),
            second_look: Duration::from_mins(1),
            keyrings: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads a file; relative paths in it are relative to its folder.
    ///
    /// # Errors
    /// A file that cannot be read, or a mistake in it with its line and key.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let mut config = Self::parse(&text).with_context(|| path.display().to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.server.state = folder.join(&config.server.state);
        config.server.content = config.server.content.map(|p| folder.join(p));
        config.server.refresh_token_file = config.server.refresh_token_file.map(|p| folder.join(p));
        config.stats.access_log = config.stats.access_log.map(|p| folder.join(p));
        config.files.root = config.files.root.map(|p| folder.join(p));
        for keyring in config.freshness.keyrings.values_mut() {
            *keyring = folder.join(&keyring);
        }
        config.alerts = config.alerts.into_iter().map(|rule| rule.in_folder(folder)).collect();
        Ok(config)
    }

    /// The configuration of the embedded site: `content/site.toml` as it was at build time.
    ///
    /// # Errors
    /// Only when that file was broken at build time; a test reads it.
    pub fn embedded() -> anyhow::Result<Self> {
        let files = content::source::embedded();
        let bytes = files.get("site.toml").context("content/site.toml is not embedded")?;
        let config = Self::parse(std::str::from_utf8(bytes)?).context("content/site.toml")?;
        Ok(Self { is_embedded: true, ..config })
    }

    /// Parses and checks the text of a configuration.
    ///
    /// # Errors
    /// The first mistake, with its line and key.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text)?;
        let url = &config.site.base_url;
        anyhow::ensure!(
            (url.starts_with("https://") || url.starts_with("http://")) && !url.ends_with('/'),
            "site.base_url = \"{url}\": expected http:// or https:// and no trailing slash"
        );
        if let Some(accel) = &config.files.accel {
            anyhow::ensure!(
                accel.starts_with('/') && accel.len() > 1 && !accel.ends_with('/'),
                "files.accel = \"{accel}\": expected a path such as \"/_accel\""
            );
        }
        if let Some(base) = &config.freshness.base {
            anyhow::ensure!(
                (base.starts_with("https://") || base.starts_with("http://"))
                    && base.ends_with('/'),
                "freshness.base = \"{base}\": expected http:// or https:// and a slash at the end"
            );
        }
        anyhow::ensure!(
            config.search.per_minute > 0 && config.search.burst > 0,
            "search.per_minute and search.burst: expected at least 1"
        );
        if let Some(federation) = &config.site.federation {
            anyhow::ensure!(
                federation.url.starts_with("https://") || federation.url.starts_with("http://"),
                "site.federation.url = \"{}\": expected http:// or https://",
                federation.url
            );
        }
        anyhow::ensure!(
            config.stats.interface.is_none() || config.stats.prometheus.is_none(),
            "stats.interface and stats.prometheus: bandwidth is measured by one of them"
        );
        config.time_zone()?;
        config.mirrorz.check()?;
        config.network.check()?;
        alert::check(&config.alerts)?;
        Ok(config)
    }

    fn time_zone(&self) -> anyhow::Result<TimeZone> {
        match &self.site.time_zone {
            None => Ok(TimeZone::UTC),
            Some(name) => TimeZone::get(name)
                .with_context(|| format!("site.time_zone = \"{name}\": no such time zone")),
        }
    }

    /// What pages need to know of the site.
    pub fn site(&self) -> Site {
        let s = &self.site;
        Site {
            name: s.name.clone(),
            short: s.short.clone().unwrap_or_else(|| s.name.clone()),
            description: s.description.clone(),
            base_url: s.base_url.clone(),
            email: s.email.clone(),
            issues: s.issues.clone(),
            edit_url: s.edit_url.clone(),
            software_url: s.software_url.clone(),
            hosts: network::names(self, None)
                .into_iter()
                .map(|name| HostName {
                    name: name.host,
                    family: name.family,
                    is_campus_only: name.is_campus_only,
                })
                .collect(),
            rsync: s.rsync.as_ref().map(|url| url.trim_end_matches('/').to_owned()),
            favourites: s.favourites.clone(),
            notices: s.notices.clone(),
            time_zone: self.time_zone().unwrap_or(TimeZone::UTC),
        }
    }

    /// The backends, each with all it needs to know of the site.
    pub fn backends(&self) -> Vec<status::Backend> {
        let mut backends = self.backends.clone();
        for backend in &mut backends {
            let host = self.host();
            backend.settle(&self.root(), host.split_once(':').map_or(host, |(name, _port)| name));
        }
        backends
    }

    /// Where the file index is kept.
    pub fn index_folder(&self) -> PathBuf {
        self.server.state.join("index")
    }

    /// Where the mirrored trees are: as configured, or where the demo tree is made.
    pub fn root(&self) -> PathBuf {
        self.files.root.clone().unwrap_or_else(|| self.server.state.join("mirrors"))
    }

    /// The key ring with which the release files of a mirror must be signed. The demo trees have one
    /// of their own.
    pub fn keyring(&self, mirror: &MirrorFacts) -> Option<PathBuf> {
        let named = || mirror.file.freshness.as_ref()?.keyring.clone();
        match self.freshness.keyrings.get(&mirror.id) {
            Some(keyring) => Some(keyring.clone()),
            None if self.files.root.is_none() => Some(demo::keyring(&self.root())),
            None => named(),
        }
    }

    /// The abbreviation by which MirrorZ knows the site; its host when none is configured.
    pub fn abbreviation(&self) -> &str {
        self.site.abbr.as_deref().unwrap_or_else(|| self.host())
    }

    /// Host and port of `base_url`, as templates call it.
    pub fn host(&self) -> &str {
        let url = &self.site.base_url;
        url.split_once("://").map_or(url.as_str(), |(_, host)| host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[site]\nbase_url = \"https://mirror.example\"\nname = { zh = \"镜像\", en = \"Mirror\" }\n";

    #[test]
    fn the_least_configuration_is_a_url_and_a_name() {
        let config = Config::parse(LEAST).unwrap();
        assert_eq!(config.host(), "mirror.example");
        assert_eq!(config.site().short.en, "Mirror");
    }

    #[test]
    fn an_unknown_key_is_reported_with_its_line_and_name() {
        let error = Config::parse(&format!("{LEAST}colour = 1\n")).unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("colour"), "{error}");
    }

    #[test]
    fn an_unknown_backend_is_reported_at_its_own_line() {
        let text = format!(
            "{LEAST}[[backend]]\ntunasync.url = \"http://a/\"\n[[backend]]\nsyncer.url = \"http://b/\"\n"
        );
        let error = Config::parse(&text).unwrap_err().to_string();
        assert!(error.contains("line 7") && error.contains("syncer"), "{error}");
    }

    #[test]
    fn a_trailing_slash_and_a_wrong_zone_are_refused() {
        let slash = LEAST.replace("example\"", "example/\"");
        assert!(Config::parse(&slash).unwrap_err().to_string().contains("trailing slash"));
        let zone = format!("{LEAST}time_zone = \"Mars/Olympus\"\n");
        assert!(format!("{:#}", Config::parse(&zone).unwrap_err()).contains("Mars/Olympus"));
    }

    #[test]
    fn the_embedded_configuration_and_the_example_are_valid() {
        Config::embedded().unwrap();
        Config::parse(include_str!("../../site.example.toml")).unwrap();
    }
}
