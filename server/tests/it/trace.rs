//! The backend that is none: what syncs leave in the trees, on a real disk.

use std::{
    fs::File,
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::harness::{TestSite, chmod, file, folder, now};

const TRACE: &str = "Sat Nov 21 04:11:07 UTC 2026\nDate: Sat, 21 Nov 2026 04:11:07 +0000\n\
    Running on host: mirror.example\nUpstream-mirror: syncproxy.example\n";
const UPSTREAM: &str = "Sat Nov 21 03:00:00 UTC 2026\nUsed ftpsync version: 20180513\n";

/// Writes a file that was modified so many minutes before the test takes place.
fn file_of(minutes: u64, path: &Path, content: &str) {
    file(path, content);
    let seconds = u64::try_from(now().as_second()).unwrap() - minutes * 60;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn trees(root: &Path) {
    let at = |path: &str| root.join(path);
    file(&at("debian/project/trace/mirror.example"), TRACE);
    file(&at("debian/project/trace/master"), UPSTREAM);
    file(&at("running/project/trace/mirror.example"), TRACE);
    file_of(10, &at("running/Archive-Update-in-Progress-mirror.example"), "");
    file_of(3 * 24 * 60, &at("dead/Archive-Update-in-Progress-mirror.example"), "");
    file(&at("archlinux/lastsync"), "1795237200\n");
    file_of(30, &at("touched/.lastsync"), "");
    file(&at("silent/README"), "no sign of any sync");
    // What the world may not read tells nothing.
    file(&at("staged/project/trace/mirror.example"), TRACE);
    chmod(&at("staged"), 0o750);
    file(&at("half/project/trace/mirror.example"), TRACE);
    chmod(&at("half/project/trace/mirror.example"), 0o640);
    file(&at("half/project/trace/syncproxy.example"), UPSTREAM);
    // Nor does what lies elsewhere.
    file(&root.with_file_name("outside"), TRACE);
    folder(&at("leads-out/project/trace"));
    symlink("../../../../outside", at("leads-out/project/trace/mirror.example")).unwrap();
    // A file is no tree, an endless one is not read to its end.
    file(&at("robots.txt"), "");
    file(&at("long/lastsync"), vec![b'9'; 100_000]);
}

fn summary(mirror: &Value) -> String {
    let text = |key: &str| mirror[key].as_str().unwrap_or("-").to_owned();
    [text("id"), text("state"), text("last_success"), text("last_attempt"), text("upstream")]
        .join(" ")
}

#[tokio::test]
async fn traces_locks_and_stamps_are_a_backend() {
    let site = TestSite::builder()
        .content(&[])
        .tree(trees)
        .backends("[[backend]]\ntrace = {}\n", |states| states[0].report.ok)
        .start()
        .await;
    let answer = site.get("/api/v1/mirrors").await.is(200).json();
    let backend = &answer["backends"][0];
    assert_eq!((&backend["kind"], &backend["entries"]), (&"trace".into(), &7.into()));
    assert!(backend["url"].as_str().unwrap().starts_with("file:///"), "{backend}");
    let seen: Vec<_> = answer["mirrors"].as_array().unwrap().iter().map(summary).collect();
    assert_eq!(
        seen,
        [
            "archlinux success 2026-11-21T05:00:00Z 2026-11-21T05:00:00Z -",
            "dead failed - 2026-11-18T06:00:00Z -",
            "debian success 2026-11-21T04:11:07Z 2026-11-21T04:11:07Z syncproxy.example",
            "half success 2026-11-21T03:00:00Z 2026-11-21T03:00:00Z -",
            "long unknown - - -",
            "running syncing 2026-11-21T04:11:07Z 2026-11-21T05:50:00Z syncproxy.example",
            "touched success 2026-11-21T05:30:00Z 2026-11-21T05:30:00Z -",
        ]
    );
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_a_backend_that_is_away() {
    let site = TestSite::builder()
        .content(&[])
        .tree(|_| ())
        .backends("[[backend]]\ntrace.url = \"file:///nonexistent\"\n", |states| {
            states[0].report.error.is_some()
        })
        .start()
        .await;
    let answer = site.get("/api/v1/mirrors").await.is(200).json();
    let error = answer["backends"][0]["error"].as_str().unwrap();
    assert_eq!(error, "cannot read file:///nonexistent: no such file");
}
