//! Any `MirrorZ` feed, `mirrorz.json` up to 1.7, with or without extension D.
//!
//! Format: mirrorz-org/mirrorz `README.md`, "Data Format v1.7". `version` is not looked at: most
//! feeds lack it, one has a string, and nothing that is read here depends on it.

use app::model::State;
use jiff::Timestamp;
use serde_json::Value;

use super::{Entry, ParseError, Parsed, collect, document, field, moment, size, upstream};

/// Reads `mirrors` of the feed; `site.url` tells which absolute addresses are on this host.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Parsed, ParseError> {
    const EXPECTED: &str = "a MirrorZ object with an array `mirrors`";
    let feed = document::json(bytes, EXPECTED)?;
    let Some(Value::Array(mirrors)) = feed.get("mirrors") else {
        return Err(ParseError::shape(EXPECTED, &feed));
    };
    let site = field::text(&feed["site"], "url").and_then(split_url);
    Ok(collect::collect(mirrors, "cname", |_| false, |mirror, id| entry(mirror, id, site, now)))
}

fn entry(mirror: &Value, id: String, site: Option<(&str, &str)>, now: Timestamp) -> Entry {
    let status = Status::read(field::text(mirror, "status").unwrap_or_default());
    let (last_success, attempt) =
        (moment::past(status.success, now), moment::past(status.attempt, now));
    Entry {
        id,
        path: field::text(mirror, "url").and_then(|url| path(url, site)),
        name: field::bilingual(mirror, "name"),
        state: status.state,
        last_success,
        last_attempt: attempt.max(last_success),
        started: attempt.filter(|_| status.state == State::Syncing),
        next: moment::planned(status.next, now),
        size_bytes: size::bytes(&mirror["size"]),
        upstream: field::text(mirror, "upstream").and_then(upstream::public),
        description: field::bilingual(mirror, "desc"),
        disabled: mirror["disable"] == true || mirror["disable"] == "true",
        ..Entry::default()
    }
}

/// A status string: letters, each with an optional number, in any order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Status {
    state: State,
    success: Option<Timestamp>,
    attempt: Option<Timestamp>,
    next: Option<Timestamp>,
}

impl Status {
    /// Letters that are unknown, and main letters after the first one, are passed over with their
    /// numbers; without a main letter the state is unknown. A number may be negative: Go's zero
    /// time gets into feeds, too.
    fn read(text: &str) -> Self {
        let mut status = Self::default();
        let mut main = None;
        let mut rest = text.trim_start();
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            rest = after;
            let time = number.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
            match (letter, state(letter)) {
                ('X', _) => status.next = time,
                ('O', _) => status.success = status.success.max(time),
                (_, Some(state)) if main.is_none() => {
                    main = Some(state);
                    match letter {
                        'S' => status.success = status.success.max(time),
                        'F' | 'Y' => status.attempt = time,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        status.state = main.unwrap_or_default();
        status
    }
}

const fn state(letter: char) -> Option<State> {
    Some(match letter {
        'S' => State::Success,
        'D' => State::Pending,
        'Y' => State::Syncing,
        'F' => State::Failed,
        'P' => State::Paused,
        'C' => State::Cached,
        'R' => State::Proxied,
        'U' => State::Unknown,
        _ => return None,
    })
}

/// `url` of an entry as a path on this host: appended to `site.url`, or absolute on the same host.
fn path(url: &str, site: Option<(&str, &str)>) -> Option<String> {
    if let Some((host, path)) = split_url(url) {
        return site
            .filter(|site| site.0.eq_ignore_ascii_case(host))
            .and_then(|_| field::path(path));
    }
    let base = site.map_or("", |site| site.1).trim_end_matches('/');
    let slash = if url.starts_with('/') { "" } else { "/" };
    // The base is a stranger's text as well: `https://host//x` has no path that names anything.
    field::path(&format!("{slash}{url}")).and_then(|path| field::path(&format!("{base}{path}")))
}

/// Host (with a port, if given) and path of an absolute URL.
fn split_url(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    Some(rest.split_at(rest.find('/').unwrap_or(rest.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn every_pattern_of_the_real_feeds_is_read() {
        for (text, state, success, attempt, next) in [
            ("S1000X2000", State::Success, Some(at(1000)), None, Some(at(2000))),
            ("X2000S1000", State::Success, Some(at(1000)), None, Some(at(2000))),
            ("U", State::Unknown, None, None, None),
            ("S1000", State::Success, Some(at(1000)), None, None),
            ("F1500O1000X2000", State::Failed, Some(at(1000)), Some(at(1500)), Some(at(2000))),
            ("F1500X2000O1000", State::Failed, Some(at(1000)), Some(at(1500)), Some(at(2000))),
            ("Y1500O1000", State::Syncing, Some(at(1000)), Some(at(1500)), None),
            ("YO1000X2000", State::Syncing, Some(at(1000)), None, Some(at(2000))),
            ("C", State::Cached, None, None, None),
            ("R", State::Proxied, None, None, None),
            ("S1000X2000N", State::Success, Some(at(1000)), None, Some(at(2000))),
            ("F1500O1000N900X2000", State::Failed, Some(at(1000)), Some(at(1500)), Some(at(2000))),
            ("PX2000", State::Paused, None, None, Some(at(2000))),
            ("P1500", State::Paused, None, None, None),
            ("D1500X2000", State::Pending, None, None, Some(at(2000))),
        ] {
            assert_eq!(Status::read(text), Status { state, success, attempt, next }, "{text}");
        }
    }

    #[test]
    fn unreadable_status_is_unknown_and_never_worse() {
        for text in ["", "success", "1234", "Z5", "N", "\u{1F600}", "-", "失败"] {
            assert_eq!(Status::read(text).state, State::Unknown, "{text}");
        }
        assert_eq!(Status::read("Z5S1000").state, State::Success);
        assert_eq!(Status::read("S1000F2000").success, Some(at(1000)));
        assert_eq!(Status::read("S99999999999999999999").success, None);
    }

    #[test]
    fn addresses_on_other_hosts_are_no_paths() {
        let site = split_url("https://mirrors.example");
        for (url, expected) in [
            ("/debian", Some("/debian")),
            ("/debian/", Some("/debian")),
            ("debian", Some("/debian")),
            ("https://mirrors.example/debian/", Some("/debian")),
            ("http://MIRRORS.example/debian", Some("/debian")),
            ("https://gcr.mirrors.example", None),
            ("https://gcr.mirrors.example/x", None),
            ("//cdn.example/x", None),
            ("/", None),
        ] {
            assert_eq!(path(url, site).as_deref(), expected, "{url}");
        }
        assert_eq!(
            path("/debian", split_url("https://a.example//m")),
            None,
            "a base with an empty segment"
        );
        assert_eq!(
            path("/debian", split_url("https://a.example/m/")).as_deref(),
            Some("/m/debian")
        );
    }

    #[test]
    fn object_without_mirrors_says_what_it_has() {
        let error =
            parse(b"{\"endpoints\": [], \"extension\": \"D\"}", Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a MirrorZ object with an array `mirrors`, got an object with \"endpoints\", \"extension\""
        );
    }
}
