//! Content that is edited while the site runs.

use std::{path::Path, time::Duration};

use crate::harness::{FEW, GAMMA_EN, TestSite, file};

/// Asks again and again until it is so.
pub async fn until(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it came about in time");
}

fn write_few(folder: &Path) {
    for (path, text) in FEW.into_iter().chain([GAMMA_EN]) {
        file(&folder.join(path), text);
    }
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

async fn running(folder: &Path) -> TestSite {
    let mut site = TestSite::builder().content_folder(folder).tree(|_| ()).start().await;
    site.run();
    site
}

async fn ready_says(site: &TestSite, word: &str) {
    until(async || site.get("/readyz").await.text().contains(word)).await;
}

#[tokio::test]
async fn a_broken_edit_keeps_the_last_good_version_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_few(folder.path());
    let site = running(folder.path()).await;
    let page = async || site.get("/en/docs/alpha").await.is(200).html().visible();
    assert!(page().await.contains("The first mirror."));

    let alpha = folder.path().join("mirrors/alpha/mirror.toml");
    edit(&alpha, "The first mirror.", "The very first mirror.");
    edit(&alpha, "upstream = ", "upstraem = ");
    ready_says(&site, "content: mirrors/alpha/mirror.toml:6: ").await;
    let ready = site.get("/readyz").await.is(200);
    assert!(ready.text().contains("upstraem"), "it names the key: {}", ready.text());
    assert!(page().await.contains("The first mirror."));

    edit(&alpha, "upstraem = ", "upstream = ");
    until(async || page().await.contains("The very first mirror.")).await;
    assert!(!site.get("/readyz").await.text().contains("content:"));
}

#[tokio::test]
async fn a_broken_guide_is_named_with_its_line_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    write_few(folder.path());
    let site = running(folder.path()).await;
    let help = folder.path().join("mirrors/gamma/help.zh.md");
    edit(&help, "{{ base }}", "{{ bose }}");
    ready_says(&site, "content: mirrors/gamma/help.zh.md:").await;
    let ready = site.get("/readyz").await;
    assert!(ready.text().contains("bose"), "{}", ready.text());
    let snippet = site.get("/docs/gamma/go").await.is(200);
    assert_eq!(snippet.text(), "sudo go https://mirror.example/deep/gamma\n");

    edit(&help, "title = ", "titel = ");
    ready_says(&site, "content: mirrors/gamma/help.zh.md:2: ").await;
    edit(&help, "titel = ", "title = ");
    edit(&help, "{{ bose }}", "{{ host }}");
    until(async || {
        site.get("/docs/gamma/go").await.text() == "sudo go mirror.example/deep/gamma\n"
    })
    .await;
}

#[tokio::test]
async fn new_removed_and_vanished_content_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    write_few(folder.path());
    let site = running(folder.path()).await;
    site.get("/docs/omega").await.is(404);
    let mirror = std::fs::read_to_string(folder.path().join("mirrors/beta/mirror.toml")).unwrap();
    file(&folder.path().join("mirrors/omega/mirror.toml"), mirror);
    until(async || site.get("/docs/omega").await.status == 200).await;
    std::fs::remove_dir_all(folder.path().join("mirrors/omega")).unwrap();
    until(async || site.get("/docs/omega").await.status == 404).await;
    // The disk below the content goes away: what was read stays.
    let aside = folder.path().with_extension("aside");
    std::fs::rename(folder.path(), &aside).unwrap();
    until(async || site.get("/readyz").await.text().contains("content: ")).await;
    site.get("/docs/alpha").await.is(200);
    std::fs::rename(&aside, folder.path()).unwrap();
    until(async || !site.get("/readyz").await.text().contains("content: ")).await;
}

#[tokio::test]
async fn a_new_file_index_is_taken_into_use() {
    let mut site =
        TestSite::builder().tree(|root| file(&root.join("a/one.iso"), "1")).indexed().start().await;
    site.run();
    let hits = async |word: &str| {
        site.get(&format!("/api/v1/files?q={word}")).await.is(200).json()["total"].clone()
    };
    assert_eq!(hits("two.iso").await, 0);
    let config = site.state().config();
    file(&config.root().join("a/two.iso"), "2");
    crate::harness::make_index(config, &site.state().snapshot().content);
    until(async || hits("two.iso").await == 1).await;
}
