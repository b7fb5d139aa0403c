//! `mirror.toml`: what is known of a mirror apart from its state.

use std::path::PathBuf;

use app::model::{Bilingual, Category};
use jiff::SignedDuration;
use serde::Deserialize;

use super::problem::Problem;
use crate::download::Rule;

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
    /// Its mark: the name of a symbol in `public/icons.svg`. Mirrors without one show a letter.
    #[serde(default, deserialize_with = "crate::assets::icon")]
    pub icon: Option<String>,
    /// Path of the tree when it is not `/<id>`.
    pub path: Option<String>,
    /// Home page of the project.
    pub homepage: Option<String>,
    /// Page of the project that lists this site.
    pub official: Option<String>,
    /// Where it is synchronised from.
    pub upstream: Option<String>,
    /// Expected time between two runs.
    #[serde(default, deserialize_with = "crate::period::signed")]
    pub interval: Option<SignedDuration>,
    /// File that stands for a directory of this tree, for registries that are read over HTTP.
    pub index: Option<String>,
    /// How the tree tells its own age.
    pub freshness: Option<FreshnessProbe>,
    /// What of it is offered on the page of downloads.
    #[serde(default)]
    pub download: Vec<Rule>,
}

/// How the tree tells its own age.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshnessProbe {
    /// How to read the files.
    pub kind: ProbeKind,
    /// Files relative to the tree; those that exist are read and the newest time counts. When absent,
    /// those of which the kind knows the place.
    #[serde(default)]
    files: Vec<String>,
    /// `InRelease`, `Release` and `repomd.xml` files with which the tree is compared, when they are not
    /// those of an `apt` or `repomd` probe.
    #[serde(default)]
    indexes: Vec<String>,
    /// How often the upstream publishes; the sync interval, and at least twelve hours, when absent.
    #[serde(default, deserialize_with = "crate::period::signed")]
    pub every: Option<SignedDuration>,
    /// HTTP address of the same tree at its origin, with a slash at the end: the same files are read
    /// there to compare, if the site's configuration has `freshness.upstream = true`.
    pub upstream: Option<String>,
    /// Key ring with which release files must be signed, binary or armored; an absolute path.
    pub keyring: Option<PathBuf>,
}

/// How a time is read from a file; [`crate::probe::reader`] names the source of each format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    /// `Date` and `Valid-Until` of an apt `InRelease` or `Release`.
    Apt,
    /// Seconds since 1970, as in Arch's `lastupdate` and `lastsync`.
    Epoch,
    /// A date in the first line, as in Debian's `project/trace`.
    Trace,
    /// Revision and timestamps of a `repomd.xml`.
    Repomd,
    /// `last-updated` at the root, or an `APKINDEX.tar.gz`.
    Alpine,
    /// `02STAMP`, `RECENT-*.json` or `02packages.details.txt.gz`.
    Cpan,
    /// `timestamp`.
    Ctan,
    /// Modification time of `PACKAGES.gz`.
    Cran,
    /// `last-modified` of bandersnatch.
    Pypi,
    /// `metadata/timestamp.chk`.
    Gentoo,
    /// Newest time in a `fullfiletimelist-*`.
    Fedora,
    /// Newest `pubtime` of crates in a sparse index.
    Crates,
    /// Date of the commit at `HEAD`; the files are repositories.
    Git,
    /// Modification time of the file.
    Mtime,
}

impl ProbeKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Apt,
        Self::Epoch,
        Self::Trace,
        Self::Repomd,
        Self::Alpine,
        Self::Cpan,
        Self::Ctan,
        Self::Cran,
        Self::Pypi,
        Self::Gentoo,
        Self::Fedora,
        Self::Crates,
        Self::Git,
        Self::Mtime,
    ];

    /// Files that every tree of the kind has at the same place.
    const fn usual_files(self) -> &'static [&'static str] {
        match self {
            Self::Alpine => &["last-updated"],
            Self::Cpan => &["authors/02STAMP", "modules/02STAMP"],
            Self::Ctan => &["timestamp"],
            Self::Cran => &["src/contrib/PACKAGES.gz"],
            Self::Pypi => &["web/last-modified", "last-modified"],
            Self::Gentoo => &["metadata/timestamp.chk"],
            Self::Git => &[""],
            // Release files, or whatever a mirror calls the file.
            _ => &[],
        }
    }

    /// Whether the files can be read by HTTP as well: a repository is more than one file.
    pub const fn is_remote(self) -> bool {
        !matches!(self, Self::Git)
    }
}

impl FreshnessProbe {
    /// Files relative to the tree.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let usual = if self.files.is_empty() { self.kind.usual_files() } else { &[] };
        self.files.iter().map(String::as_str).chain(usual.iter().copied())
    }

    /// Release files relative to the tree by which its consistency can be checked; none for trees that
    /// have no such thing.
    pub fn indexes(&self) -> impl Iterator<Item = &str> {
        let has_own = matches!(self.kind, ProbeKind::Apt | ProbeKind::Repomd);
        let own = if has_own && self.indexes.is_empty() { self.files.as_slice() } else { &[] };
        self.indexes.iter().chain(own).map(String::as_str)
    }

    fn mistake(&self) -> Option<String> {
        if self.files().next().is_none() {
            return Some("freshness.files: this kind of probe needs at least one file".to_owned());
        }
        if let Some(url) = &self.upstream {
            if !(url.starts_with("https://") || url.starts_with("http://")) || !url.ends_with('/') {
                return Some(format!(
                    "freshness.upstream = \"{url}\": expected http:// or https:// and a slash at the end"
                ));
            }
            if !self.kind.is_remote() {
                return Some("freshness.upstream: this kind cannot be read by HTTP".to_owned());
            }
        }
        let keyring = self.keyring.as_ref().filter(|path| !path.is_absolute())?;
        Some(format!("freshness.keyring = \"{}\": expected an absolute path", keyring.display()))
    }
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
        if let Some(mistake) = parsed.freshness.as_ref().and_then(FreshnessProbe::mistake) {
            return Err(Problem::in_file(file, mistake));
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
    "apple-touch-icon.png",
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
    "social.png",
    "static",
    "stats",
    "status",
];

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "name = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲\", en = \"A\" }\ncategory = \"other\"\n[freshness]\n";

    fn parse(freshness: &str) -> Result<Vec<String>, String> {
        let facts = MirrorFacts::parse("a", "mirror.toml", &format!("{LEAST}{freshness}"));
        let probe = facts.map_err(|problem| problem.message)?.file.freshness.unwrap();
        Ok(probe.files().map(str::to_owned).collect())
    }

    #[test]
    fn a_kind_knows_its_usual_files_and_named_ones_replace_them() {
        assert_eq!(parse("kind = \"ctan\"").unwrap(), ["timestamp"]);
        assert_eq!(parse("kind = \"ctan\"\nfiles = [\"x\"]").unwrap(), ["x"]);
        assert_eq!(parse("kind = \"git\"").unwrap(), [""]);
    }

    #[test]
    fn indexes_are_those_of_the_probe_or_named() {
        let parse = |freshness: &str| {
            let facts = MirrorFacts::parse("a", "mirror.toml", &format!("{LEAST}{freshness}"));
            let probe = facts.unwrap().file.freshness.unwrap();
            probe.indexes().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(parse("kind = \"apt\"\nfiles = [\"a\"]"), ["a"]);
        assert_eq!(parse("kind = \"apt\"\nfiles = [\"a\"]\nindexes = [\"b\"]"), ["b"]);
        assert_eq!(parse("kind = \"epoch\"\nfiles = [\"a\"]\nindexes = [\"b\"]"), ["b"]);
        assert!(parse("kind = \"epoch\"\nfiles = [\"a\"]").is_empty());
    }

    #[test]
    fn a_probe_that_cannot_work_is_refused_with_the_reason() {
        for (text, reason) in [
            ("kind = \"apt\"", "at least one file"),
            ("kind = \"ctan\"\nupstream = \"rsync://a/\"", "http://"),
            ("kind = \"ctan\"\nupstream = \"https://a\"", "slash at the end"),
            ("kind = \"git\"\nupstream = \"https://a/\"", "cannot be read by HTTP"),
            ("kind = \"ctan\"\nkeyring = \"a.gpg\"", "absolute"),
            ("kind = \"clock\"", "unknown variant"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
