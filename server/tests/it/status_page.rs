//! `/status`, and what a visitor sees of backends that are away.

use jiff::Timestamp;
use server::status::poll::BackendState;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::harness::{FEW, GAMMA_EN, TestSite, few, few_entries};

#[tokio::test]
async fn all_times_of_all_mirrors_are_shown() {
    let site = few().start().await;
    let main = site.get("/en/status").await.is(200).html().main();
    let text = main.visible();
    for word in ["2 h ago", "1 h ago", "3 days ago", "in 6 h", "rsync://alpha.example/", "3.0 TiB"]
    {
        assert!(text.contains(word), "{word} in {text}");
    }
    let times: Vec<_> = main.all("time").filter_map(|t| t.get("datetime")).collect();
    assert!(times.contains(&"2026-11-21T04:00:00Z"), "{times:?}");
    assert!(times.iter().all(|t| t.parse::<Timestamp>().is_ok()), "{times:?}");
    assert_eq!(main.all("tr").count(), 2 + 1 + 4, "two heads, one backend, four mirrors");
}

#[tokio::test]
async fn a_site_without_a_backend_says_so() {
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN]).collect();
    let site = TestSite::builder().content(&files).tree(|_| ()).start().await;
    assert!(
        site.get("/en/status").await.is(200).html().visible().contains("No backend is configured.")
    );
    let ready = site.get("/readyz").await.is(200);
    assert!(ready.text().contains("mirrors: 3\n"), "{}", ready.text());
}

fn morning() -> Timestamp {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

fn evening() -> Timestamp {
    "2026-11-21T18:00:00Z".parse().unwrap()
}

const JOBS: &str = r#"[
    {"name": "alpha", "status": "success", "last_update_ts": 1795237200, "size": "3.0T", "upstream": "rsync://me@up.example/alpha"},
    {"name": 7, "status": {}},
    [],
    {"name": "beta", "status": "failed", "last_update_ts": 1795150800}
]"#;

fn is_good(states: &[BackendState]) -> bool {
    states[0].report.ok
}

fn is_bad(states: &[BackendState]) -> bool {
    states[0].report.error.is_some()
}

fn backend(url: &str) -> String {
    format!("[[backend]]\ntunasync.url = \"{url}/jobs\"\ntunasync.interval = \"20ms\"\n")
}

#[tokio::test]
async fn a_dead_backend_after_a_restart_keeps_the_last_good_data_with_its_age() {
    let kept = tempfile::tempdir().unwrap();
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN]).collect();
    // Not `MockServer::start`, whose servers come from a pool and outlive their test.
    let server = MockServer::builder().start().await;
    let good = ResponseTemplate::new(200).set_body_string(JOBS);
    Mock::given(path("/jobs")).respond_with(good).mount(&server).await;
    let lines = backend(&server.uri());
    let made = |wait| {
        let site = TestSite::builder().content(&files).state_folder(kept.path()).tree(|_| ());
        site.backends(&lines, wait)
    };
    let site = made(is_good).clock(morning).start().await;
    let json = site.get("/api/v1/mirrors").await.is(200).json();
    assert_eq!(json["backends"][0]["ok"], true);
    assert_eq!(json["backends"][0]["dropped"], 1, "what could not be read is counted");
    drop((site, server));

    let site = made(is_bad).clock(evening).start().await;
    let json = site.get("/api/v1/mirrors").await.is(200).json();
    assert_eq!(json["generated_at"], "2026-11-21T18:00:00Z");
    let report = &json["backends"][0];
    assert_eq!(
        (&report["ok"], &report["fetched_at"]),
        (&false.into(), &"2026-11-21T06:00:00Z".into())
    );
    assert!(report["error"].as_str().unwrap().contains("Connection refused"), "{report}");
    let alpha = &json["mirrors"][1];
    assert_eq!(alpha["id"], "alpha");
    assert_eq!(
        (&alpha["state"], &alpha["last_success"]),
        (&"success".into(), &"2026-11-21T05:00:00Z".into())
    );
    assert_eq!(alpha["upstream"], "rsync://up.example/alpha", "user names are stripped");

    let text = site.get("/en/status").await.is(200).html().main().visible();
    assert!(text.contains("away; the last good data is shown"), "{text}");
    assert!(text.contains("12 h ago"), "when it was fetched: {text}");
    assert!(text.contains("13 h ago"), "the last success: {text}");
    let list = site.get("/en/").await.is(200).html().main().visible();
    assert!(list.contains("13 h ago") && list.contains("3.0 TiB"), "{list}");
    let ready = site.get("/readyz").await.is(200);
    assert!(ready.text().contains("backend tunasync: away, 3 entries"), "{}", ready.text());
}

#[tokio::test]
async fn a_site_whose_backend_never_answered_still_shows_its_mirrors() {
    let server = MockServer::start().await;
    let html = ResponseTemplate::new(200).set_body_string("<!DOCTYPE html><h1>502</h1>");
    Mock::given(path("/jobs")).respond_with(html).mount(&server).await;
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN]).collect();
    let builder = TestSite::builder().content(&files).tree(|_| ());
    let site = builder.backends(&backend(&server.uri()), is_bad).start().await;
    let json = site.get("/api/v1/mirrors").await.is(200).json();
    assert_eq!(json["mirrors"].as_array().unwrap().len(), 3);
    assert!(json["mirrors"].as_array().unwrap().iter().all(|m| m["state"] == "unknown"));
    assert!(json["backends"][0]["fetched_at"].is_null());
    let page = site.get("/en/status").await.is(200).html();
    assert!(page.visible().contains("HTML"), "the cause is shown");
    assert!(page.runs_only_scripts_of_the_frame());
}

#[tokio::test]
async fn a_running_site_follows_its_backend() {
    let server = MockServer::start().await;
    let first =
        ResponseTemplate::new(200).set_body_string(r#"[{"name": "alpha", "status": "syncing"}]"#);
    Mock::given(path("/jobs")).respond_with(first).up_to_n_times(1).mount(&server).await;
    let then = ResponseTemplate::new(200).set_body_string(JOBS);
    Mock::given(path("/jobs")).respond_with(then).mount(&server).await;
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN]).collect();
    let builder = TestSite::builder().content(&files).tree(|_| ());
    let mut site = builder.backends(&backend(&server.uri()), is_good).start().await;
    site.run();
    crate::reload::until(async || {
        let json = site.get("/api/v1/mirrors").await.json();
        json["mirrors"]
            .as_array()
            .unwrap()
            .iter()
            .any(|m| m["id"] == "beta" && m["state"] == "failed")
    })
    .await;
}

#[tokio::test]
async fn a_paused_or_disabled_mirror_is_shown_as_the_backend_wants() {
    let mut entries = few_entries();
    entries[0].disabled = true;
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN]).collect();
    let site = TestSite::builder().content(&files).entries(entries).tree(|_| ()).start().await;
    let json = site.get("/api/v1/mirrors").await.json();
    let ids: Vec<_> = json["mirrors"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect();
    assert_eq!(ids, ["beta", "delta/child", "gamma"]);
    site.get("/docs/alpha").await.is(404);
}
