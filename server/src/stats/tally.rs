//! Counting lines; nothing here reads a file or a clock.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use app::stats::{Agent, Rejected, Traffic};
use ipnet::IpNet;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    agent,
    line::{self, Line},
    place::{Place, Places},
};

/// A line may be of a moment that is so far ahead: clocks of two machines differ.
const AHEAD: i64 = 3600;
/// Zones are shifted by multiples of this many seconds, so a day begins at one.
const QUARTER: i64 = 900;

/// What counting needs to know of the site.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Paths of the mirrors.
    pub places: Places,
    /// Names of the site that are told apart.
    pub hosts: Vec<String>,
    /// Networks on campus; none when nothing is to be said of it.
    pub campus: Vec<IpNet>,
    /// Zone in which days begin.
    pub zone: TimeZone,
    /// How long days are kept.
    pub keep: Duration,
}

/// A network as it is counted: the number of its host and two flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetworkKey {
    /// Place in [`Rules::hosts`]; nothing for another name, or none.
    pub host: Option<usize>,
    /// Whether it came by IPv6.
    pub is_ipv6: bool,
    /// Whether it came from the campus, if anything is known of one.
    pub is_on_campus: Option<bool>,
}

/// What was counted since the last time it was written down.
#[derive(Debug, Default)]
pub struct Tally {
    /// By day, place and client.
    pub traffic: HashMap<(Date, Place, Agent), Traffic>,
    /// By day and network.
    pub networks: HashMap<(Date, NetworkKey), Traffic>,
    /// Lines that were not counted.
    pub rejected: HashMap<Rejected, u64>,
    /// Lines that were.
    pub lines: u64,
    /// The latest moment among them.
    pub newest: Option<i64>,
}

impl Tally {
    /// Sums in memory.
    pub fn len(&self) -> usize {
        self.traffic.len() + self.networks.len()
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.lines == 0 && self.rejected.is_empty()
    }
}

/// Counts lines at one moment.
pub struct Counter<'a> {
    rules: &'a Rules,
    latest: i64,
    earliest: i64,
    /// The quarter of an hour of the last line, and its day.
    day: (i64, Date),
    /// What was counted.
    pub tally: Tally,
}

impl<'a> Counter<'a> {
    /// A counter with nothing counted.
    pub fn new(rules: &'a Rules, now: Timestamp) -> Self {
        let keep = i64::try_from(rules.keep.as_secs()).unwrap_or(i64::MAX);
        Self {
            rules,
            latest: now.as_second().saturating_add(AHEAD),
            earliest: now.as_second().saturating_sub(keep),
            day: (i64::MIN, Date::ZERO),
            tally: Tally::default(),
        }
    }

    /// Counts one line without its end.
    pub fn count(&mut self, bytes: &[u8]) {
        match line::parse(bytes) {
            None => self.reject(Rejected::Malformed),
            Some(line) if line.time > self.latest => self.reject(Rejected::Future),
            Some(line) if line.time < self.earliest => self.reject(Rejected::Old),
            Some(line) => self.add(&line),
        }
    }

    /// Counts a line that is not looked at.
    pub fn reject(&mut self, why: Rejected) {
        *self.tally.rejected.entry(why).or_default() += 1;
    }

    fn add(&mut self, line: &Line<'_>) {
        let day = self.day(line.time);
        let traffic = Traffic {
            requests: 1,
            bytes: line.bytes,
            partial: u64::from(line.status == 206 || line.is_cut),
            errors: u64::from(line.status >= 400),
        };
        let key = (day, self.rules.places.find(&line.target), agent::classify(line.agent));
        *self.tally.traffic.entry(key).or_default() += traffic;
        *self.tally.networks.entry((day, self.network(line))).or_default() += traffic;
        self.tally.lines += 1;
        self.tally.newest = self.tally.newest.max(Some(line.time));
    }

    fn network(&self, line: &Line<'_>) -> NetworkKey {
        let host = line
            .host
            .and_then(|host| self.rules.hosts.iter().position(|own| own.as_bytes() == host));
        NetworkKey { host, is_ipv6: line.is_ipv6, is_on_campus: self.is_on_campus(line.address) }
    }

    fn is_on_campus(&self, address: &[u8]) -> Option<bool> {
        if self.rules.campus.is_empty() {
            return None;
        }
        let address: IpAddr = std::str::from_utf8(address).ok()?.parse().ok()?;
        let address = address.to_canonical();
        Some(self.rules.campus.iter().any(|net| net.contains(&address)))
    }

    /// PERF: lines of a log are nearly in order, and a zone is asked once in a quarter of an hour.
    fn day(&mut self, time: i64) -> Date {
        let quarter = time.div_euclid(QUARTER);
        if self.day.0 != quarter {
            let time = Timestamp::from_second(time).unwrap_or_default();
            self.day = (quarter, time.to_zoned(self.rules.zone.clone()).date());
        }
        self.day.1
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::stats::place::Named;

    fn rules() -> Rules {
        Rules {
            places: Places::new([Named { id: "debian", path: "/debian", aliases: &[] }]),
            hosts: vec!["mirror.example".to_owned()],
            campus: vec!["10.0.0.0/8".parse().unwrap()],
            zone: TimeZone::get("Asia/Shanghai").unwrap(),
            keep: Duration::from_hours(400 * 24),
        }
    }

    fn line(address: &str, time: &str, status: u16, host: &str) -> String {
        format!(
            "{address} [{time}] \"GET /debian/x HTTP/1.1\" {status} 100 OK 0.1 \"-\" \"curl/8\" {host}"
        )
    }

    #[test]
    fn a_day_begins_in_the_zone_of_the_site_whatever_the_zone_of_the_log() {
        let rules = rules();
        let mut counter = Counter::new(&rules, "2026-11-21T06:00:00Z".parse().unwrap());
        for time in
            ["2026-11-20T15:59:59Z", "2026-11-21T00:00:00+08:00", "2026-11-20T11:00:00-05:00"]
        {
            counter.count(line("192.0.2.1", time, 200, "x").as_bytes());
        }
        let mut days: Vec<_> =
            counter.tally.traffic.iter().map(|(k, t)| (k.0, t.requests)).collect();
        days.sort_unstable();
        assert_eq!(days, [(date(2026, 11, 20), 1), (date(2026, 11, 21), 2)]);
    }

    #[test]
    fn parts_errors_and_networks_are_told_apart() {
        let rules = rules();
        let now = "2026-11-21T06:00:00Z";
        let mut counter = Counter::new(&rules, now.parse().unwrap());
        counter.count(line("10.1.1.1", now, 206, "mirror.example").as_bytes());
        counter.count(line("2001:db8::1", now, 404, "other.example").as_bytes());
        counter
            .count(line("10.1.1.1", now, 200, "mirror.example").replace(" OK ", "  ").as_bytes());
        let total = counter.tally.traffic.values().fold(Traffic::default(), |mut sum, t| {
            sum += *t;
            sum
        });
        assert_eq!(total, Traffic { requests: 3, bytes: 300, partial: 2, errors: 1 });
        let of = |host, is_ipv6, campus| {
            let key = NetworkKey { host, is_ipv6, is_on_campus: Some(campus) };
            counter.tally.networks[&(date(2026, 11, 21), key)].requests
        };
        assert_eq!([of(Some(0), false, true), of(None, true, false)], [2, 1]);
    }

    #[test]
    fn what_is_not_of_this_time_is_counted_apart() {
        let rules = rules();
        let mut counter = Counter::new(&rules, "2026-11-21T06:00:00Z".parse().unwrap());
        counter.count(line("192.0.2.1", "2026-11-21T06:59:00Z", 200, "x").as_bytes());
        counter.count(line("192.0.2.1", "2026-11-21T07:01:00Z", 200, "x").as_bytes());
        counter.count(line("192.0.2.1", "2024-01-01T00:00:00Z", 200, "x").as_bytes());
        counter.count(b"nonsense");
        let rejected = |why| counter.tally.rejected.get(&why).copied().unwrap_or_default();
        assert_eq!(Rejected::ALL.map(rejected), [1, 0, 1, 1]);
        assert_eq!(counter.tally.lines, 1);
    }
}
