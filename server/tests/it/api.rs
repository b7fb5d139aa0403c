//! `/api/v1/mirrors` and `/api/mirrorz.json`: what programs of others rely on.

use app::model::State;
use jiff::Timestamp;
use serde_json::{Value, json};
use server::status::{Backend, Entry};

use crate::harness::{TestSite, few, now};

const MIRROR_KEYS: [&str; 12] = [
    "id",
    "name",
    "path",
    "state",
    "last_success",
    "last_attempt",
    "next",
    "size_bytes",
    "upstream",
    "content_time",
    "freshness",
    "docs",
];
const BACKEND_KEYS: [&str; 7] = ["kind", "url", "ok", "fetched_at", "error", "entries", "dropped"];

fn is_time_or_null(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok())
}

#[tokio::test]
async fn mirrors_have_every_key_of_the_design() {
    for site in [TestSite::builder().start().await, few().start().await] {
        let answer = site.get("/api/v1/mirrors").await.is(200);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let json = answer.json();
        assert_eq!(json["generated_at"], "2026-11-21T06:00:00Z");
        for backend in json["backends"].as_array().unwrap() {
            for key in BACKEND_KEYS {
                assert!(backend.get(key).is_some(), "{key} in {backend}");
            }
            assert!(is_time_or_null(&backend["fetched_at"]) && backend["ok"].is_boolean());
        }
        let mirrors = json["mirrors"].as_array().unwrap();
        assert!(!mirrors.is_empty());
        for mirror in mirrors {
            for key in MIRROR_KEYS {
                assert!(mirror.get(key).is_some(), "{key} in {mirror}");
            }
            for key in ["last_success", "last_attempt", "next", "content_time"] {
                assert!(is_time_or_null(&mirror[key]), "{key} in {mirror}");
            }
            for lang in ["zh", "en"] {
                assert!(!mirror["name"][lang].as_str().unwrap().is_empty(), "{mirror}");
            }
            let state = mirror["state"].as_str().unwrap();
            assert!(State::ALL.iter().any(|s| s.id() == state), "{mirror}");
            assert!(
                ["fresh", "late", "stale", "expired", "unknown"]
                    .contains(&mirror["freshness"].as_str().unwrap())
            );
            assert!(mirror["size_bytes"].is_null() || mirror["size_bytes"].is_u64(), "{mirror}");
            let docs = mirror["docs"].as_str().unwrap().strip_prefix("https://mirror.example");
            site.get(docs.expect("docs is absolute")).await.is(200);
        }
    }
}

#[tokio::test]
async fn success_and_freshness_are_two_facts() {
    let site = TestSite::shared().await;
    let json = site.get("/api/v1/mirrors").await.json();
    let mirrors = json["mirrors"].as_array().unwrap();
    let debian = mirrors.iter().find(|m| m["id"] == "debian").unwrap();
    assert_eq!(debian["state"], "success");
    assert_eq!(debian["freshness"], "fresh");
    assert_eq!(debian["content_time"], "2026-11-21T03:00:00Z", "of the InRelease on this disk");
    assert_ne!(debian["content_time"], debian["last_success"]);
    assert_eq!(debian["recorded_at"], "2026-07-05T14:46:00Z");
    let without_tree = mirrors.iter().find(|m| m["id"] == "openeuler").unwrap();
    assert_eq!(without_tree["freshness"], "unknown");
    assert!(without_tree["content_time"].is_null());
}

/// One entry of each state, with all times.
pub fn every_state() -> Vec<Entry> {
    let at = |hours: i64| Some(now() + jiff::SignedDuration::from_hours(hours));
    let entry = |state: &State| Entry {
        id: format!("is-{}", state.id()),
        state: *state,
        last_success: at(-40),
        last_attempt: at(if *state == State::Success { -40 } else { -3 }),
        next: at(5),
        size_bytes: Some(1 << 40),
        upstream: Some("rsync://up.example/".to_owned()),
        ..Entry::default()
    };
    State::ALL.iter().map(entry).collect()
}

#[tokio::test]
async fn the_mirrorz_feed_is_read_back_as_it_was_meant() {
    let site = TestSite::builder().content(&[]).entries(every_state()).tree(|_| ()).start().await;
    let answer = site.get("/api/mirrorz.json").await.is(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let backend: Backend =
        serde_json::from_value(json!({"mirrorz": {"url": "http://a.example/"}})).unwrap();
    let parsed = backend.parse(&answer.body, now()).unwrap();
    assert!(parsed.dropped.is_empty(), "{:?}", parsed.dropped);
    assert_eq!(parsed.entries.len(), State::ALL.len());
    for (was, is) in
        every_state().iter().map(|e| (e, parsed.entries.iter().find(|p| p.id == e.id).unwrap()))
    {
        assert_eq!(was.state, is.state, "{}", was.id);
        assert_eq!((&was.upstream, was.size_bytes), (&is.upstream, is.size_bytes));
        assert_eq!(is.path.as_deref(), Some(format!("/{}", was.id).as_str()));
        if matches!(was.state, State::Success | State::Failed | State::Syncing) {
            assert_eq!(
                (was.last_success, was.last_attempt, was.next),
                (is.last_success, is.last_attempt, is.next),
                "{}",
                was.id
            );
        }
    }
}

#[tokio::test]
async fn the_mirrorz_feed_has_the_fields_of_version_1_7() {
    let site = TestSite::shared().await;
    let feed = site.get("/api/mirrorz.json").await.is(200).json();
    assert_eq!(feed, site.get("/mirrorz.json").await.is(200).json());
    assert_eq!(feed["version"], 1.7);
    assert!(feed["info"].is_array());
    let about = &feed["site"];
    for (key, value) in [
        ("url", "https://mirror.example"),
        ("abbr", "mirror.example"),
        ("name", "示例大学镜像站"),
        ("email", "mirror@example.edu"),
    ] {
        assert_eq!(about[key], value);
    }
    let mirrors = feed["mirrors"].as_array().unwrap();
    assert!(mirrors.len() >= 63);
    for mirror in mirrors {
        for key in ["cname", "desc", "url", "status", "help"] {
            assert!(mirror[key].as_str().is_some_and(|text| !text.is_empty()), "{key} in {mirror}");
        }
        for key in ["url", "help"] {
            assert!(mirror[key].as_str().unwrap().starts_with('/'), "{key} in {mirror}");
        }
        site.get(mirror["help"].as_str().unwrap()).await.is(200);
    }
}

#[tokio::test]
async fn health_is_told_in_lines() {
    let site = TestSite::shared().await;
    assert_eq!(site.get("/healthz").await.is(200).text(), "ok\n");
    let ready = site.get("/readyz").await.is(200);
    let lines: Vec<_> = ready.text().lines().collect();
    assert_eq!(lines, ["mirrors: 63", "backend mirrorz: ok, 63 entries", "file index: open"]);
    let nothing = TestSite::builder().content(&[]).tree(|_| ()).start().await;
    assert_eq!(nothing.get("/readyz").await.is(503).text(), "mirrors: 0\nfile index: none\n");
}
