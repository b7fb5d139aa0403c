//! What all addresses for programs have in common, and the small ones among them.

use app::model::State;
use axum::http::Method;
use serde_json::{Value, json};
use server::{router::addresses, status::Backend};

use crate::{
    api::every_state,
    harness::{TestSite, few, now},
    html::Html,
};

const OPEN: [(&str, &str); 5] = [
    ("access-control-allow-origin", "*"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];

/// An address that exists for every template of the router.
fn example(template: &str) -> String {
    template.replace("{id}", "debian").replace("{*name}", "debian.svg").replace("{series}", "disk")
}

#[tokio::test]
async fn every_address_for_programs_is_open_and_answers_to_its_methods_alone() {
    let site = TestSite::shared().await;
    for (template, _) in addresses() {
        let path = match template {
            "/api/v1/files" => "/api/v1/files?q=debian".to_owned(),
            _ => example(template),
        };
        let read = site.get(&path).await.is(200);
        let head = site.ask(&Method::HEAD, &path, &[]).await.is(200);
        assert!(head.body.is_empty() && !head.header("cache-control").is_empty(), "{path}");
        // A search says how long it took, which is another answer each time.
        if !path.contains("?q=") && !path.ends_with('z') {
            assert!(!read.header("etag").is_empty(), "{path}");
            assert_eq!(head.header("etag"), read.header("etag"), "{path}");
            let known = [("if-none-match", read.header("etag"))];
            assert!(site.get_with(&path, &known).await.is(304).body.is_empty(), "{path}");
        }
        let refused = site.ask(&Method::DELETE, &path, &[("accept", "text/html")]).await.is(405);
        assert_eq!(refused.problem()["title"], "Method not allowed", "{path}");
        let asked = [("origin", "https://other.example"), ("access-control-request-method", "GET")];
        let preflight = site.ask(&Method::OPTIONS, &path, &asked).await.is(204);
        for answer in [&refused, &preflight] {
            let allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
            assert_eq!(allowed, ["GET", "HEAD", "OPTIONS"], "{path}");
        }
        assert_eq!(preflight.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
        for answer in [&read, &head, &refused, &preflight] {
            for (name, value) in OPEN {
                assert_eq!(answer.header(name), value, "{path}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_refuses_other_methods_and_says_which_it_takes() {
    let site = TestSite::shared().await;
    for path in ["/", "/docs/debian", "/debian/", "/debian/dists/trixie/InRelease", "/nothing"] {
        let answer = site.ask(&Method::POST, path, &[]).await.is(405);
        let allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        assert_eq!(allowed, ["GET", "HEAD"], "{path}");
    }
}

#[tokio::test]
async fn a_problem_says_what_is_wrong_in_the_language_that_the_client_prefers() {
    let site = TestSite::shared().await;
    for (path, status, kind, detail) in [
        ("/api/nothing", 404, "not-found", "There is no “/api/nothing” here."),
        ("/api/v1/mirrors/nothing", 404, "unknown-mirror", "no mirror called “nothing”"),
        ("/api/v1/mirrors/%ff", 400, "bad-path", "not UTF-8"),
        ("/api/v1/mirrors?state=ok", 400, "bad-parameter", "Valid values: success, syncing"),
        ("/api/v1/mirrors?states=ok", 400, "bad-parameter", "category, state, freshness"),
        ("/api/v1/mirrors?state=failed&state=failed", 400, "bad-parameter", "only once"),
        ("/api/v1/mirrors/debian?x=1", 400, "bad-parameter", "takes none"),
        ("/api/v1/files?q=a&limit=", 400, "bad-parameter", "1–200"),
        ("/api/v1/files?q=a&mirror=nothing", 404, "unknown-mirror", "“nothing”"),
        ("/api/v1/files", 400, "bad-query", "nothing to look for"),
        ("/badge/debian.svg?lang=de", 400, "bad-parameter", "zh, en"),
        ("/badge/debian.png", 404, "not-found", "/badge/debian.png"),
    ] {
        let answer = site.get_with(path, &[("accept-language", "en")]).await.is(status);
        let problem = answer.problem();
        assert_eq!(problem["type"], format!("https://mirror.example/api/docs#problem-{kind}"));
        assert_eq!(problem["instance"], path.split('?').next().unwrap());
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{path}: {problem}");
        assert!(answer.header("vary").contains("accept-language"), "{path}");
        let chinese = site.get(path).await.problem();
        assert_ne!(chinese["detail"], problem["detail"], "{path}");
        assert_eq!(chinese["type"], problem["type"]);
    }
}

#[tokio::test]
async fn mirrors_can_be_narrowed_and_asked_for_alone() {
    let site = few().start().await;
    let ids = async |query: &str| -> Vec<String> {
        let json = site.get(&format!("/api/v1/mirrors?{query}")).await.is(200).json();
        let mirrors = json["mirrors"].as_array().unwrap();
        mirrors.iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, ["alpha", "beta", "delta/child", "gamma"]);
    assert_eq!(ids("state=failed").await, ["beta"]);
    assert_eq!(ids("category=system").await, ["alpha", "gamma"]);
    assert_eq!(ids("category=system&state=success&freshness=unknown").await, ["alpha"]);
    assert_eq!(ids("freshness=stale").await, [""; 0]);

    let all = site.get("/api/v1/mirrors").await.json();
    for mirror in all["mirrors"].as_array().unwrap() {
        let id = mirror["id"].as_str().unwrap();
        let encoded = id.replace('/', "%2F");
        assert_eq!(&site.get(&format!("/api/v1/mirrors/{encoded}")).await.is(200).json(), mirror);
    }
    let alias = site.get("/api/v1/mirrors/Alfa").await.is(308);
    assert_eq!(alias.location(), "/api/v1/mirrors/alpha");
}

#[tokio::test]
async fn the_tunasync_file_is_read_back_as_it_was_meant() {
    let site = TestSite::builder().content(&[]).entries(every_state()).tree(|_| ()).start().await;
    let answer = site.get("/static/tunasync.json").await.is(200);
    let backend: Backend =
        serde_json::from_value(json!({"tunasync": {"url": "http://a.example/"}})).unwrap();
    let parsed = backend.parse(&answer.body, now()).unwrap();
    assert!(parsed.dropped.is_empty(), "{:?}", parsed.dropped);
    assert_eq!(parsed.entries.len(), State::ALL.len());
    for was in every_state() {
        let is = parsed.entries.iter().find(|entry| entry.id == was.id).unwrap();
        // tunasync runs jobs: it has no word for a proxy, and a plan for it would be a queued job.
        let (state, next) = match was.state {
            State::Cached | State::Proxied | State::Unknown => (State::Unknown, None),
            state => (state, was.next),
        };
        assert_eq!((is.state, is.next), (state, next), "{}", was.id);
        assert_eq!(
            (is.last_success, is.last_attempt, is.size_bytes, &is.upstream),
            (was.last_success, was.last_attempt, was.size_bytes, &was.upstream),
            "{}",
            was.id
        );
    }
}

#[tokio::test]
async fn the_tunasync_file_has_every_field_of_the_format() {
    let site = few().start().await;
    let jobs = site.get("/static/tunasync.json").await.is(200).json();
    let beta = jobs.as_array().unwrap().iter().find(|job| job["name"] == "beta").unwrap();
    assert_eq!(
        beta,
        &json!({
            "name": "beta", "is_master": true, "status": "failed",
            "last_update": "2026-11-18 14:00:00 +0800", "last_update_ts": 1_794_981_600,
            "last_started": "0001-01-01 00:00:00 +0000", "last_started_ts": -62_135_596_800_i64,
            "last_ended": "2026-11-21 13:00:00 +0800", "last_ended_ts": 1_795_237_200,
            "next_schedule": "2026-11-21 20:00:00 +0800", "next_schedule_ts": 1_795_262_400,
            "upstream": "", "size": "5.0G",
        })
    );
    let gamma = jobs.as_array().unwrap().iter().find(|job| job["name"] == "gamma").unwrap();
    assert_eq!((&gamma["status"], &gamma["size"]), (&json!("none"), &json!("unknown")));
    for field in ["last_update_ts", "last_started_ts", "last_ended_ts", "next_schedule_ts"] {
        assert_eq!(gamma[field], -62_135_596_800_i64, "{field}");
    }
    let keys = |job: &Value| job.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(gamma), keys(beta));
}

#[tokio::test]
async fn a_badge_tells_state_and_age_in_both_languages() {
    let site = TestSite::shared().await;
    for (path, title) in [
        ("/badge/debian.svg", "Debian 软件仓库: 成功 · 内容 3 小时前"),
        ("/badge/debian.svg?lang=en", "Debian: ok · content 3 h ago"),
        ("/badge/Debian.svg?lang=en", "Debian: ok · content 3 h ago"),
        ("/badge/openeuler.svg?lang=en", "openEuler: ok · last success 7 h ago"),
    ] {
        let answer = site.get(path).await.is(200);
        assert_eq!(answer.header("content-type"), "image/svg+xml");
        assert_eq!(answer.header("cache-control"), "no-cache");
        let svg = Html::new(answer.text());
        assert_eq!(svg.texts("title"), [title], "{path}");
        assert_eq!(svg.texts("text").join(": "), title, "what is drawn is what is read");
        let number =
            |tag: &crate::html::Tag, key: &str| tag.get(key).unwrap().parse::<u32>().unwrap();
        let whole = number(svg.all("svg").next().unwrap(), "width");
        let drawn: u32 = svg.all("text").map(|text| number(text, "textLength")).sum();
        assert_eq!(whole, drawn + 24, "six pixels at each side of both texts");
    }
    let site = few().start().await;
    let nested = site.get("/badge/delta%2Fchild.svg?lang=en").await.is(200);
    assert_eq!(nested.body, site.get("/badge/delta/child.svg?lang=en").await.is(200).body);
}

#[tokio::test]
async fn a_badge_of_no_mirror_says_so_and_is_not_found() {
    let site = TestSite::shared().await;
    let long = "x".repeat(300);
    for id in ["nothing", "%3Cscript%3E", "%01", &long] {
        let answer = site.get(&format!("/badge/{id}.svg?lang=en")).await.is(404);
        assert_eq!(answer.header("content-type"), "image/svg+xml");
        let svg = Html::new(answer.text());
        assert!(svg.texts("title")[0].ends_with(": no such mirror"), "{id}");
        assert_eq!(svg.all("script").count(), 0);
        assert!(!answer.text().contains('\u{1}') && answer.body.len() < 2000, "{id}");
    }
}
