//! `/downloads`, `/api/v1/downloads`, and what rules of `mirror.toml` find.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::Value;
use server::{
    content::{Content, mirror::MirrorFacts, source},
    download::{Found, Place, look, watch::survey},
    files::Trees,
};
use sha2::{Digest as _, Sha256, Sha512};

use crate::{
    harness::{TestSite, chmod, file, folder, make_index},
    html::unescape,
};

const LAYOUTS: &str = include_str!("../fixtures/downloads.txt");

/// One mirror of the fixture: where it was made, and what must be found.
struct Layout {
    root: tempfile::TempDir,
    /// `distribution: label`, by path below the mirror.
    expected: BTreeMap<String, String>,
    /// Files whose checksum must be known.
    summed: BTreeSet<String>,
}

fn layouts() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut all = BTreeMap::new();
    let mut id = "";
    for line in LAYOUTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[') {
            Some(section) => id = section.trim_end_matches(']'),
            None => all.entry(id).or_insert_with(Vec::new).push(line),
        }
    }
    all
}

impl Layout {
    fn make(mirror: &MirrorFacts, lines: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        chmod(root.path(), 0o755);
        let base = root.path().join(mirror.path().trim_start_matches('/'));
        let mut layout = Self { root, expected: BTreeMap::new(), summed: BTreeSet::new() };
        let mut sums = Vec::new();
        folder(&base);
        for line in lines {
            if let Some((path, label)) = line.split_once(" => ") {
                file(&base.join(path), path);
                layout.expected.insert(path.to_owned(), label.to_owned());
            } else if let Some((link, target)) = line.split_once(" -> ") {
                symlink(target, base.join(link)).unwrap();
            } else if let Some((path, form)) = line.split_once(" {") {
                sums.push((path, form.trim_end_matches('}')));
            } else {
                file(&base.join(line), line);
            }
        }
        for (path, form) in sums {
            layout.sum(&base, path, form);
        }
        layout
    }

    /// Writes a checksum file of the whole folder, or of the file that it is named after.
    fn sum(&mut self, base: &Path, path: &str, form: &str) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = form.contains("beside") || form == "bare";
        let files = fs::read_dir(base.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut text = String::new();
        for path in files.filter(|path| path.is_file() && !path.is_symlink()) {
            let own = path.file_name().unwrap().to_str().unwrap();
            if beside
                && name.strip_prefix(own).is_none_or(|rest| !rest.starts_with('.') || own == name)
            {
                continue;
            }
            let content = fs::read(&path).unwrap();
            let hex = if form.ends_with("512") {
                format!("{:x}", Sha512::digest(&content))
            } else {
                format!("{:x}", Sha256::digest(&content))
            };
            let shown = if form.ends_with("other-name") { "another/name" } else { own };
            let _ = match form {
                "bare" => writeln!(text, "{hex}"),
                _ if form.ends_with("bsd") => writeln!(text, "SHA256 ({shown}) = {hex}"),
                _ => writeln!(text, "{hex}  {shown}"),
            };
            let path = path.strip_prefix(base).unwrap().to_str().unwrap().to_owned();
            self.summed.extend(self.expected.contains_key(&path).then_some(path));
        }
        if form.starts_with("signed") {
            text = format!(
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}-----BEGIN PGP SIGNATURE-----\n"
            );
        }
        assert!(!text.is_empty(), "{path} is about nothing");
        file(&base.join(path), text);
    }
}

fn embedded() -> Content {
    let (content, problems) = Content::parse(source::embedded());
    assert!(problems.is_empty(), "{problems:?}");
    content
}

fn listed(mirror: &MirrorFacts, found: &Found) -> BTreeMap<String, String> {
    let base = format!("{}/", mirror.path());
    let files = found.distributions.iter().flat_map(|d| d.files.iter().map(move |file| (d, file)));
    files
        .map(|(d, file)| {
            (
                file.href.strip_prefix(&base).unwrap().to_owned(),
                format!("{}: {}", d.id, file.label()),
            )
        })
        .collect()
}

#[test]
fn every_rule_finds_what_it_should_in_a_tree_as_it_really_is() {
    let content = embedded();
    let layouts = layouts();
    let with_rules = content.mirrors.values().filter(|facts| !facts.file.download.is_empty());
    let with_rules: Vec<&str> = with_rules.map(|facts| facts.id.as_str()).collect();
    let ids: BTreeSet<&str> = layouts.keys().copied().collect();
    assert_eq!(with_rules.into_iter().collect::<BTreeSet<_>>(), ids, "every rule has a layout");
    for (id, lines) in &layouts {
        let mirror = &content.mirrors[*id];
        let layout = Layout::make(mirror, lines);
        let trees = Trees::new(layout.root.path().to_path_buf());
        let found = look(Place::Disk(&trees), mirror);
        assert_eq!(found.silent, Vec::<String>::new(), "{id}");
        assert_eq!(listed(mirror, &found), layout.expected, "{id}");
        for file in found.distributions.iter().flat_map(|d| &d.files) {
            let path = file.href.strip_prefix(&format!("{}/", mirror.path())).unwrap();
            assert_eq!(file.checksum.is_some(), layout.summed.contains(path), "{}", file.href);
            let content =
                fs::read(layout.root.path().join(file.href.trim_start_matches('/'))).unwrap();
            assert_eq!(file.size, content.len() as u64);
            if let Some(sum) = &file.checksum {
                let hashes = [
                    format!("{:x}", Sha256::digest(&content)),
                    format!("{:x}", Sha512::digest(&content)),
                ];
                assert!(hashes.contains(&sum.hex), "{}", file.href);
                let text = fs::read_to_string(layout.root.path().join(&sum.source[1..])).unwrap();
                let is_signed = text.starts_with("-----BEGIN PGP SIGNED");
                assert!(!is_signed || sum.signature.as_ref() == Some(&sum.source));
            }
        }
    }
}

#[test]
fn every_pattern_is_tried_by_a_layout() {
    let content = embedded();
    let layouts = layouts();
    let tried: Vec<&str> =
        layouts.values().flatten().filter_map(|line| line.split(' ').next()).collect();
    for id in layouts.keys() {
        let patterns = content.mirrors[*id].file.download.iter().flat_map(|rule| &rule.files);
        for pattern in patterns {
            // Another name of a folder, which is a link in the fixture.
            let is_alias = ["current", "latest-stable/", "iso/latest/", "distrib/msys2-"]
                .iter()
                .any(|alias| pattern.text().starts_with(alias));
            let is_tried = tried.iter().any(|path| pattern.read(path).is_some());
            assert!(is_tried || is_alias, "{id}: {}", pattern.text());
        }
    }
}

#[test]
fn what_the_world_may_not_read_takes_nobodys_place() {
    let content = embedded();
    let mirror = &content.mirrors["fedora"];
    let root = tempfile::tempdir().unwrap();
    chmod(root.path(), 0o755);
    let iso = |version: &str| {
        root.path().join(format!(
            "fedora/releases/{version}/Server/x86_64/iso/Fedora-Server-dvd-x86_64-{version}-1.1.iso"
        ))
    };
    for version in ["45", "44", "43", "42"] {
        file(&iso(version), version);
    }
    // A staged release, and a single file that is closed.
    chmod(&root.path().join("fedora/releases/45"), 0o750);
    chmod(&iso("44"), 0o640);
    let found = look(Place::Disk(&Trees::new(root.path().to_path_buf())), mirror);
    let versions: Vec<_> =
        found.distributions[0].files.iter().map(|f| f.version.clone().unwrap()).collect();
    assert_eq!(versions, ["43", "42"]);
}

#[test]
fn names_that_would_fool_a_terminal_are_left_out() {
    let facts = |rule: &str| {
        let text = format!(
            "name = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\ncategory = \"other\"\n{rule}"
        );
        MirrorFacts::parse("m", "mirror.toml", &text)
    };
    let root = tempfile::tempdir().unwrap();
    chmod(root.path(), 0o755);
    for name in
        ["a b'c.iso", "new\nline.iso", "back\\slash.iso", "\u{1b}[2J.iso", "<b>.iso", "link.iso"]
    {
        if name == "link.iso" {
            symlink("/etc/passwd", root.path().join("m").join(name)).unwrap();
        } else {
            file(&root.path().join("m").join(name), name);
        }
    }
    let mirror = facts("[[download]]\nfiles = [\"*.iso\"]\n").unwrap();
    let found = look(Place::Disk(&Trees::new(root.path().to_path_buf())), &mirror);
    let names: Vec<_> = found.distributions[0].files.iter().map(|f| f.file.as_str()).collect();
    assert_eq!(names, ["<b>.iso", "a b'c.iso"]);
    assert_eq!(found.distributions[0].files[1].href, "/m/a%20b%27c.iso");
    for (rule, line, reason) in [
        ("[[download]]\nfiles = [\"{flavour}.iso\"]\n", 5, "no group is called \"flavour\""),
        ("[[download]]\nversions = 2\nfiles = [\"a.iso\", \"/b.iso\"]\n", 6, "two slashes"),
        ("[[download]]\nfiles = []\n", 5, "at least one pattern"),
        ("[[download]]\nfiles = [\"a\"]\nversions = 0\n", 6, "nonzero"),
        ("[[download]]\nfiles = [\"a\"]\ndistro = \"a b\"\n", 6, "expected letters"),
        ("[[download]]\nfiles = [\"a\"]\nregex = \"a\"\n", 6, "unknown field"),
    ] {
        let problem = facts(rule).unwrap_err();
        assert_eq!(problem.line, Some(line), "{problem}");
        assert!(problem.message.contains(reason), "{problem}");
    }
}

fn all_layouts(root: &Path) {
    let content = embedded();
    for (id, lines) in layouts() {
        let layout = Layout::make(&content.mirrors[id], &lines);
        for entry in fs::read_dir(layout.root.path()).unwrap() {
            let entry = entry.unwrap();
            fs::rename(entry.path(), root.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn the_page_and_the_api_say_the_same() {
    let site = TestSite::builder().tree(all_layouts).start().await;
    let json = site.get("/api/v1/downloads").await.is(200).json();
    let page = site.get("/en/downloads").await.is(200).html();
    let (links, source) = (page.main().links(), unescape(page.source()));
    let distributions = json["distributions"].as_array().unwrap();
    assert!(distributions.len() > 30, "{}", distributions.len());
    for distribution in distributions {
        let id = distribution["id"].as_str().unwrap();
        assert!(links.contains(&format!("#{id}")) && page.ids().contains_key(id), "{id}");
        for file in distribution["files"].as_array().unwrap() {
            let url = file["url"].as_str().unwrap();
            assert!(links.iter().any(|link| link == url), "{url}");
            for proof in
                [&file["signature"], &file["checksum"]["source"], &file["checksum"]["signature"]]
            {
                if let Some(proof) = proof.as_str() {
                    assert!(links.iter().any(|link| link == proof), "{proof}");
                    site.get(proof).await.is(200);
                }
            }
            let bytes = site.get(url).await.is(200).body;
            assert_eq!(file["size"], bytes.len());
            if file["checksum"]["algorithm"] == "sha256" {
                let hex = format!("{:x}", Sha256::digest(&bytes));
                assert_eq!(file["checksum"]["hex"], hex);
                let name = file["file"].as_str().unwrap();
                assert!(source.contains(&format!("echo '{hex}  {name}' | sha256sum -c")));
            }
        }
    }
    let debian = find(&json, "debian");
    let mirrors: BTreeSet<_> =
        debian["files"].as_array().unwrap().iter().map(|f| f["mirror"].as_str().unwrap()).collect();
    assert_eq!(mirrors, ["debian-cd", "debian-cdimage"].into(), "two mirrors, one section");
    let versions: Vec<_> = debian["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["version"].as_str().unwrap())
        .collect();
    assert!(versions.is_sorted_by(|a, b| a >= b), "{versions:?}");
}

fn find<'a>(json: &'a Value, id: &str) -> &'a Value {
    let all = json["distributions"].as_array().unwrap();
    all.iter().find(|d| d["id"] == id).unwrap_or_else(|| panic!("{id}"))
}

#[tokio::test]
async fn words_narrow_the_page_and_the_api() {
    let site = TestSite::shared().await;
    let all = site.get("/api/v1/downloads").await.is(200).json();
    let some = site.get("/api/v1/downloads?q=UBUNTU+desktop").await.is(200).json();
    assert!(all["distributions"].as_array().unwrap().len() > 3);
    let found = some["distributions"].as_array().unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0]["files"].as_array().unwrap().iter().all(|file| file["edition"] == "desktop"));
    let page = site.get("/en/downloads?q=ubuntu+desktop").await.is(200).html();
    assert_eq!(page.main().texts("h2"), ["Ubuntu"]);
    let none = site.get("/en/downloads?q=%3Cscript%3E").await.is(200).html();
    assert!(none.main().visible().contains("No file matches."));
    assert_eq!(site.get("/downloads/").await.is(308).location(), "/downloads");
}

#[tokio::test]
async fn a_mirror_leads_to_its_downloads() {
    let site = TestSite::shared().await;
    for path in ["/en/docs/ubuntu-releases", "/en/ubuntu-releases/"] {
        let links = site.visit(path).await.is(200).html().main().links();
        assert!(links.iter().any(|link| link == "/en/downloads#ubuntu"), "{path}: {links:?}");
    }
}

#[tokio::test]
async fn the_network_is_told_of_the_same_files() {
    let site = TestSite::shared().await;
    let downloads = site.get("/api/v1/downloads").await.is(200).json();
    let feed = site.get("/mirrorz.json").await.is(200).json();
    let info = feed["info"].as_array().unwrap();
    assert_eq!(info.len(), downloads["distributions"].as_array().unwrap().len());
    for distribution in info {
        let keys: Vec<_> = distribution.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys.into_iter().collect::<BTreeSet<_>>(),
            ["distro", "category", "urls"].into()
        );
        let files = find(&downloads, distribution["distro"].as_str().unwrap())["files"].clone();
        let urls = distribution["urls"].as_array().unwrap();
        assert_eq!(urls.len(), files.as_array().unwrap().len());
        for url in urls {
            site.get(url["url"].as_str().unwrap()).await.is(200);
        }
    }
    let ubuntu = info.iter().find(|d| d["distro"] == "ubuntu").unwrap();
    assert_eq!(ubuntu["category"], "os");
    assert_eq!(ubuntu["urls"][0]["name"], "26.04 (amd64, desktop)");
    assert_eq!(ubuntu["urls"][0]["url"], "/ubuntu-releases/26.04/ubuntu-26.04-desktop-amd64.iso");
}

#[tokio::test]
async fn a_tree_on_another_machine_is_looked_up_in_the_index() {
    let site = TestSite::builder().tree(all_layouts).start().await;
    let content = embedded();
    let index = make_index(site.state().config(), &content);
    let mirror = &content.mirrors["ubuntu-releases"];
    let found = look(Place::Index(&index), mirror);
    let expected: BTreeMap<String, String> = layouts()["ubuntu-releases"]
        .iter()
        .filter_map(|line| line.split_once(" => "))
        .map(|(path, label)| (path.to_owned(), label.to_owned()))
        .collect();
    assert_eq!(listed(mirror, &found), expected);
    assert!(
        found.distributions[0].files.iter().all(|file| file.checksum.is_none() && file.size > 0)
    );
}

#[tokio::test]
async fn a_new_release_appears_by_itself_and_a_silent_rule_is_told_to_the_operator() {
    let root = PathBuf::from("ubuntu-releases");
    let mut site = TestSite::builder()
        .tree(|trees| {
            file(&trees.join("ubuntu-releases/24.04/ubuntu-24.04-desktop-amd64.iso"), "iso");
            folder(&trees.join("rocky"));
        })
        .start()
        .await;
    let ready = site.get("/readyz").await.is(200);
    assert!(
        ready.text().contains("downloads of rocky: nothing is at {version}/isos/"),
        "{}",
        ready.text()
    );
    let trees = site.state().trees().clone();
    assert_eq!(survey(&embedded(), &trees).distributions[0].files.len(), 1);
    file(&trees.root().join(root).join("26.04/ubuntu-26.04-desktop-amd64.iso"), "new iso");
    site.run();
    let mut snapshots = site.state().snapshots();
    let has_both = |snapshot: &std::sync::Arc<server::snapshot::Snapshot>| {
        snapshot.downloads.distributions.iter().any(|d| d.files.len() == 2)
    };
    let found = snapshots.wait_for(has_both);
    drop(tokio::time::timeout(std::time::Duration::from_secs(20), found).await.unwrap().unwrap());
    let page = site.get("/en/downloads").await.is(200).html();
    assert!(page.main().visible().contains("26.04 (amd64, desktop)"));
}
