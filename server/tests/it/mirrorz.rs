//! The feed for the `MirrorZ` network: its rules, and that it says what was meant.

use std::{collections::HashSet, fs, path::PathBuf};

use app::model::State;
use jiff::Timestamp;
use rstest::rstest;
use serde_json::Value;
use server::status::{Backend, Entry, Parsed};

use crate::harness::TestSite;

fn of_fixtures() -> Timestamp {
    "2026-08-20T06:00:00Z".parse().unwrap()
}

fn read(kind: &str, bytes: &[u8], now: Timestamp) -> Parsed {
    let text = if kind == "trace" {
        "trace = {}".to_owned()
    } else {
        format!("{kind}.url = \"http://a.example/\"")
    };
    toml::from_str::<Backend>(&text).unwrap().parse(bytes, now).unwrap()
}

/// The rules of version 1.7 and of extension D, as the README of the format states them.
fn assert_valid(feed: &Value) {
    assert_eq!(feed["version"], 1.7);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let site = &feed["site"];
    assert!(text(site, "url").starts_with("http") && !text(site, "url").ends_with('/'), "{site}");
    assert!(!text(site, "abbr").is_empty());
    assert!(!text(site, "logo").to_lowercase().ends_with(".ico"));
    assert!(site["logo_darkmode"].is_null() || site["logo"].is_string());
    for distribution in feed["info"].as_array().unwrap() {
        assert!(!text(distribution, "distro").is_empty());
        assert!(["os", "app", "font"].contains(&text(distribution, "category").as_str()));
        for url in distribution["urls"].as_array().unwrap() {
            assert!(!text(url, "name").is_empty() && !text(url, "url").is_empty());
        }
    }
    let mut names = HashSet::new();
    for mirror in feed["mirrors"].as_array().unwrap() {
        assert!(names.insert(text(mirror, "cname")), "twice: {mirror}");
        let url = text(mirror, "url");
        assert!(url.starts_with('/') && !url.ends_with('/'), "{mirror}");
        assert!(text(mirror, "help").starts_with('/'), "{mirror}");
        assert_valid_status(&text(mirror, "status"));
        for value in mirror.as_object().unwrap().values() {
            assert!(value.is_string() || value.is_boolean(), "{mirror}");
        }
    }
    assert_eq!(feed["extension"] == "D", feed.get("endpoints").is_some());
    for endpoint in feed["endpoints"].as_array().into_iter().flatten() {
        let keys: HashSet<_> = endpoint.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["label", "public", "resolve", "filter", "range"].into());
        assert!(endpoint["public"].is_boolean() && !text(endpoint, "resolve").contains("://"));
        for filter in endpoint["filter"].as_array().unwrap() {
            assert!(["V4", "V6", "SSL", "NOSSL"].contains(&filter.as_str().unwrap()));
        }
    }
}

/// One main letter; the auxiliary ones at most once, `O` only with `Y` and `F`; no number with `C`,
/// `R`, `U`.
fn assert_valid_status(status: &str) {
    let mut rest = status;
    let mut letters = String::new();
    while let Some(letter) = rest.chars().next() {
        assert!("SDYFPCRUXNO".contains(letter), "{status}");
        let number = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
        assert!(number == 0 || !"CRU".contains(letter), "{status}");
        assert!(number == 0 || number == 10, "seconds, not milliseconds: {status}");
        assert!(!letters.contains(letter), "{status}");
        letters.push(letter);
        rest = &rest[1 + number..];
    }
    assert_eq!(letters.chars().filter(|c| "SDYFPCRU".contains(*c)).count(), 1, "{status}");
    assert!(!letters.contains('O') || letters.contains(['Y', 'F']), "{status}");
}

#[tokio::test]
async fn the_feed_keeps_the_rules_of_version_1_7() {
    let site = TestSite::shared().await;
    for path in ["/api/mirrorz.json", "/mirrorz.json"] {
        let answer = site.get(path).await.is(200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_valid(&answer.json());
    }
}

/// What has been read from another site goes out through ours and comes back the same.
#[rstest]
#[tokio::test]
async fn states_survive_the_way_out_and_back(
    #[files("tests/fixtures/tunasync/*.json")]
    #[files("tests/fixtures/mirrormanager/*.json")]
    #[files("tests/fixtures/mirrorgo/*.json")]
    #[files("tests/fixtures/mirrorz/*.json")]
    #[files("tests/fixtures/lug/*.json")]
    #[files("tests/fixtures/yuki/*.json")]
    #[files("tests/fixtures/synccontroller/*.json")]
    #[files("tests/fixtures/trace/*.json")]
    #[exclude("broken-")]
    path: PathBuf,
) {
    let kind = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let sent = read(kind, &fs::read(&path).unwrap(), of_fixtures()).entries;
    let builder = TestSite::builder().content(&[]).tree(|_| ()).clock(of_fixtures);
    let site = builder.entries(sent.clone()).start().await;
    let answer = site.get("/api/mirrorz.json").await.is(200);
    assert_valid(&answer.json());
    let back = read("mirrorz", &answer.body, of_fixtures());
    assert!(back.dropped.is_empty());
    let visible: Vec<&Entry> = sent.iter().filter(|entry| !entry.disabled).collect();
    assert_eq!(back.entries.len(), visible.len());
    for was in visible {
        let is = back.entries.iter().find(|entry| entry.id == was.id).unwrap();
        assert_eq!(was.state, is.state, "{}", was.id);
        if matches!(was.state, State::Success | State::Syncing | State::Failed) {
            assert_eq!((was.last_success, was.next), (is.last_success, is.next), "{}", was.id);
        }
    }
}

#[tokio::test]
async fn endpoints_make_it_extension_d_with_keys_in_small_letters() {
    let config = r#"
[mirrorz]
logo = "https://mirror.example/logo.svg"
logo_darkmode = "https://mirror.example/dark.svg"
disk = "31T/64T"
big = "/speedtest/1000mb.bin"
[[mirrorz.endpoint]]
label = "example6"
public = false
resolve = "ipv6.mirror.example"
filter = ["V6", "SSL"]
range = ["COUNTRY:CN", "2001:db8::/32"]
"#;
    let builder = TestSite::builder().content(&[("mirrors/cran/mirror.toml", CRAN)]).tree(|_| ());
    let site = builder.config(config).start().await;
    let feed = site.get("/mirrorz.json").await.is(200).json();
    assert_valid(&feed);
    assert_eq!(feed["extension"], "D");
    assert_eq!(
        feed["endpoints"],
        serde_json::json!([{
            "label": "example6",
            "public": false,
            "resolve": "ipv6.mirror.example",
            "filter": ["V6", "SSL"],
            "range": ["COUNTRY:CN", "2001:db8::/32"],
        }])
    );
    assert_eq!(feed["site"]["disk"], "31T/64T");
    assert!(feed["site"].get("endpoint").is_none() && feed["site"].get("disable").is_none());
    // The agreed name goes out, the site's own address stays.
    let mirror = &feed["mirrors"][0];
    assert_eq!((&mirror["cname"], &mirror["url"]), (&"CRAN".into(), &"/cran".into()));
    assert_eq!(mirror["help"], "/docs/cran");
    assert_eq!(site.get("/docs/CRAN").await.is(308).location(), "/docs/cran");
}

const CRAN: &str = r#"
name = { zh = "CRAN", en = "CRAN" }
description = { zh = "甲。", en = "A." }
category = "language"
cname = "CRAN"
"#;

#[test]
fn statuses_of_no_kind_are_noticed() {
    for status in [
        "",
        "X1787184000",
        "S1787184000O1787184000",
        "S1787184000F1787184000",
        "Z",
        "S17",
        "C1787184000",
    ] {
        let result = std::panic::catch_unwind(|| assert_valid_status(status));
        assert!(result.is_err(), "{status}");
    }
}
