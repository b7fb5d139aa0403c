//! `/api/v1/mirrors` over every sample equals a table. The tables are written by hand from the
//! documentation of the formats and the numbers in the samples, not from what the program says.

use std::{fs, path::Path};

use app::model::State;
use jiff::Timestamp;
use serde_json::Value;
use server::status::Backend;

use crate::harness::{TestSite, now};

/// The moment of the fixtures.
fn of_fixtures() -> Timestamp {
    "2026-08-20T06:00:00Z".parse().unwrap()
}

/// A site with this file as its only backend.
async fn site_of(kind: &str, path: &Path, clock: fn() -> Timestamp) -> TestSite {
    let builder = TestSite::builder().content(&[]).tree(|_| ()).clock(clock);
    if kind == "trace" {
        // What a look at a disk wrote down; `trace.rs` beside this looks at one.
        let backend: Backend = toml::from_str("trace = {}").unwrap();
        let parsed = backend.parse(&fs::read(path).unwrap(), clock()).unwrap();
        return builder.entries(parsed.entries).start().await;
    }
    let backend = format!("[[backend]]\n{kind}.url = \"file://{}\"\n", path.display());
    builder.backends(&backend, |states| states[0].report.fetched_at.is_some()).start().await
}

/// One line for each mirror: id, state, last success, last attempt, next run (Unix seconds), size in
/// bytes, upstream.
async fn told_by(site: &TestSite) -> Vec<String> {
    let answer = site.get("/api/v1/mirrors").await.is(200).json();
    answer["mirrors"].as_array().unwrap().iter().map(line).collect()
}

fn line(mirror: &Value) -> String {
    let text = |key: &str| mirror[key].as_str().unwrap_or("-").to_owned();
    let seconds = |key: &str| {
        let time = mirror[key].as_str().map(|time| time.parse::<Timestamp>().unwrap());
        time.map_or("-".to_owned(), |time| time.as_second().to_string())
    };
    let size = mirror["size_bytes"].as_u64().map_or("-".to_owned(), |size| size.to_string());
    [
        text("id"),
        text("state"),
        seconds("last_success"),
        seconds("last_attempt"),
        seconds("next"),
        size,
        text("upstream"),
    ]
    .join(" ")
}

fn lines(table: &str) -> Vec<&str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

const FIXTURES: [(&str, &str, &str); 12] = [
    // `last_update` is the last success, `last_ended` the last attempt; year 1 is never, also while
    // syncing; `disabled` is hidden; the master speaks before the slave; 2.01T is rsync's, in powers of
    // 1000, 8.5T is du's, in powers of 1024.
    (
        "tunasync",
        "jobs.json",
        "broken-since-monday failed 1786924800 1787184000 1787212800 373430000000 rsync://upstream.example/broken/
         debian success 1787198400 1787198400 1787212800 2010000000000 rsync://upstream.example/debian/
         new-with-next pending - - 1787212800 - -
         new-without-next unknown - - - - -
         odd unknown - 1787198400 1787212800 12288 s3://bucket-example/
         queued pending 1787198400 1787198400 - 830002429952 host.example::module
         running syncing 1787184000 1787184000 - 46460000000 https://upstream.example/running/
         stopped paused 1785542400 1785542400 - 9345848836096 upstream.example:./",
    ),
    (
        "tunasync",
        "old-version.json",
        "legacy failed 1577836800 1577836800 - - -
         legacy-good success 1577836800 1577836800 - 5798205849 rsync://upstream.example/good/
         legacy-never unknown - - - - -",
    ),
    (
        "tunasync",
        "worker.json",
        "archlinux success 1787198400 1787198400 1787212800 107374182400 rsync://upstream.example/archlinux/
         epoch failed - - - - -
         with-offset success 1787198400 1787198400 - - -",
    ),
    // `lastUpdated` is the last attempt.
    (
        "mirrormanager",
        "mirrors.json",
        "broken failed 1787000000 1787184000 1787198400 2048 rsync://upstream.example/broken/
         foo success 1787184000 1787184000 1787197400 1099511627776 rsync://upstream.example/foo/
         never unknown - - - - -
         proxy cached - - - 1649267441664 https://upstream.example/proxy/
         running syncing 1787184000 1787205000 - 4096 https://upstream.example/running/",
    ),
    // An unknown time is 0 or year 1, an unknown size 0.
    (
        "mirrorgo",
        "mirrorgo.json",
        "cached cached 1787100000 1787184000 1787207600 8192 https://upstream.example/cached/
         failed failed 1787100000 1787184010 1787207600 4096 https://upstream.example/failed/
         from-next-year unknown - - 1787207600 1 -
         paused paused 1787100000 1787184000 - 512 -
         pending pending - - 1787207600 - -
         ready success 1787184060 1787184060 1787207600 2048 https://upstream.example/ready/
         running syncing 1787184060 1787205000 1787207600 1024 rsync://upstream.example/running/
         unknown unknown - - - - -",
    ),
    // The numbers of D and P are no runs.
    (
        "mirrorz",
        "extension-d.json",
        "cached-mirror cached - - - 1024 -
         failed-mirror failed 1787100000 1787184000 1787207600 1024 -
         paused-mirror paused - - - 1024 -
         pending-mirror pending - - 1787207600 1024 -
         proxied-mirror proxied - - - 1024 -
         success-mirror success 1787184000 1787184000 1787207600 1024 -
         syncing-mirror syncing 1787100000 1787184000 1787207600 1024 -
         unknown-mirror unknown - - - 1024 -",
    ),
    (
        "mirrorz",
        "quirks.json",
        "absolute cached - - - - -
         AOSP success 1787184000 1787184000 1787207600 639950127104 https://upstream.example/aosp/
         cran failed 1787100000 1787184000 1787207600 1319413953331 upstream.example:./
         cygwin success 1787183000 1787183000 - 214748364800 rsync://upstream.example/cygwin/
         elsewhere proxied - - - - -
         git/lean4/aesop unknown - - - - -
         iina success 1787184000 1787184000 1787207600 - -
         no-number paused - - 1787207600 114 -
         no-status unknown - - - - -
         releases/iina/iina success 1787100000 1787100000 - - -
         running syncing 1787100000 1787100000 1787207600 5947563966464 -
         since syncing 1787100000 1787184000 - 46460000000 -
         tomorrow success - - - - -
         zero success - - - - -",
    ),
    // Failure wins over running; one year ago means never, now means "not mine"; the time is that of
    // the last success.
    (
        "lug",
        "summary.json",
        "external success - - - - -
         failed failed 1786924800 1786924800 - - -
         failed-and-running failed 1786924800 1786924800 - - -
         git/lean4 success 1787198400 1787198400 - - -
         good success 1787198400 1787198400 - - -
         never-good failed - - - - -
         never-run unknown - - - - -
         running syncing 1787184000 1787184000 - - -
         silent unknown - - - - -
         tomorrow unknown - - - - -
         zero unknown - - - - -",
    ),
    // Exit 25 is no failure, -1 never ran, -2 timed out; a negative next run is a pause; a negative
    // size is none.
    (
        "yuki",
        "metas.json",
        "failed failed 1787000000 1787187000 1787207600 1024 https://upstream.example/failed/
         first-run syncing - 1787203800 1787207600 - -
         good success 1787184000 1787184000 1787207600 2147483648000 rsync://upstream.example/good/
         max-delete success 1787000000 1787187000 1787207600 2048 rsync://upstream.example/epel/
         never pending - - 1787207600 - -
         no-exit-code unknown - - - - -
         paused paused 1700000000 1700000000 - 1024 rsync://upstream.example/paused/
         paused-when-failed paused 1700000000 1700000100 - 1024 -
         running syncing 1787184000 1787203800 1787207600 107374182400 rsync://upstream.example/running/
         timed-out failed 1780000000 1787100000 1787207600 4096 https://upstream.example/nix/
         without-schedule success 1787184000 1787184000 - 1024 -",
    ),
    // Milliseconds; `done` is what a job that never ran is, too.
    (
        "synccontroller",
        "status.json",
        "done success 1787184000 1787184000 1787207600 100430000000 -
         failed failed 1787100000 1787100000 1787207600 - -
         never-good failed - - 1787207600 - -
         new pending - - 1787207600 - -
         new-without-next unknown - - - - -
         odd unknown 1787184000 1787184000 1787207600 12288 -
         running syncing 1787184000 1787184000 1787207600 2308974418329 -",
    ),
    (
        "synccontroller",
        "old-version.json",
        "done success 1787184000 1787184000 - - -
         failed failed - 1787184000 - - -
         running syncing - 1787203800 - - -",
    ),
    // Our own trace, 04:11:07; the upstream's, 03:00; a lock ten minutes old, and one of two days ago.
    (
        "trace",
        "look.json",
        "alpine success 1787202000 1787202000 - - -
         archlinux success 1787204400 1787204400 - - -
         copied-lock success 1787199067 1787199067 - - syncproxy.example
         dead failed 1786939867 1787032200 - - syncproxy.example
         debian success 1787199067 1787199067 - - syncproxy.example
         foreign-lock-alone syncing - 1787205000 - - -
         left-behind success 1787199067 1787199067 - - syncproxy.example
         plain-rsync success 1787194800 1787194800 - - -
         running syncing 1787199067 1787205000 - - syncproxy.example
         tomorrow unknown - - - - -
         touched success 1787202000 1787202000 - - -
         unreadable unknown - - - - -",
    ),
];

#[tokio::test]
async fn every_fixture_is_told_as_its_format_says() {
    for (kind, name, table) in FIXTURES {
        let path = format!("{}/tests/fixtures/{kind}/{name}", env!("CARGO_MANIFEST_DIR"));
        let site = site_of(kind, Path::new(&path), of_fixtures).await;
        assert_eq!(told_by(&site).await, lines(table), "{kind}/{name}");
    }
}

#[tokio::test]
async fn max_delete_is_told_as_a_warning_in_words() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/yuki/metas.json");
    let site = site_of("yuki", Path::new(path), of_fixtures).await;
    let answer = site.get("/api/v1/mirrors").await.json();
    let warnings: Vec<_> = answer["mirrors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|mirror| !mirror["warning"].is_null())
        .map(|mirror| (mirror["id"].as_str().unwrap(), mirror["warning"].as_str().unwrap()))
        .collect();
    assert_eq!(warnings, [("max-delete", "max-delete")]);
    let page = site.get("/en/status").await.is(200).html().visible();
    assert!(page.contains("deletion limit reached"), "{page}");
}

/// Samples of real sites, which lie beside the project, and what they say.
const SAMPLES: [(&str, &str, &str); 8] = [
    (
        "tunasync",
        "tunasync/constructed-edge-cases.json",
        "legacy-fail failed 1577836800 1577836800 - - -
         never pending - - 1787198400 - -
         paused paused 1785542400 1785542400 - 830002429952 rsync://upstream.example.invalid/paused/
         pre pending 1787184000 1787184000 - 1649267441664 rsync://upstream.example.invalid/pre/",
    ),
    (
        "lug",
        "lug/summary.json",
        "docker success 1516110351 1516110351 - - -
         putty syncing 1516110356 1516110356 - - -
         vim failed 1516110353 1516110353 - - -",
    ),
    (
        "yuki",
        "yuki/constructed-metas.json",
        "archlinux syncing 1787184000 1787187600 1787191200 107374182400 rsync://upstream.example.invalid/archlinux/
         brand-new pending - - 1787191200 - -
         debian success 1787184000 1787184000 1787194800 2147483648000 rsync://syncproxy.example.invalid/debian/
         epel success 1787000000 1787187000 1787191200 - rsync://upstream.example.invalid/epel/
         nix-channels failed 1780000000 1787100000 1787191200 - https://channels.example.invalid/
         retired paused 1700000000 1700000000 - 1024 rsync://upstream.example.invalid/retired/",
    ),
    (
        "synccontroller",
        "pku-synccontroller/readme-status.json",
        "manjaro success 1615911140 1615911140 1615997400 100430000000 -",
    ),
    (
        "synccontroller",
        "pku-synccontroller/constructed-states.json",
        "debian syncing 1615911140 1615911140 1615997400 2308974418329 -
         new pending - - 1615997400 - -
         pypi failed 1615911140 1615911140 1615997400 - -",
    ),
    (
        "mirrormanager",
        "zju-mirrormanager/constructed-mirrors.json",
        "foo success 1745900000 1745900000 1745914400 1099511627776 rsync://foo.example.invalid/bar/
         never unknown - - - - -
         pypi cached - - - - https://pypi.example/",
    ),
    (
        "mirrorgo",
        "zju-mirrorgo/legacy-mirrorgo.json",
        "cached-mirror cached 1787540000 1787544000 1787547600 8192 https://upstream.example.invalid/cached/
         failed-mirror failed 1787540000 1787544010 1787547600 4096 https://upstream.example.invalid/failed/
         paused-mirror paused 1787540000 1787544000 - 512 -
         pending-mirror pending - - 1787547600 - -
         ready-mirror success 1787544060 1787544060 1787547600 2048 https://upstream.example.invalid/ready/
         syncing-mirror syncing 1787544060 1787544060 1787547600 1024 rsync://upstream.example.invalid/syncing/
         unknown-mirror unknown - - - - -",
    ),
    (
        "mirrorz",
        "zju-mirrorgo/mirrorz-v1.7.json",
        "cached-mirror cached - - - - https://upstream.example.invalid/cached/
         failed-mirror failed 1787540000 1787544010 1787547600 4096 https://upstream.example.invalid/failed/
         paused-mirror paused - - - 512 -
         pending-mirror pending - - 1787547600 - -
         proxied-mirror proxied - - - - -
         ready-mirror success 1787544060 1787544060 1787547600 2048 https://upstream.example.invalid/ready/
         syncing-mirror syncing 1787540000 1787544000 1787547600 1024 rsync://upstream.example.invalid/syncing/
         unknown-mirror unknown - - - - -",
    ),
];

fn sample(name: &str) -> Option<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    folder.is_dir().then(|| folder.canonicalize().unwrap().join(name))
}

#[tokio::test]
async fn real_samples_are_told_as_their_formats_say() {
    for (kind, name, table) in SAMPLES {
        let Some(path) = sample(name) else { return };
        let site = site_of(kind, &path, now).await;
        assert_eq!(told_by(&site).await, lines(table), "{name}");
    }
}

#[tokio::test]
async fn the_real_tunasync_file_has_261_jobs_and_no_next_run_while_syncing() {
    let Some(path) = sample("tunasync/nju-2021-tunasync.json") else { return };
    let site = site_of("tunasync", &path, now).await;
    let told = told_by(&site).await;
    let count =
        |state: &str| told.iter().filter(|line| line.split(' ').nth(1) == Some(state)).count();
    assert_eq!(
        (count("success"), count("syncing"), count("failed"), told.len()),
        (243, 15, 3, 261)
    );
    for line in &told {
        let [_, state, success, _, next, ..] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert_eq!(state == "syncing", next == "-", "{line}");
        assert!(success != "-" || state != "success", "{line}");
    }
    assert!(
        told.iter().any(|line| line.starts_with("hhvm success 1637608110 1637608110 1637694510 "))
    );
}

#[test]
fn no_real_mirrorz_feed_loses_an_entry_that_a_human_could_read() {
    let Some(folder) = sample("mirrorz") else { return };
    let backend: Backend = toml::from_str("mirrorz.url = \"http://a.example/\"").unwrap();
    let mut feeds = 0;
    for file in fs::read_dir(folder).unwrap().flatten() {
        if file.path().extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        feeds += 1;
        let bytes = fs::read(file.path()).unwrap();
        let feed: Value = serde_json::from_slice(&bytes).unwrap();
        let items = feed["mirrors"].as_array().unwrap();
        let parsed = backend.parse(&bytes, now()).unwrap();
        assert_eq!(parsed.entries.len() + parsed.dropped.len(), items.len(), "{file:?}");
        assert!(parsed.dropped.iter().all(|d| d.reason.contains("merged")), "{:?}", parsed.dropped);
        for item in items {
            let cname = item["cname"].as_str().unwrap().trim_matches('/');
            if items.iter().filter(|other| other["cname"] == item["cname"]).count() > 1 {
                continue;
            }
            let entry = parsed.entries.iter().find(|entry| entry.id == cname);
            let entry = entry.unwrap_or_else(|| panic!("{cname} of {file:?}"));
            assert_eq!(entry.state, read_by_a_human(item["status"].as_str()), "{item}");
        }
    }
    assert_eq!(feeds, 28);
}

/// The first main letter decides.
fn read_by_a_human(status: Option<&str>) -> State {
    match status.unwrap_or_default().chars().find(|c| "SDYFPCRU".contains(*c)) {
        Some('S') => State::Success,
        Some('D') => State::Pending,
        Some('Y') => State::Syncing,
        Some('F') => State::Failed,
        Some('P') => State::Paused,
        Some('C') => State::Cached,
        Some('R') => State::Proxied,
        _ => State::Unknown,
    }
}

#[test]
fn names_of_any_site_find_the_folder_they_mean() {
    let Some(path) = sample("mirrorz-config/cname.json") else { return };
    let pairs: std::collections::BTreeMap<String, String> =
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let (content, _) = server::content::Content::parse(server::content::source::embedded());
    let mut matched = 0;
    for (local, agreed) in &pairs {
        if let Some(id) = content.resolve(agreed) {
            assert_eq!(content.identify(local, None), id, "{local}");
            matched += 1;
        }
    }
    assert!(matched >= 30, "{matched}");
}
