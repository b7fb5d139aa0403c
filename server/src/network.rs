//! Who a visitor is to the network: on campus or not, and which name of the site suits.

use std::net::IpAddr;

use anyhow::ensure;
use app::{
    model::Bilingual,
    page::network::{Family, Limits, Name},
};
use ipnet::IpNet;
use serde::Deserialize;

use crate::config::Config;

/// `[network]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSection {
    /// Networks on campus.
    pub campus: Vec<IpNet>,
    /// Connections that one address may have open to images: `generate nginx` sets this limit, and
    /// `/network` tells of it where nginx is in front.
    pub image_connections: u32,
    /// Names of the site; the one of `site.base_url` when absent.
    #[serde(rename = "host")]
    pub hosts: Vec<Host>,
    /// The speed test.
    pub speed: SpeedSection,
}

impl Default for NetworkSection {
    fn default() -> Self {
        Self {
            campus: Vec::new(),
            image_connections: 8,
            hosts: Vec::new(),
            speed: SpeedSection::default(),
        }
    }
}

/// `[network.speed]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpeedSection {
    /// Tests that one address (one /64 of IPv6) may make in a minute.
    pub per_minute: u32,
    /// Tests under way at any time; 0 for no speed test at all.
    pub at_once: usize,
}

impl Default for SpeedSection {
    fn default() -> Self {
        Self { per_minute: 6, at_once: 4 }
    }
}

/// A name of the site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The name, with a port if there is one.
    pub name: String,
    /// Families of addresses under which it is reached.
    #[serde(default)]
    pub family: Family,
    /// Whether it answers on campus alone.
    #[serde(default)]
    pub campus: bool,
    /// For whom it is, in words.
    #[serde(default)]
    pub note: Bilingual,
}

impl NetworkSection {
    /// Whether the numbers and names can be.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> anyhow::Result<()> {
        ensure!(self.image_connections > 0, "network.image_connections: expected at least 1");
        ensure!(self.speed.per_minute > 0, "network.speed.per_minute: expected at least 1");
        for host in &self.hosts {
            let is_name = !host.name.is_empty()
                && host.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
            ensure!(
                is_name,
                "network.host.name = \"{}\": expected a host without a scheme",
                host.name
            );
        }
        Ok(())
    }

    /// Whether an address is on campus; nothing where no networks are configured.
    pub fn is_on_campus(&self, address: IpAddr) -> Option<bool> {
        let is_inside = || self.campus.iter().any(|net| net.contains(&address));
        (!self.campus.is_empty()).then(is_inside)
    }

    /// The answer of `/api/is_campus_network`: 0 off campus or unknown, 1 on campus by IPv4, 2 by IPv6.
    ///
    /// COMPAT: as the site of Zhejiang University has it today (mirror-front, `src/lib/network.ts`).
    pub fn campus_digit(&self, address: Option<IpAddr>) -> u8 {
        match address {
            Some(address) if self.is_on_campus(address) == Some(true) => {
                if address.is_ipv4() {
                    1
                } else {
                    2
                }
            }
            _ => 0,
        }
    }
}

/// The names of the site, judged for one visitor: a name for the campus comes before the others for who
/// is there, and otherwise the order is the operator's.
pub fn names(config: &Config, address: Option<IpAddr>) -> Vec<Name> {
    let section = &config.network;
    let is_on_campus = address.and_then(|address| section.is_on_campus(address)) == Some(true);
    let mut names: Vec<Name> = section
        .hosts
        .iter()
        .map(|host| Name {
            host: host.name.clone(),
            family: host.family,
            is_campus_only: host.campus,
            note: host.note.clone(),
            is_usable: is_reached(host.family, address) && (is_on_campus || !host.campus),
            is_suggested: false,
        })
        .collect();
    if names.is_empty() {
        names.push(Name {
            host: config.host().to_owned(),
            family: Family::Both,
            is_campus_only: false,
            note: Bilingual::default(),
            is_usable: true,
            is_suggested: false,
        });
    }
    let best =
        names.iter_mut().filter(|name| name.is_usable).min_by_key(|name| !name.is_campus_only);
    if let Some(best) = best {
        best.is_suggested = true;
    }
    names
}

/// Whether a connection like that of the visitor reaches a name of this family.
fn is_reached(family: Family, address: Option<IpAddr>) -> bool {
    match (family, address) {
        (Family::Both, _) => true,
        (Family::Ipv4, Some(address)) => address.is_ipv4(),
        (Family::Ipv6, Some(address)) => address.is_ipv6(),
        (_, None) => false,
    }
}

/// What may slow a visitor down, as far as it is configured.
pub fn limits(config: &Config) -> Limits {
    let speed = config.network.speed;
    Limits {
        searches: (config.search.per_minute, config.search.burst),
        image_connections: config.files.accel.as_ref().map(|_| config.network.image_connections),
        tests: (speed.at_once > 0).then_some((speed.per_minute, speed.at_once)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(network: &str) -> Config {
        let site = "[site]\nbase_url = \"https://m.example\"\nname = { zh = \"镜\", en = \"M\" }\n";
        Config::parse(&format!("{site}{network}")).unwrap()
    }

    const NETWORK: &str = r#"
[network]
campus = ["10.0.0.0/8", "2001:db8:1::/48"]
[[network.host]]
name = "m.example"
[[network.host]]
name = "m6.example"
family = "ipv6"
[[network.host]]
name = "inside.example"
campus = true
"#;

    fn suggested(config: &Config, address: Option<&str>) -> (Vec<bool>, String) {
        let names = names(config, address.map(|text| text.parse().unwrap()));
        let best: Vec<_> = names.iter().filter(|n| n.is_suggested).map(|n| &n.host).collect();
        assert_eq!(best.len(), 1);
        (names.iter().map(|name| name.is_usable).collect(), best[0].clone())
    }

    #[test]
    fn a_name_suits_by_family_and_place() {
        let config = config(NETWORK);
        let of = |address: &str| suggested(&config, Some(address));
        assert_eq!(of("192.0.2.1"), (vec![true, false, false], "m.example".to_owned()));
        assert_eq!(of("2001:db8::1"), (vec![true, true, false], "m.example".to_owned()));
        assert_eq!(of("10.1.2.3"), (vec![true, false, true], "inside.example".to_owned()));
        assert_eq!(of("2001:db8:1::1"), (vec![true, true, true], "inside.example".to_owned()));
        assert_eq!(suggested(&config, None), (vec![true, false, false], "m.example".to_owned()));
    }

    #[test]
    fn campus_is_a_digit_and_unknown_without_networks() {
        let with = config(NETWORK).network;
        let digit = |text: &str| with.campus_digit(Some(text.parse().unwrap()));
        assert_eq!([digit("10.0.0.1"), digit("2001:db8:1::9"), digit("192.0.2.1")], [1, 2, 0]);
        assert_eq!(with.campus_digit(None), 0);
        let without = config("").network;
        assert_eq!(without.is_on_campus("10.0.0.1".parse().unwrap()), None);
        assert_eq!(without.campus_digit(Some("10.0.0.1".parse().unwrap())), 0);
    }

    #[test]
    fn only_what_is_configured_is_told() {
        assert_eq!(limits(&config("")).image_connections, None, "no nginx in front");
        let told =
            limits(&config("[files]\naccel = \"/_accel\"\n[network]\nimage_connections = 3\n"));
        assert_eq!(told.image_connections, Some(3));
        assert!(limits(&config("[network.speed]\nat_once = 0\n")).tests.is_none());
    }
}
