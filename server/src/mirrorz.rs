//! What this site tells the `MirrorZ` network of itself: `mirrorz.json` 1.7, and extension D when
//! endpoints are configured.
//!
//! Format: mirrorz-org/mirrorz `README.md`, "Data Format v1.7"; extension D: mirrorz-org/mirrorz-302
//! `README.md`.

use std::{collections::HashSet, net::IpAddr};

use anyhow::ensure;
use app::{
    Lang, download, format,
    model::{Mirror, State},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// `[mirrorz]`: what only that network asks for. Empty values are left out of the feed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MirrorzSection {
    /// Page of those who run the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Address of a logo: no `.ico`, at least 64 by 64 pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// The same for dark pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_darkmode: Option<String>,
    /// Where new mirrors are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// A chat group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Disk space, any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<String>,
    /// Any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Path of a large file, for measuring speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub big: Option<String>,
    /// Asks the network not to send anyone here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disable: bool,
    /// Who is served under which name: extension D.
    #[serde(rename = "endpoint", skip_serializing)]
    pub endpoints: Vec<Endpoint>,
}

/// One name of the site, and whom it is for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Its own name, unique, in small letters.
    pub label: String,
    /// Whether it serves everyone; otherwise only its ranges.
    pub public: bool,
    /// Host, with a path if there is one, without a scheme.
    pub resolve: String,
    /// What it can do.
    #[serde(default)]
    pub filter: Vec<Filter>,
    /// Whom it is near to: `COUNTRY:CN`, `REGION:ZJ`, `ISP:CERNET`, `AS4538`, or a network.
    #[serde(default)]
    pub range: Vec<String>,
}

/// What an endpoint can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Filter {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// HTTPS.
    Ssl,
    /// Plain HTTP.
    Nossl,
}

impl MirrorzSection {
    /// Whether the network will understand it.
    ///
    /// # Errors
    /// The first value that it would not, with its key.
    pub fn check(&self) -> anyhow::Result<()> {
        for (key, logo) in [("logo", &self.logo), ("logo_darkmode", &self.logo_darkmode)] {
            let is_icon = logo.as_ref().is_some_and(|logo| logo.to_lowercase().ends_with(".ico"));
            ensure!(!is_icon, "mirrorz.{key}: an icon is too small, the network wants 64 pixels");
        }
        ensure!(
            self.logo_darkmode.is_none() || self.logo.is_some(),
            "mirrorz.logo_darkmode: only beside mirrorz.logo"
        );
        let mut labels = HashSet::new();
        for endpoint in &self.endpoints {
            let Endpoint { label, resolve, .. } = endpoint;
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            ensure!(
                !label.is_empty() && label.chars().all(is_plain),
                "mirrorz.endpoint: label = \"{label}\": expected small letters and digits"
            );
            ensure!(labels.insert(label), "mirrorz.endpoint: label = \"{label}\" is there twice");
            ensure!(
                !resolve.is_empty() && !resolve.contains("://") && !resolve.ends_with('/'),
                "mirrorz.endpoint: resolve = \"{resolve}\": expected a host, without a scheme or a trailing slash"
            );
            for range in &endpoint.range {
                ensure!(
                    is_range(range),
                    "mirrorz.endpoint: range \"{range}\": expected COUNTRY:…, REGION:…, ISP:…, AS… or a network"
                );
            }
        }
        Ok(())
    }
}

fn is_range(text: &str) -> bool {
    if let Some((kind, value)) = text.split_once(':')
        && ["COUNTRY", "REGION", "ISP"].contains(&kind)
    {
        return !value.is_empty()
            && value.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    }
    if let Some(number) = text.strip_prefix("AS") {
        return number.parse::<u32>().is_ok();
    }
    let Some((address, length)) = text.split_once('/') else { return false };
    let longest = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= longest)
}

/// The whole feed.
#[derive(Debug, Serialize)]
pub struct Feed<'a> {
    version: f64,
    site: Site<'a>,
    info: Vec<Info<'a>>,
    mirrors: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    endpoints: &'a [Endpoint],
}

#[derive(Debug, Serialize)]
struct Site<'a> {
    url: &'a str,
    abbr: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issue: Option<&'a str>,
    #[serde(flatten)]
    more: &'a MirrorzSection,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    cname: &'a str,
    desc: &'a str,
    url: &'a str,
    status: String,
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
}

/// Installers of one distribution.
#[derive(Debug, Serialize)]
struct Info<'a> {
    distro: &'a str,
    category: download::Kind,
    urls: Vec<InfoUrl<'a>>,
}

/// One of its files: `13.0 (amd64, netinst)` and the path on this host.
#[derive(Debug, Serialize)]
struct InfoUrl<'a> {
    name: String,
    url: &'a str,
}

impl<'a> Info<'a> {
    fn new(distribution: &'a download::Distribution) -> Self {
        let url = |file: &'a download::Download| InfoUrl { name: file.label(), url: &file.href };
        Self {
            distro: &distribution.id,
            category: distribution.kind,
            urls: distribution.files.iter().map(url).collect(),
        }
    }
}

/// Makes the feed of a site.
pub fn feed<'a>(
    config: &'a Config,
    mirrors: &'a [Mirror],
    downloads: &'a [download::Distribution],
) -> Feed<'a> {
    let more = &config.mirrorz;
    let has_endpoints = !more.endpoints.is_empty();
    Feed {
        version: 1.7,
        site: Site {
            url: &config.site.base_url,
            abbr: config.abbreviation(),
            name: &config.site.name.zh,
            email: config.site.email.as_deref(),
            issue: config.site.issues.as_deref(),
            more,
        },
        info: downloads.iter().map(Info::new).collect(),
        mirrors: entries(mirrors),
        extension: has_endpoints.then_some("D"),
        endpoints: &more.endpoints,
    }
}

/// COMPAT: readers refuse a whole feed that says one name twice, so a name that is taken gives way to
/// the id, which is unique.
fn entries(mirrors: &[Mirror]) -> Vec<Entry<'_>> {
    let mut taken: HashSet<&str> = mirrors.iter().map(|m| m.id.as_str()).collect();
    mirrors
        .iter()
        .map(|m| Entry {
            cname: if taken.insert(&m.cname) { &m.cname } else { &m.id },
            desc: &m.description.zh,
            url: &m.path,
            status: status(m),
            help: m.page(Lang::Zh),
            upstream: m.upstream.as_deref(),
            size: m.size_bytes.map(format::size),
        })
        .collect()
}

/// One main letter with its time, then the auxiliary `O` (old success, only with `Y` and `F`) and
/// `X` (next run).
pub fn status(m: &Mirror) -> String {
    let (main, time) = match m.state {
        State::Success => ('S', m.last_success),
        State::Syncing => ('Y', m.started.or(m.last_attempt)),
        State::Failed => ('F', m.last_attempt),
        State::Pending => ('D', m.last_attempt),
        State::Paused => ('P', m.last_attempt),
        State::Cached => return "C".to_owned(),
        State::Proxied => return "R".to_owned(),
        State::Unknown => return "U".to_owned(),
    };
    let letter = |letter: char, time: Option<Timestamp>| {
        time.map_or_else(String::new, |time| format!("{letter}{}", time.as_second()))
    };
    let mut status = main.to_string();
    status.extend(time.map(|time| time.as_second().to_string()));
    if matches!(m.state, State::Syncing | State::Failed) {
        status += &letter('O', m.last_success);
    }
    status + &letter('X', m.next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(state: State) -> Mirror {
        let at = |s| Timestamp::from_second(s).ok();
        Mirror {
            state,
            last_success: at(100),
            last_attempt: at(200),
            next: at(300),
            ..Mirror::bare("m", "/m".to_owned())
        }
    }

    #[test]
    fn a_status_has_one_main_letter_and_its_companions() {
        for (state, expected) in [
            (State::Success, "S100X300"),
            (State::Failed, "F200O100X300"),
            (State::Syncing, "Y200O100X300"),
            (State::Pending, "D200X300"),
            (State::Paused, "P200X300"),
            (State::Cached, "C"),
            (State::Proxied, "R"),
            (State::Unknown, "U"),
        ] {
            assert_eq!(status(&mirror(state)), expected);
        }
        let never = Mirror { state: State::Failed, ..Mirror::bare("m", "/m".to_owned()) };
        assert_eq!(status(&never), "F");
        let started = Timestamp::from_second(250).ok();
        assert_eq!(status(&Mirror { started, ..mirror(State::Syncing) }), "Y250O100X300");
    }

    #[test]
    fn no_name_is_said_twice() {
        let named = |id: &str, cname: &str| Mirror {
            cname: cname.to_owned(),
            ..Mirror::bare(id, format!("/{id}"))
        };
        let mirrors = [named("a", "Y"), named("b", "Y"), named("x", "x"), named("c", "x")];
        let cnames: Vec<_> = entries(&mirrors).iter().map(|entry| entry.cname).collect();
        assert_eq!(cnames, ["Y", "b", "x", "c"]);
    }

    #[test]
    fn what_the_network_would_not_understand_is_refused() {
        let endpoint = "[[endpoint]]\nlabel = \"a\"\npublic = true\nresolve = \"a.example\"\n";
        for (text, key) in [
            ("logo = \"https://a.example/favicon.ico\"", "mirrorz.logo"),
            ("logo_darkmode = \"https://a.example/a.svg\"", "logo_darkmode"),
            (&endpoint.replace("\"a\"", "\"A B\""), "label"),
            (&endpoint.replace("a.example", "https://a.example"), "resolve"),
            (&endpoint.replace("a.example", "a.example/"), "resolve"),
            (&endpoint.repeat(2), "twice"),
            (&format!("{endpoint}range = [\"country:cn\"]"), "range"),
            (&format!("{endpoint}range = [\"10.0.0.0/33\"]"), "range"),
            (&format!("{endpoint}range = [\"2001:db8::\"]"), "range"),
        ] {
            let section: MirrorzSection = toml::from_str(text).unwrap();
            let error = section.check().unwrap_err().to_string();
            assert!(error.contains(key), "{key} in {error}");
        }
        let range = "range = [\"COUNTRY:CN\", \"ISP:CERNET\", \"AS4538\", \"10.0.0.0/8\", \"2001:db8::/32\"]\nfilter = [\"V4\", \"V6\", \"SSL\", \"NOSSL\"]";
        let section: MirrorzSection = toml::from_str(&format!("{endpoint}{range}")).unwrap();
        section.check().unwrap();
        assert!(
            toml::from_str::<MirrorzSection>(&format!("{endpoint}filter = [\"ssl\"]")).is_err()
        );
    }
}
