//! `mirror.toml`: what is known of a mirror apart from its state.

use app::model::{Bilingual, Category};
use jiff::SignedDuration;
use serde::Deserialize;

use super::problem::Problem;

/// One mirror's folder.
#[derive(Clone, Debug, PartialEq)]
pub struct MirrorFacts {
    /// Name of the folder.
    pub id: String,
    /// What `mirror.toml` says.
    pub file: MirrorFile,
}

/// The keys of `mirror.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorFile {
    /// Display name.
    pub name: Bilingual,
    /// One sentence.
    pub description: Bilingual,
    /// Shelf.
    pub category: Category,
    /// Other spellings; they are found by search, and `/docs/<alias>` redirects.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Name on which mirror sites have agreed for `MirrorZ` (`cname.json` of
    /// mirrorz-org/mirrorz-config), when it is not the id. It is understood like an alias, and used in
    /// the feed.
    pub cname: Option<String>,
    /// Words by which the list and the search find it.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Path of the tree when it is not `/<id>`.
    pub path: Option<String>,
    /// Home page of the project.
    pub homepage: Option<String>,
    /// Page of the project that lists this site.
    pub official: Option<String>,
    /// Where it is synchronised from.
    pub upstream: Option<String>,
    /// Expected time between two runs.
    pub interval: Option<SignedDuration>,
    /// File that stands for a directory of this tree, for registries that are read over HTTP.
    pub index: Option<String>,
    /// How the tree tells its own age.
    pub freshness: Option<FreshnessProbe>,
}

/// How the tree tells its own age.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshnessProbe {
    /// How to read the files.
    pub kind: ProbeKind,
    /// Files relative to the tree; those that exist are read and the newest time counts.
    pub files: Vec<String>,
    /// How often the upstream publishes; the sync interval, and at least twelve hours, when absent.
    pub every: Option<SignedDuration>,
}

/// How a time is read from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    /// `Date` and `Valid-Until` of an apt `InRelease` or `Release`.
    Apt,
    /// Seconds since 1970, as in Arch's `lastupdate`.
    Epoch,
    /// A date in the first line, as in Debian's `project/trace`.
    Trace,
    /// `<revision>` of a `repomd.xml`.
    Repomd,
    /// Modification time of the file.
    Mtime,
}

impl MirrorFacts {
    /// Reads `mirror.toml`.
    ///
    /// # Errors
    /// The first mistake in it, with its line.
    pub fn parse(id: &str, file: &str, text: &str) -> Result<Self, Problem> {
        let parsed: MirrorFile =
            toml::from_str(text).map_err(|error| Problem::toml(file, text, 1, &error))?;
        if let Some(path) = &parsed.path
            && (!path.starts_with('/') || path.ends_with('/') || path.contains("//"))
        {
            return Err(Problem::in_file(
                file,
                format!("path = \"{path}\": expected a leading and no trailing slash"),
            ));
        }
        Ok(Self { id: id.to_owned(), file: parsed })
    }

    /// Every other name under which a backend or a visitor may know it.
    pub fn other_names(&self) -> impl Iterator<Item = &str> {
        self.file.aliases.iter().chain(&self.file.cname).map(String::as_str)
    }

    /// Path of the tree below the host.
    pub fn path(&self) -> String {
        self.file.path.clone().unwrap_or_else(|| format!("/{}", self.id))
    }
}

/// First segments of the site's own addresses; no mirror may be called so.
pub const RESERVED: &[&str] = &[
    "about",
    "api",
    "badge",
    "docs",
    "downloads",
    "en",
    "faq",
    "favicon.ico",
    "favicon.svg",
    "feed.xml",
    "healthz",
    "llms.txt",
    "metrics",
    "mirrorz.json",
    "network",
    "news",
    "opensearch.xml",
    "readyz",
    "robots.txt",
    "search",
    "sitemap.xml",
    "static",
    "stats",
    "status",
];
