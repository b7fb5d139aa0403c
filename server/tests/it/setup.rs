//! `setup.sh`, and what else a page says of its snippets.

use std::{fs, path::Path, process::Command};

use crate::harness::{FEW, GAMMA_EN, TestSite, few};

/// Runs a script as a reader would, in a home of its own.
fn sh(script: &str, home: &Path, arguments: &[&str]) -> std::process::Output {
    let mut line = vec!["-s", "--"];
    line.extend(arguments);
    let mut child = Command::new("setsid")
        .arg("sh")
        .args(line)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn a_script_changes_keeps_and_restores_what_is_there() {
    let site = TestSite::shared().await;
    let script = site.get("/en/docs/crates.io-index/setup.sh").await.is(200).text().to_owned();
    for old in [None, Some("[net]\nretry = 1\n")] {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".cargo/config.toml");
        if let Some(old) = old {
            fs::create_dir(home.path().join(".cargo")).unwrap();
            fs::write(&file, old).unwrap();
        } else {
            fs::create_dir(home.path().join(".cargo")).unwrap();
        }
        let look = sh(&script, home.path(), &["--print"]);
        assert!(look.status.success() && !home.path().join(".local").exists(), "{look:?}");
        for _ in 0..2 {
            let done = sh(&script, home.path(), &[]);
            assert!(done.status.success(), "{done:?}");
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.starts_with(old.unwrap_or_default()), "{text}");
            assert_eq!(text.matches("[source.zju]").count(), 1, "{text}");
        }
        let done = sh(&script, home.path(), &["--undo"]);
        assert!(done.status.success(), "{done:?}");
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), old);
        assert!(!home.path().join(".local/state/mingjing").exists());
        // Half a script, as a broken connection leaves it, does nothing.
        let half = script.get(..script.len() / 2).unwrap();
        sh(half, home.path(), &[]);
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), old);
    }
}

#[tokio::test]
async fn a_script_is_offered_where_it_can_be() {
    let site = TestSite::shared().await;
    let page = site.get("/en/docs/debian?release=bookworm").await.is(200).html();
    let url = "https://mirror.example/en/docs/debian/setup.sh?release=bookworm";
    assert_eq!(page.code("setup-run"), format!("curl -fsSL '{url}' | sudo sh"));
    assert_eq!(page.code("setup-undo"), format!("curl -fsSL '{url}' | sudo sh -s -- --undo"));
    let script = site.get("/en/docs/debian/setup.sh?release=bookworm").await.is(200);
    let text = script.text();
    assert!(text.starts_with("#!/bin/sh\n") && text.ends_with("\nmain \"$@\"\n"), "{text}");
    assert!(text.contains("Suites: bookworm bookworm-updates\n") && text.contains("'bookworm')"));
    assert!(!text.contains("sudo apt"), "it is root already");
    site.get("/docs/pypi/setup.sh?tool=uv&os=windows").await.is(404);
    site.get("/docs/CTAN/setup.sh").await.is(404);
    site.get("/docs/debian/setup.sh?release=potato").await.is(400);
}

#[tokio::test]
async fn a_page_leads_to_its_source() {
    let site = TestSite::shared().await;
    for (page, source) in [("/docs/debian", "zh"), ("/en/docs/debian", "en")] {
        let href = format!("/docs/debian/help.{source}.md");
        assert!(site.get(page).await.html().links().contains(&href), "{page}");
        let text = site.get(&href).await.is(200);
        assert!(text.text().starts_with("+++\ntitle = "), "{}", text.text());
    }
}

#[tokio::test]
async fn who_accepted_a_snippet_stands_below_it() {
    let verified = r#"{"gamma": {"go": [
        {"client": "gamma", "version": "1.0", "date": "2026-11-20", "combinations": 1},
        {"client": "gamma", "version": "2.0", "date": "2026-11-21", "combinations": 1}]}}"#;
    let files: Vec<_> = FEW.into_iter().chain([GAMMA_EN, ("verified.json", verified)]).collect();
    let site = TestSite::builder().content(&files).tree(|_| ()).start().await;
    let text = site.get("/en/docs/gamma").await.is(200).html().main().visible();
    assert!(text.contains("Checked with gamma 1.0, 2.0 on 2026-11-20"), "{text}");
    let json = site.get("/docs/gamma/options.json").await.is(200).json();
    assert_eq!(json["snippets"][0]["verified"][1]["version"], "2.0");
    let without = few().start().await.get("/en/docs/gamma").await.is(200);
    assert!(!without.text().contains("class=\"checked\""), "nothing was run, nothing is said");
}

#[tokio::test]
async fn a_page_says_what_the_tree_lacks_and_nothing_without_a_tree() {
    let guide = "+++\ntitle = \"t\"\n[[option]]\nid = \"release\"\ntree = \"dists/{value}\"\nvalues = [{ value = \"here\" }, { value = \"gone\" }]\n+++\n\n```sh id=go run=root\ngo {{ release }}\n```\n";
    let files: Vec<_> = FEW
        .into_iter()
        .filter(|(path, _)| *path != "mirrors/gamma/help.zh.md")
        .chain([GAMMA_EN, ("mirrors/gamma/help.zh.md", guide)])
        .collect();
    let page =
        async |site: &TestSite| site.get("/en/docs/gamma").await.is(200).html().main().visible();
    let without = TestSite::builder().content(&files).tree(|_| ()).start().await;
    assert!(!page(&without).await.contains("not on this mirror"));
    let with = TestSite::builder()
        .content(&files)
        .tree(|root| crate::harness::file(&root.join("deep/gamma/dists/here/Release"), "x"))
        .start()
        .await;
    let text = page(&with).await;
    assert!(text.contains("Not on this mirror at the moment: gone."), "{text}");
    assert!(text.contains("gone · not on this mirror") && !text.contains("here · not"), "{text}");
}

#[tokio::test]
async fn a_broken_guide_is_told_and_the_rest_is_well() {
    let guide = "+++\ntitle = \"t\"\n+++\n\n```sh id=go run=root\ngo {{ nothing }}\n```\n";
    let files: Vec<_> = FEW
        .into_iter()
        .filter(|(path, _)| *path != "mirrors/gamma/help.zh.md")
        .chain([GAMMA_EN, ("mirrors/gamma/help.zh.md", guide)])
        .collect();
    let site = TestSite::builder().content(&files).tree(|_| ()).start().await;
    let answer = site.get("/en/docs/gamma").await.is(503);
    assert!(answer.text().contains("block `go`: undefined"), "{}", answer.text());
    site.get("/en/").await.is(200);
    server::publish::try_guides(site.state().clone()).await;
    let ready = site.get("/readyz").await;
    assert!(ready.text().contains("mirrors/gamma/help.zh.md:6: block `go`"), "{}", ready.text());
}
