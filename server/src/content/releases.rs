//! `releases.toml`: when releases of distributions appeared and end, from the package distro-info-data and by hand.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Where rows that [`refresh`] writes come from.
const PACKAGE: &str = "distro-info-data";

/// All releases that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Releases {
    /// In the order of the file.
    #[serde(default, rename = "release")]
    pub all: Vec<Release>,
}

/// One release of one distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Distribution, by the id of its mirror.
    pub distribution: String,
    /// Codename as in `dists/`, or the number where there is none.
    pub series: String,
    /// Number, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Day of release, planned or past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Date>,
    /// Last day of support by the distribution itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eol: Option<Date>,
    /// Last day of long-term support that is open to all, when it is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eol_lts: Option<Date>,
    /// Where these facts come from.
    pub source: String,
}

impl Release {
    /// Last day of updates for everybody.
    pub fn end(&self) -> Option<Date> {
        self.eol_lts.or(self.eol)
    }
}

impl Releases {
    /// Reads the file.
    ///
    /// # Errors
    /// The first mistake in it, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        toml::from_str(text).map_err(|error| Problem::toml(file, text, 1, &error))
    }

    /// A release by distribution and by its codename or number.
    pub fn find(&self, distribution: &str, name: &str) -> Option<&Release> {
        let is_called = |r: &&Release| r.series == name || r.version.as_deref() == Some(name);
        self.all.iter().filter(|r| r.distribution == distribution).find(is_called)
    }

    /// A release by a codename that only one distribution has; numbers say nothing alone.
    pub fn by_codename(&self, name: &str) -> Option<&Release> {
        let is_codename = name.len() > 2 && name.chars().all(|c| c.is_ascii_lowercase());
        self.all.iter().find(|release| is_codename && release.series == name)
    }
}

/// Puts the tables of distro-info-data (`debian.csv`, `ubuntu.csv`, by distribution) in the place of the rows that came from
/// there before, and keeps those that are kept by hand. Releases that ended before `since` are of no use to anybody.
pub fn refresh(old: &Releases, tables: &[(String, String)], since: Date) -> Releases {
    let mut all = Vec::new();
    for (distribution, csv) in tables {
        let mut lines = csv.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        for line in lines {
            let cells: BTreeMap<&str, &str> = names.iter().copied().zip(line.split(',')).collect();
            let text = |name: &str| {
                cells.get(name).copied().filter(|cell| !cell.is_empty()).map(ToOwned::to_owned)
            };
            let day = |name: &str| text(name).and_then(|cell| cell.parse().ok());
            let Some(series) = text("series").filter(|series| series != "experimental") else {
                continue;
            };
            let release = Release {
                distribution: distribution.clone(),
                series,
                version: text("version").map(|v| v.trim_end_matches(" LTS").to_owned()),
                released: day("release"),
                eol: day("eol"),
                eol_lts: day("eol-lts"),
                source: PACKAGE.to_owned(),
            };
            if release.end().is_none_or(|end| end >= since) {
                all.push(release);
            }
        }
    }
    all.extend(old.all.iter().filter(|release| release.source != PACKAGE).cloned());
    Releases { all }
}

/// The file, one release in a line of a few.
pub fn write(releases: &Releases) -> String {
    let mut out = String::from(
        "# Releases and their ends. Rows from distro-info-data are made by `mingjing generate releases`; the others are kept by\n\
         # hand, with their source.\n",
    );
    for r in &releases.all {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let _ = write!(
            out,
            "\n[[release]]\ndistribution = {}\nseries = {}\n",
            quoted(&r.distribution),
            quoted(&r.series)
        );
        let days = [("released", r.released), ("eol", r.eol), ("eol_lts", r.eol_lts)];
        if let Some(version) = &r.version {
            let _ = writeln!(out, "version = {}", quoted(version));
        }
        for (name, day) in days.iter().filter_map(|(name, day)| Some((name, (*day)?))) {
            let _ = writeln!(out, "{name} = \"{day}\"");
        }
        let _ = writeln!(out, "source = {}", quoted(&r.source));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: &str = "version,codename,series,created,release,eol,eol-lts,eol-elts\n\
        10,Buster,buster,2017-06-17,2019-07-06,2022-09-10,2024-06-30,2029-06-30\n\
        12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30\n\
        14,Forky,forky,2025-08-09\n,Sid,sid,1993-08-16\n,Experimental,experimental,1993-08-16\n";

    #[test]
    fn a_refresh_keeps_what_is_kept_by_hand() {
        let old = Releases::parse("releases.toml", "[[release]]\ndistribution = \"fedora\"\nseries = \"44\"\neol = \"2027-06-02\"\nsource = \"hand\"\n\n[[release]]\ndistribution = \"debian\"\nseries = \"old\"\nsource = \"distro-info-data\"\n").unwrap();
        let new = refresh(
            &old,
            &[("debian".to_owned(), DEBIAN.to_owned())],
            "2025-01-01".parse().unwrap(),
        );
        let series: Vec<&str> = new.all.iter().map(|r| r.series.as_str()).collect();
        assert_eq!(series, ["bookworm", "forky", "sid", "44"]);
        assert_eq!(new.find("debian", "12").unwrap().end().unwrap().to_string(), "2028-06-30");
        assert_eq!(new.find("ubuntu", "12"), None);
        assert_eq!(new.by_codename("forky").unwrap().end(), None);
        assert_eq!(new.by_codename("44"), None);
        assert_eq!(Releases::parse("releases.toml", &write(&new)).unwrap(), new);
    }
}
