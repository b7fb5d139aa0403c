//! What is measured in the background, and where it is shown; `mingjing probe`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use serde_json::Value;
use server::demo;
use tempfile::TempDir;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::harness::{TestSite, file, now};

/// A mirror whose time file is `stamp`, with more lines of its `[freshness]`.
fn mirror(lines: &str) -> String {
    format!(
        "name = {{ zh = \"甲\", en = \"Alpha\" }}\ndescription = {{ zh = \"甲。\", en = \"A.\" }}\ncategory = \"other\"\ninterval = \"1h\"\n[freshness]\nkind = \"epoch\"\nfiles = [\"stamp\"]\n{lines}"
    )
}

/// Waits until the API says something of the first mirror.
async fn wait_for(site: &TestSite, is_there: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..400 {
        let answer = site.get("/api/v1/mirrors").await.json();
        let mirror = answer["mirrors"][0].clone();
        if is_there(&mirror) {
            return mirror;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not in time: {}", site.get("/api/v1/mirrors").await.text());
}

async fn upstream(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/alpha/stamp")).respond_with(answer).mount(&server).await;
    server
}

fn stamp(hours_ago: i64) -> String {
    format!("{}\n", now().as_second() - hours_ago * 3600)
}

async fn site(server: &MockServer, ours: i64, settings: &str) -> TestSite {
    let mirror = mirror(&format!("upstream = \"{}/alpha/\"", server.uri()));
    let mut site = TestSite::builder()
        .config(&format!("[freshness]\n{settings}"))
        .content(&[("mirrors/alpha/mirror.toml", &mirror)])
        .tree(|root| file(&root.join("alpha/stamp"), stamp(ours)))
        .start()
        .await;
    site.run();
    site
}

#[tokio::test]
async fn a_lag_behind_the_upstream_is_shown_everywhere() {
    let server = upstream(ResponseTemplate::new(200).set_body_string(stamp(1))).await;
    let site = site(&server, 24 * 5, "upstream = true").await;
    let mirror = wait_for(&site, |mirror| !mirror["upstream_time"].is_null()).await;
    assert_eq!(mirror["upstream_time"], "2026-11-21T05:00:00Z");
    assert_eq!(mirror["lag_seconds"], (24 * 5 - 1) * 3600);
    assert_eq!((&mirror["freshness"], &mirror["upstream_error"]), (&"late".into(), &Value::Null));
    for page in ["/en/", "/en/status", "/en/docs/alpha"] {
        let text = site.get(page).await.is(200).html().visible();
        assert!(text.contains("4 days behind"), "{page}: {text}");
    }
    assert!(site.get("/").await.html().visible().contains("落后 4 天"));
}

#[tokio::test]
async fn an_old_tree_in_step_with_its_upstream_is_fresh() {
    let server = upstream(ResponseTemplate::new(200).set_body_string(stamp(24 * 400))).await;
    let site = site(&server, 24 * 400, "upstream = true").await;
    let mirror = wait_for(&site, |mirror| !mirror["upstream_time"].is_null()).await;
    assert_eq!((&mirror["freshness"], &mirror["lag_seconds"]), (&"fresh".into(), &0.into()));
    let text = site.get("/en/docs/alpha").await.html().visible();
    assert!(text.contains("in step with upstream"), "{text}");
}

#[tokio::test]
async fn an_upstream_that_fails_is_said_and_changes_nothing() {
    let server = upstream(ResponseTemplate::new(500)).await;
    let site = site(&server, 1, "upstream = true").await;
    let mirror = wait_for(&site, |mirror| !mirror["upstream_error"].is_null()).await;
    assert_eq!((&mirror["freshness"], &mirror["lag_seconds"]), (&"fresh".into(), &Value::Null));
    assert!(mirror["upstream_error"].as_str().unwrap().contains("HTTP 500"), "{mirror}");
    let text = site.get("/en/docs/alpha").await.html().visible();
    assert!(text.contains("the last request to the upstream failed: HTTP 500"), "{text}");
}

#[tokio::test]
async fn no_upstream_is_asked_unless_the_operator_says_so() {
    let server = upstream(ResponseTemplate::new(200).set_body_string(stamp(1))).await;
    let site = site(&server, 2, "").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        site.get("/api/v1/mirrors").await.json()["mirrors"][0]["upstream_time"],
        Value::Null
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn without_a_disk_the_time_is_read_by_http() {
    let server = upstream(ResponseTemplate::new(200).set_body_string(stamp(3))).await;
    let mut site = TestSite::builder()
        .config(&format!("[freshness]\nbase = \"{}/\"", server.uri()))
        .content(&[("mirrors/alpha/mirror.toml", &mirror(""))])
        .tree(|_| ())
        .start()
        .await;
    site.run();
    let mirror = wait_for(&site, |mirror| !mirror["content_time"].is_null()).await;
    assert_eq!(
        (&mirror["content_time"], &mirror["freshness"]),
        (&"2026-11-21T03:00:00Z".into(), &"fresh".into())
    );
}

#[tokio::test]
async fn a_broken_tree_is_shown_everywhere() {
    let mirror = "name = { zh = \"甲\", en = \"Alpha\" }\ndescription = { zh = \"甲。\", en = \"A.\" }\ncategory = \"other\"\n[freshness]\nkind = \"apt\"\nfiles = [\"dists/x/Release\"]\n";
    let release = format!(
        "Date: Sat, 21 Nov 2026 05:00:00 UTC\nSHA256:\n {} 3 main/binary-all/Packages\n",
        "0".repeat(64)
    );
    let mut site = TestSite::builder()
        .config("[freshness]\nsecond_look = \"10ms\"")
        .content(&[("mirrors/alpha/mirror.toml", mirror)])
        .tree(|root| {
            file(&root.join("alpha/dists/x/Release"), release);
            file(&root.join("alpha/dists/x/main/binary-all/Packages"), "abc");
        })
        .start()
        .await;
    site.run();
    let mirror = wait_for(&site, |mirror| mirror["consistency"] != "unknown").await;
    assert_eq!(mirror["consistency"], "broken");
    let fault = &mirror["audit"]["faults"][0];
    assert_eq!(
        (&fault["kind"], &fault["path"]),
        (&"index-hash".into(), &"dists/x/main/binary-all/Packages".into())
    );
    for (page, words) in [
        ("/en/", "broken"),
        ("/en/status", "index with wrong hash"),
        ("/en/docs/alpha", "dists/x/main/binary-all/Packages"),
        ("/docs/alpha", "索引校验和不符"),
    ] {
        let text = site.get(page).await.is(200).html().visible();
        assert!(text.contains(words), "{page}: {text}");
    }
}

/// A demo mirror and a configuration for the program.
fn installed() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    demo::make(&dir.path().join("mirrors"), "http://mirror.example", jiff::Timestamp::now())
        .unwrap();
    fs::write(
        dir.path().join("site.toml"),
        "[site]\nbase_url = \"https://mirror.example\"\nname = { zh = \"镜像\", en = \"Mirror\" }\n[files]\nroot = \"mirrors\"\n[freshness]\nsecond_look = \"10ms\"\nkeyrings.debian = \"demo-keys/archive-keyring.gpg\"\n",
    )
    .unwrap();
    dir
}

fn probe(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mingjing"))
        .arg("probe")
        .args(arguments)
        .arg("--config")
        .arg(dir.join("site.toml"))
        .output()
        .unwrap()
}

#[test]
fn the_program_prints_everything_and_fails_when_a_tree_is_broken() {
    let dir = installed();
    let sound = probe(dir.path(), &["debian", "rocky", "CTAN"]);
    let text = String::from_utf8(sound.stdout).unwrap();
    assert!(sound.status.success(), "{text}");
    for words in ["sound", "signatures good", "signatures not checked", "fresh", "rocky", "CTAN"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let package = "mirrors/debian/pool/main/m/mingjing-hello/mingjing-hello_1.0-1_all.deb";
    fs::remove_file(dir.path().join(package)).unwrap();
    let broken = probe(dir.path(), &["debian", "--second-look", "0s"]);
    let text = String::from_utf8(broken.stdout).unwrap();
    assert_eq!(broken.status.code(), Some(1), "{text}");
    assert!(text.contains("broken") && text.contains("missing-package"), "{text}");

    let broken = probe(dir.path(), &["debian", "--json"]);
    let value: Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!((broken.status.code(), &value[0]["consistency"]), (Some(1), &"broken".into()));
    assert_eq!(value[0]["audit"]["faults"][0]["kind"], "missing-package");
    let quick = probe(dir.path(), &["debian", "--quick"]);
    assert!(quick.status.success() && !String::from_utf8_lossy(&quick.stdout).contains("broken"));
}

#[test]
fn an_unknown_mirror_is_an_error() {
    let dir = installed();
    let answer = probe(dir.path(), &["debiam"]);
    assert_eq!(answer.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&answer.stderr).contains("debiam"));
}
