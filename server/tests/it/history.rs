//! The past of mirrors: what is recorded, what survives, what is shown.

use std::{
    collections::HashSet,
    env, fs,
    hash::{BuildHasher as _, RandomState},
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use app::{
    history::{Change, Event, Outcome, Run},
    model::{Freshness, Mirror, State},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use server::history::{
    Recorder,
    change::{Known, Step},
    store::{Limits, Store, StoreError},
};

use crate::{
    harness::{TestSite, few, now},
    html::Html,
};

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn alpha(mirrors: &mut [Mirror]) -> &mut Mirror {
    mirrors.iter_mut().find(|mirror| mirror.id == "alpha").unwrap()
}

/// A site whose mirror alpha fails once and recovers.
async fn eventful(builder: crate::harness::Builder) -> (TestSite, Recorder) {
    let site = builder.start().await;
    let mut recorder = Recorder::new(site.state().config());
    site.record(&mut recorder);
    site.publish(later(10), |mirrors| alpha(mirrors).state = State::Syncing);
    site.record(&mut recorder);
    site.publish(later(25), |mirrors| {
        alpha(mirrors).state = State::Failed;
        alpha(mirrors).last_attempt = Some(later(25));
    });
    site.record(&mut recorder);
    site.publish(later(60), |mirrors| {
        alpha(mirrors).state = State::Success;
        alpha(mirrors).last_success = Some(later(59));
        alpha(mirrors).last_attempt = Some(later(59));
        alpha(mirrors).size_bytes = Some(4 << 40);
    });
    site.record(&mut recorder);
    (site, recorder)
}

async fn history_of(site: &TestSite, id: &str) -> Value {
    site.get(&format!("/api/v1/mirrors/{id}/history")).await.is(200).json()
}

#[tokio::test]
async fn runs_and_changes_are_recorded() {
    let (site, _recorder) = eventful(few()).await;
    let json = history_of(&site, "alpha").await;
    let runs = json["runs"].as_array().unwrap();
    let ends: Vec<_> = runs.iter().map(|run| (&run["ended"], &run["outcome"])).collect();
    assert_eq!(
        ends,
        [
            (&"2026-11-21T06:59:00Z".into(), &"success".into()),
            (&"2026-11-21T06:25:00Z".into(), &"failed".into()),
            (&"2026-11-21T04:00:00Z".into(), &"success".into()),
        ]
    );
    assert_eq!(runs[1]["started"], "2026-11-21T06:10:00Z");
    assert_eq!(runs[1]["seconds"], 900);
    assert_eq!(runs[0]["started"], Value::Null, "nobody saw it begin");
    assert_eq!(json["figures"]["runs"], 3);
    assert_eq!((&json["figures"]["ok"], &json["figures"]["failed"]), (&2.into(), &1.into()));
    assert_eq!(json["figures"]["last_size_bytes"], 4_u64 << 40);
    assert_eq!(json["days"].as_array().unwrap().len(), 1);
    let events: Vec<_> = json["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (&change["event"], &change["state"]))
        .collect();
    assert_eq!(
        events,
        [
            (&"recovered".into(), &"success".into()),
            (&"failed".into(), &"failed".into()),
            (&Value::Null, &"syncing".into()),
            (&Value::Null, &"success".into()),
        ],
        "every change of state, newest first"
    );
}

#[tokio::test]
async fn a_restart_doubles_nothing() {
    let kept = tempfile::tempdir().unwrap();
    let (site, recorder) = eventful(few().state_folder(kept.path())).await;
    let before = history_of(&site, "alpha").await;
    drop(recorder);
    for _ in 0..2 {
        let mut again = Recorder::new(site.state().config());
        site.record(&mut again);
        site.record(&mut again);
        assert_eq!(history_of(&site, "alpha").await, before);
    }
}

#[tokio::test]
async fn the_page_shows_charts_figures_and_tables() {
    let (site, _recorder) = eventful(few()).await;
    let page = site.visit("/en/status/alpha").await.is(200).html().main();
    let text = page.visible();
    for word in ["66.6 % (2 of 3 runs)", "15 min", "sync failed", "sync recovered", "4.0 TiB"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let images: Vec<_> = page.all("svg").collect();
    assert_eq!(images.len(), 3, "runs, durations, sizes");
    let ids = page.ids();
    for image in images {
        assert_eq!(image.get("role"), Some("img"));
        for label in ["aria-labelledby", "aria-describedby"] {
            assert!(ids.contains_key(image.get(label).unwrap()), "{label}");
        }
    }
    let classes: Vec<_> = page.all("rect").filter_map(|rect| rect.get("class")).collect();
    let count = |class| classes.iter().filter(|c| **c == class).count();
    assert_eq!((count("good"), count("bad"), count("none"), count("plain")), (1, 1, 89, 1));
    assert_eq!(page.all("tr").count(), (1 + 1) + (1 + 3), "days and runs with their heads");
    let head = site.visit("/status/alpha").await.html();
    let feeds: Vec<_> = head
        .all("link")
        .filter(|link| link.get("type") == Some("application/atom+xml"))
        .filter_map(|link| link.get("href"))
        .collect();
    assert_eq!(feeds, ["/feed.xml", "/status/alpha/feed.xml", "/status/feed.xml"]);
}

#[tokio::test]
async fn what_has_no_past_says_so() {
    let site = few().start().await;
    let text = site.visit("/en/status/gamma").await.is(200).html().main().visible();
    assert!(text.contains("No run has been recorded yet"), "{text}");
    let site = TestSite::shared().await;
    let mut recorder = Recorder::new(site.state().config());
    recorder.record(&site.state().snapshot());
    let text = site.visit("/en/status/debian").await.is(200).html().main().visible();
    assert!(text.contains("a recording of 2026-07-05 and not live"), "{text}");
}

#[tokio::test]
async fn a_recorded_feed_is_never_taken_for_runs() {
    let site = TestSite::builder().start().await;
    let mut recorder = Recorder::new(site.state().config());
    site.record(&mut recorder);
    let json = history_of(&site, "debian").await;
    assert_eq!((&json["runs"], &json["figures"]["runs"]), (&Value::Array(vec![]), &0.into()));
    assert!(json["since"].is_string(), "but its content is watched");
}

#[tokio::test]
async fn addresses_lead_where_those_of_guides_lead() {
    let (site, _recorder) = eventful(few()).await;
    for (from, to) in [
        ("/status/Alfa", "/status/alpha"),
        ("/en/status/ALPHA", "/en/status/alpha"),
        ("/status/Alfa/feed.xml", "/status/alpha/feed.xml"),
        ("/status/alpha/", "/status/alpha"),
        ("/status/delta/child/", "/status/delta/child"),
        ("/status/", "/status"),
        ("/api/v1/mirrors/Alfa/history", "/api/v1/mirrors/alpha/history"),
    ] {
        let answer = site.get(from).await.is(308);
        assert_eq!(answer.location(), to);
        site.get(to).await.is(200);
    }
    for missing in ["/status/omega", "/en/status/omega/feed.xml", "/api/v1/mirrors/omega/history"] {
        site.get(missing).await.is(404);
    }
    site.get("/en/status/delta/child").await.is(200);
    site.get("/status/delta/child/feed.xml").await.is(200);
    assert_eq!(history_of(&site, "delta%2Fchild").await["id"], "delta/child");
    let links = site.visit("/en/status").await.html().links();
    assert!(links.contains(&"/en/status/delta/child".to_owned()), "{links:?}");
    let links = site.visit("/en/docs/alpha").await.html().links();
    assert!(links.contains(&"/en/status/alpha".to_owned()), "{links:?}");
}

#[tokio::test]
async fn feeds_are_valid_and_name_each_event_once() {
    let (site, mut recorder) = eventful(few()).await;
    site.publish(later(90), |mirrors| mirrors.retain(|mirror| mirror.id != "beta"));
    site.record(&mut recorder);
    let mut all_ids = HashSet::new();
    for (path, lang, entries) in [
        ("/status/feed.xml", "zh-CN", 3),
        ("/en/status/feed.xml", "en", 3),
        ("/status/alpha/feed.xml", "zh-CN", 2),
        ("/status/gamma/feed.xml", "zh-CN", 0),
    ] {
        let answer = site.get(path).await.is(200);
        assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
        let feed = Html::new(answer.text());
        check_atom(&feed, lang);
        assert_eq!(feed.all("entry").count(), entries, "{path}");
        let ids: HashSet<String> = feed.texts("id").into_iter().collect();
        assert_eq!(ids.len(), entries + 1, "{path}: every id once");
        all_ids.extend(ids);
        for link in feed.links() {
            let path = link.strip_prefix("https://mirror.example").expect("absolute");
            site.get(path).await.is(200);
        }
    }
    let english = site.get("/en/status/feed.xml").await;
    for title in ["Alpha: sync failed", "Alpha: sync recovered", "beta: no longer listed"] {
        assert!(english.text().contains(title), "{title} in {}", english.text());
    }
    let failed = "tag:mirror.example,2026-11-21:status/alpha/failed/1795242300";
    assert!(all_ids.contains(failed), "{all_ids:?}");
}

/// What RFC 4287 demands of a feed and of each entry.
fn check_atom(feed: &Html, lang: &str) {
    let entries = feed.all("entry").count();
    let root = feed.all("feed").next().unwrap();
    assert_eq!(root.get("xmlns"), Some("http://www.w3.org/2005/Atom"));
    assert_eq!(root.get("xml:lang"), Some(lang));
    for required in ["id", "title", "updated"] {
        assert_eq!(feed.all(required).count(), entries + 1, "{required}");
    }
    assert_eq!(feed.all("author").count(), 1, "of the feed, so that entries need none");
    assert_eq!(feed.all("summary").count(), entries);
    let times: Vec<Timestamp> =
        feed.texts("updated").iter().map(|time| time.parse().unwrap()).collect();
    assert!(times[1..].iter().all(|time| *time <= times[0]), "the feed is as new as its newest");
    assert!(times[1..].is_sorted_by(|a, b| a >= b), "newest first");
    let of_itself = feed.all("link").filter(|link| link.get("rel") == Some("self")).count();
    let alternates = feed.all("link").filter(|link| link.get("rel") == Some("alternate")).count();
    assert_eq!((of_itself, alternates), (1, entries + 1));
}

#[tokio::test]
async fn a_damaged_file_is_moved_aside_and_a_new_one_begun() {
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("history.sqlite");
    fs::write(&file, vec![b'x'; 20_000]).unwrap();
    let (site, recorder) = eventful(few().state_folder(kept.path())).await;
    assert_eq!(history_of(&site, "alpha").await["figures"]["runs"], 3);
    assert_eq!(moved_aside(kept.path()), 1);
    // Damage within a file that was good: most of its pages are overwritten.
    drop(recorder);
    let mut bytes = fs::read(&file).unwrap();
    bytes[4096..].fill(0xAA);
    fs::write(&file, bytes).unwrap();
    let mut recorder = Recorder::new(site.state().config());
    site.publish(later(120), |_| ());
    site.record(&mut recorder);
    assert_eq!(moved_aside(kept.path()), 2);
    assert_eq!(site.state().history().error, None);
    assert_eq!(history_of(&site, "alpha").await["figures"]["runs"], 1, "begun anew");
}

fn moved_aside(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names
        .map(|name| name.into_string().unwrap())
        .filter(|name| name.contains(".damaged-") && name.ends_with('Z'))
        .count()
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_costs_only_the_history() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("state");
    fs::write(&folder, "a file where the folder should be").unwrap();
    let (site, mut recorder) = eventful(few().state_folder(&folder)).await;
    assert!(site.state().history().error.as_ref().unwrap().contains("history.sqlite"));
    let text = site.visit("/en/status/alpha").await.is(200).html().main().visible();
    assert!(text.contains("History cannot be written"), "{text}");
    let ready = site.get("/readyz").await.is(200);
    assert!(ready.text().contains("history: "), "{}", ready.text());
    fs::remove_file(&folder).unwrap();
    site.publish(later(61), |_| ());
    site.record(&mut recorder);
    assert_eq!(site.state().history().error, None, "recovered by itself");
    assert_eq!(history_of(&site, "alpha").await["figures"]["runs"], 1, "the last one is known");
}

#[tokio::test]
async fn a_running_site_records_what_its_backend_says() {
    let mut site = few().start().await;
    site.run();
    crate::reload::until(async || history_of(&site, "beta").await["figures"]["failed"] == 1).await;
}

fn run(minute: i64) -> Run {
    Run { started: None, ended: later(minute), outcome: Outcome::Success, size_bytes: Some(1) }
}

fn step(minute: i64) -> Step {
    let change = Change {
        at: later(minute),
        event: Some(Event::New),
        state: State::Success,
        freshness: Freshness::Fresh,
    };
    let known = Known { since: now(), state: State::Success, ..Known::default() };
    Step { known, runs: vec![run(minute)], changes: vec![change] }
}

#[test]
fn rows_and_bytes_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let mut store = Store::open(&path).unwrap();
    for minute in 0..3000 {
        store.commit(&[("m".to_owned(), step(minute))]).unwrap();
    }
    let limits = Limits { keep: Duration::from_hours(24), rows: 100 };
    store.prune(later(3000), limits).unwrap();
    let runs = store.runs("m", Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((runs.len(), runs[0].ended, runs[99].ended), (100, later(2900), later(2999)));
    assert_eq!(store.changes("m", 1000).unwrap().len(), 100);
    let full = fs::metadata(&path).unwrap().len();
    assert!(full < 64 * 1024, "the space is given back: {full} bytes");
    store.prune(later(3000 + 25 * 60), limits).unwrap();
    assert!(store.runs("m", Timestamp::UNIX_EPOCH).unwrap().is_empty(), "too old");
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    drop(Store::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 99, .. })));
}

const WRITER: &str = "MINGJING_TEST_WRITER";

/// Not a test: the process that the tests below kill, and whose disk is full.
#[test]
#[ignore = "other tests run it as a process of its own"]
fn writer() {
    let Ok(path) = env::var(WRITER) else { return };
    let mut store = Store::open(Path::new(&path)).unwrap();
    store.known().unwrap();
    let mut next = store.runs("m", Timestamp::UNIX_EPOCH).unwrap().len();
    let mut out = io::stdout();
    loop {
        let step = step(i64::try_from(next).unwrap());
        match store.commit(&[("m".to_owned(), step)]) {
            Ok(()) => {
                writeln!(out, "committed {next}").unwrap();
                next += 1;
            }
            Err(error) => {
                writeln!(out, "failed {error}").unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

struct Writer {
    child: Child,
    lines: io::Lines<BufReader<ChildStdout>>,
}

impl Writer {
    /// Starts the process; `limit` is the most bytes of a file, in units of 512.
    fn start(path: &Path, limit: Option<u32>) -> Self {
        let limit = limit.map_or_else(String::new, |n| format!("ulimit -S -f {n};"));
        let mut child = Command::new("sh")
            // The signal would end the process; as an error it is like a disk that is full.
            .args(["-c", &format!("trap '' XFSZ; {limit} exec \"$0\" \"$@\"")])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "history::writer", "--ignored", "--nocapture"])
            .env(WRITER, path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn until(&mut self, word: &str) -> String {
        self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(word)).unwrap()
    }

    /// `kill -9`; returns the last run that was committed by its own word.
    fn kill(mut self) -> i64 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest = self.lines.map_while(Result::ok).collect::<Vec<_>>();
        let numbers = rest.iter().filter_map(|line| line.split_once("committed ")?.1.parse().ok());
        numbers.max().unwrap_or(-1)
    }
}

fn check_whole(path: &Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    let check: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    drop(connection);
    let mut store = Store::open(path).unwrap();
    store.known().unwrap();
    let runs = store.runs("m", Timestamp::UNIX_EPOCH).unwrap();
    let count = i64::try_from(runs.len()).unwrap();
    let expected: Vec<Run> = (0..count).map(run).collect();
    assert_eq!(runs, expected, "no gap, nothing twice");
    assert_eq!(store.changes("m", u32::MAX).unwrap().len(), runs.len());
    count
}

#[test]
fn nothing_committed_is_lost_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    for round in 0..8_u64 {
        let mut writer = Writer::start(&path, None);
        let mut last = 0;
        let random = RandomState::new().hash_one(round);
        for _ in 0..=random % 40 {
            let line = writer.until("committed");
            last = line.rsplit(' ').next().unwrap().parse().unwrap();
        }
        thread::sleep(Duration::from_micros(random % 5000));
        let last = writer.kill().max(last);
        let count = check_whole(&path);
        assert!(count > last, "{last} was committed, and {count} runs are there");
    }
}

#[test]
fn a_full_disk_is_an_error_and_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let mut writer = Writer::start(&path, Some(256));
    writer.until("committed");
    writer.until("failed");
    let pid = writer.child.id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
    assert!(raised.unwrap().success());
    let line = writer.until("committed");
    let first: i64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(writer.kill().max(first) < check_whole(&path));
}
