//! Figures of use: what is counted, what is shown of it, and what is never kept.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use app::{page::stats::Series, stats::Agent};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use server::{
    config::Config,
    history::Recorder,
    stats::{Worker, prometheus::Prometheus, store::Store},
};
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{path, query_param},
};

use crate::{
    harness::{TestSite, few, now},
    html::Html,
};

/// A line in the format that `generate nginx` defines.
fn line(n: i64, path: &str, status: u16, bytes: u64, agent: &str) -> String {
    let time = now() - SignedDuration::from_hours(n % 70);
    let time = time.strftime("%Y-%m-%dT%H:%M:%S+00:00");
    let address = if n % 4 == 0 { "2001:db8::7" } else { "10.1.2.3" };
    format!(
        "{address} [{time}] \"GET {path} HTTP/1.1\" {status} {bytes} OK 0.1 \"-\" \"{agent}\" mirror.example\n"
    )
}

/// Ten requests for alpha by apt, three parts of an image by curl, one for a page, one in vain.
fn some_lines() -> String {
    let mut log = String::new();
    for n in 0..10 {
        log += &line(n, "/alpha/dists/sid/InRelease", 200, 1000, "Debian APT-HTTP/1.3 (2.6.1)");
    }
    for n in 0..3 {
        log += &line(n, "/Alfa/pool/a-1.0.iso", 206, 1 << 20, "curl/8.5.0");
    }
    log += &line(5, "/docs/alpha", 200, 500, "Mozilla/5.0 (X11)");
    log += &line(6, "/wp-login.php", 404, 50, "Mozilla/5.0 (compatible; somebot/1.0)");
    log + "nonsense\n"
}

/// The few, with what a worker has counted in a log.
async fn counted() -> (TestSite, Worker, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mirror.log"), some_lines()).unwrap();
    let log = folder.path().join("mirror.log");
    let site = few()
        .config(&format!(
            "[stats]\naccess_log = {log:?}\n[network]\ncampus = [\"10.0.0.0/8\"]\n",
            log = log.display().to_string()
        ))
        .state_folder(&folder.path().join("state"))
        .start()
        .await;
    let mut worker = Worker::new(site.state().config());
    let stats = worker.step(&site.state().snapshot(), now(), None).unwrap();
    site.state().set_stats(stats);
    (site, worker, folder)
}

async fn rows(site: &TestSite, series: &str) -> Vec<Value> {
    let json = site.get(&format!("/api/v1/stats/{series}")).await.is(200).json();
    json["rows"].as_array().unwrap().clone()
}

#[tokio::test]
async fn requests_are_counted_by_mirror_client_network_and_day() {
    let (site, ..) = counted().await;
    let mib = 1 << 20;
    assert_eq!(
        rows(&site, "mirrors").await,
        [json!(["alpha", 13, 10_000 + 3 * mib, 3, 0]), json!([null, 2, 550, 0, 1])]
    );
    assert_eq!(
        rows(&site, "agents").await,
        [
            json!(["download-tool", 3, 3 * mib, 3, 0]),
            json!(["apt", 10, 10_000, 0, 0]),
            json!(["browser", 1, 500, 0, 0]),
            json!(["bot", 1, 50, 0, 1]),
        ]
    );
    let networks = rows(&site, "networks").await;
    assert_eq!(networks.len(), 2);
    assert_eq!(
        networks[0].as_array().unwrap()[..4],
        [json!("ipv4"), json!(true), json!("mirror.example"), json!(11)]
    );
    assert_eq!(
        networks[1].as_array().unwrap()[..4],
        [json!("ipv6"), json!(false), json!("mirror.example"), json!(4)]
    );
    // 14:00 in the zone of the site: the last hours are of one day.
    let days = rows(&site, "days").await;
    assert_eq!(days.len(), 1);
    assert_eq!(days[0], json!(["2026-11-21", 15, 10_550 + 3 * mib, 3, 1]));
}

#[tokio::test]
async fn the_page_has_each_figure_as_chart_table_and_data() {
    let (site, ..) = counted().await;
    let page = site.visit("/en/stats").await.is(200).html();
    let main = page.main();
    let text = main.visible();
    for shown in [
        "15 lines, and 1 that could not be counted",
        "3.0 MiB",
        "curl, wget, aria2",
        "IPv4, campus, mirror.example",
    ] {
        assert!(text.contains(shown), "{shown}");
    }
    let charts: Vec<_> = main.all("svg").filter(|svg| svg.get("role") == Some("img")).collect();
    assert_eq!(charts.len(), 2, "bytes and requests by day");
    for chart in charts {
        let ids = page.ids();
        assert!(ids.contains_key(chart.get("aria-labelledby").unwrap()));
        assert!(ids.contains_key(chart.get("aria-describedby").unwrap()));
    }
    let described =
        main.texts("span").into_iter().find(|text| text.contains("in 90 days")).unwrap();
    assert_eq!(described, "3.0 MiB in 90 days, 3.0 MiB on the day with the most.");
    for link in main.links().iter().filter(|link| link.starts_with("/api/")) {
        site.get(link).await.is(200);
    }
    assert_eq!(main.links().iter().filter(|link| link.starts_with("/api/")).count(), 12);
}

#[tokio::test]
async fn csv_and_json_say_the_same() {
    let (site, ..) = counted().await;
    for series in Series::ALL.map(Series::id) {
        let json = site.get(&format!("/api/v1/stats/{series}")).await.is(200).json();
        let answer = site.get(&format!("/api/v1/stats/{series}?format=csv")).await.is(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        let mut lines = answer.text().split_terminator("\r\n");
        let columns: Vec<_> = lines.next().unwrap().split(',').collect();
        assert_eq!(json!(columns), json["columns"], "{series}");
        let written: Vec<_> = lines.collect();
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(written.len(), rows.len(), "{series}");
        for (line, row) in written.iter().zip(rows) {
            let cells = row.as_array().unwrap().iter().map(|cell| match cell {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            assert_eq!(*line, cells.collect::<Vec<_>>().join(","), "{series}");
        }
    }
    site.get("/api/v1/stats/nothing").await.is(404);
    site.get("/api/v1/stats/disk?format=xml").await.is(400);
}

#[tokio::test]
async fn a_site_without_logs_says_so_and_shows_real_sizes_alone() {
    let site = TestSite::shared().await;
    let page = site.visit("/en/stats").await.is(200).html();
    let text = page.main().visible();
    assert!(
        text.contains("Requests are not counted here")
            && text.contains("Bandwidth is not measured")
    );
    assert_eq!(page.all("svg").filter(|svg| svg.get("role") == Some("img")).count(), 0);
    assert!(text.contains("The sizes are from the sync states recorded on 2026-07-05."));
    for series in ["days", "mirrors", "agents", "networks", "bandwidth", "disk-days"] {
        let json = site.get(&format!("/api/v1/stats/{series}")).await.is(200).json();
        assert_eq!((&json["measured"], &json["rows"]), (&json!(false), &json!([])), "{series}");
    }
    let told = site.get("/api/v1/mirrors").await.json();
    let sizes: Vec<Value> =
        told["mirrors"].as_array().unwrap().iter().map(|m| m["size_bytes"].clone()).collect();
    let disk: Vec<Value> = rows(site, "disk").await.iter().map(|row| row[1].clone()).collect();
    assert_eq!(disk, sizes);
    let state = &site.state().config().server.state;
    let mut worker = Worker::new(site.state().config());
    assert!(worker.step(&site.state().snapshot(), now(), None).is_none());
    assert!(!server::stats::file(state).exists(), "what is not measured leaves no file");
}

#[tokio::test]
async fn disk_use_over_time_comes_from_what_runs_told() {
    let site = few().start().await;
    let mut recorder = Recorder::new(site.state().config());
    site.record(&mut recorder);
    let later = now() + SignedDuration::from_hours(48);
    site.publish(later, |mirrors| {
        let alpha = mirrors.iter_mut().find(|mirror| mirror.id == "alpha").unwrap();
        alpha.last_success = Some(later);
        alpha.last_attempt = Some(later);
        alpha.size_bytes = Some(4 << 40);
    });
    site.record(&mut recorder);
    let days = rows(&site, "disk-days").await;
    // Beta told of five gibibytes three days ago, alpha of three tebibytes today.
    let (tib, gib) = (1_u64 << 40, 1_u64 << 30);
    let told = [days.first(), days.get(3), days.last()].map(Option::unwrap);
    assert_eq!(
        told,
        [
            &json!(["2026-11-18", 5 * gib, 1]),
            &json!(["2026-11-21", 3 * tib + 5 * gib, 2]),
            &json!(["2026-11-23", 4 * tib + 5 * gib, 2]),
        ]
    );
    let page = site.visit("/en/stats").await.html();
    assert!(page.source().contains("From 5.0 GiB (known of 1) to 4.0 TiB (known of 2 mirrors)."));
    assert_eq!(page.all("polyline").count(), 1);
}

#[tokio::test]
async fn the_site_reads_on_by_itself_through_rotations() {
    let (site, mut worker, folder) = counted().await;
    let log = folder.path().join("mirror.log");
    let mut step = |minutes| {
        worker.step(&site.state().snapshot(), now() + SignedDuration::from_mins(minutes), None)
    };
    assert!(step(1).is_none(), "it is not time yet");
    assert!(step(5).is_none(), "nothing is new");
    fs::rename(&log, folder.path().join("mirror.log.1")).unwrap();
    fs::write(&log, line(1, "/alpha/x", 200, 7, "curl/8")).unwrap();
    assert_eq!(step(10).unwrap().lines, 16);
    // Another process counts, too.
    let by_hand = folder.path().join("other.log");
    fs::write(&by_hand, line(2, "/alpha/y", 200, 7, "curl/8")).unwrap();
    let config = site.state().config();
    assert!(ingest(config, folder.path(), &[&by_hand]).status.success());
    assert_eq!(step(11).unwrap().lines, 17, "seen although it is not time to read");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    assert!(step(16).is_none(), "a log that cannot be read costs itself");
}

#[tokio::test]
async fn the_interface_is_measured_where_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let site =
        few().config("[stats]\ninterface = \"lo\"\n").state_folder(folder.path()).start().await;
    let mut worker = Worker::new(site.state().config());
    for minute in 0..3 {
        let stats =
            worker.step(&site.state().snapshot(), now() + SignedDuration::from_mins(minute), None);
        if let Some(stats) = stats {
            site.state().set_stats(stats);
        }
    }
    let rows = rows(&site, "bandwidth").await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0].as_array().unwrap()[..2], [json!("2026-11-21T06:00:00Z"), json!(120)]);
    let page = site.visit("/en/stats").await.html();
    assert!(page.main().visible().contains("Interface lo, read each minute."));
    assert!(page.ids().contains_key("chart-bandwidth-name"));
}

#[tokio::test]
async fn counters_of_prometheus_are_asked_for_and_shown() {
    let server = MockServer::start().await;
    let config = format!(
        "[stats.prometheus]\nurl = \"{}/prom/\"\nreceived = 'sum(in{{a=\"b\"}})'\nsent = 'sum(out)'\n",
        server.uri()
    );
    let folder = tempfile::tempdir().unwrap();
    let site = few().config(&config).state_folder(folder.path()).start().await;
    let prometheus = Prometheus::new(site.state().config().stats.prometheus.clone().unwrap());
    let mut worker = Worker::new(site.state().config());
    for minute in 0..4 {
        server.reset().await;
        for (expression, value) in
            [("sum(in{a=\"b\"})", 1000 * minute), ("sum(out)", 60_000 * minute)]
        {
            let body = json!({"status": "success", "data": {"resultType": "vector", "result": [
                {"metric": {}, "value": [1_795_231_800.5, value.to_string()]}
            ]}});
            // In the third minute the server is away.
            let status = if minute == 2 { 503 } else { 200 };
            Mock::given(path("/prom/api/v1/query"))
                .and(query_param("query", expression))
                .respond_with(ResponseTemplate::new(status).set_body_json(body))
                .mount(&server)
                .await;
        }
        let told = prometheus.read().await;
        assert_eq!(told.is_err(), minute == 2, "{told:?}");
        let at = now() + SignedDuration::from_mins(minute);
        if let Some(stats) = worker.step(&site.state().snapshot(), at, Some(told)) {
            site.state().set_stats(stats);
        }
    }
    let rows = rows(&site, "bandwidth").await;
    // Two differences: of the first minute, and of the next two, whose middle was not seen.
    assert_eq!(rows[0], json!(["2026-11-21T06:00:00Z", 180, 3000, 180_000, 1000, 1000]));
    let page = site.visit("/en/stats").await.html();
    assert!(page.main().visible().contains("Counters of Prometheus, read each minute."));
}

#[tokio::test]
async fn an_interface_that_is_not_there_costs_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("mirror.log");
    fs::write(&log, some_lines()).unwrap();
    let log = log.display().to_string();
    let config = format!("[stats]\naccess_log = {log:?}\ninterface = \"no-such-0\"\n");
    let site = few().config(&config).state_folder(folder.path()).start().await;
    let mut worker = Worker::new(site.state().config());
    let stats = worker.step(&site.state().snapshot(), now(), None).unwrap();
    assert_eq!((stats.lines, stats.hours.len()), (15, 0));
}

/// `mingjing stats ingest` with the state and content of a test.
fn command(config: &Config, folder: &Path, logs: &[&Path]) -> Command {
    let file = folder.join("site.toml");
    let text = format!(
        "[site]\nbase_url = \"https://mirror.example\"\nname = {{ zh = \"镜\", en = \"M\" }}\ntime_zone = \"Asia/Shanghai\"\n\
         [server]\nstate = \"{state}\"\n[files]\nroot = \"{root}\"\n",
        state = config.server.state.display(),
        root = config.root().display(),
    );
    fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mingjing"));
    command.args(["stats", "ingest", "--config"]).arg(file).args(logs);
    command
}

fn ingest(config: &Config, folder: &Path, logs: &[&Path]) -> Output {
    command(config, folder, logs).output().unwrap()
}

/// Today by the clock of the process, which the command line has no other of.
fn recent_lines(count: usize) -> String {
    let time =
        (Timestamp::now() - SignedDuration::from_hours(1)).strftime("%d/%b/%Y:%H:%M:%S +0000");
    (0..count).fold(String::new(), |mut log, n| {
        writeln!(
            log,
            "192.0.2.{} - - [{time}] \"GET /alpha/{n} HTTP/1.1\" 200 {n} \"-\" \"pip/24.0\"",
            n % 250
        )
        .unwrap();
        log
    })
}

#[tokio::test]
async fn a_reader_that_is_killed_again_and_again_counts_each_line_once() {
    let site = few().start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = site.state().config().clone();
    config.server.state = folder.path().join("state");
    let count = 60_000;
    // Many small logs: a position is written down after each.
    let logs: Vec<_> = (0..30).map(|n| folder.path().join(format!("log.{n}"))).collect();
    let text = recent_lines(count);
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    for (log, lines) in logs.iter().zip(lines.chunks(count / logs.len())) {
        fs::write(log, lines.concat()).unwrap();
    }
    let logs: Vec<&Path> = logs.iter().map(std::path::PathBuf::as_path).collect();
    let mut kills = 0;
    for attempt in 0..40 {
        let mut child = command(&config, folder.path(), &logs)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(40 + attempt * 17 % 160));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills > 0, "none was killed");
    let done = ingest(&config, folder.path(), &logs);
    assert!(done.status.success(), "{done:?}");
    let store = Store::open(&server::stats::file(&config.server.state)).unwrap();
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
    let stats =
        store.sum_up(Timestamp::now().to_zoned(zone).date(), None, Timestamp::now()).unwrap();
    assert_eq!(stats.lines, count as u64);
    let n = count as u64;
    assert_eq!(stats.agents.len(), 1);
    let (agent, sum) = stats.agents[0];
    assert_eq!((agent, sum.requests, sum.bytes), (Agent::Pip, n, n * (n - 1) / 2));
    assert_eq!(stats.mirrors[0].0.as_deref(), Some("alpha"));
}

#[test]
fn by_hand_it_says_what_it_did_and_fails_for_what_it_could_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::embedded().unwrap();
    config.server.state = folder.path().join("state");
    config.files.root = Some(folder.path().to_owned());
    let log = folder.path().join("access.log");
    fs::write(&log, recent_lines(5) + "nonsense\n").unwrap();
    let first = ingest(&config, folder.path(), &[&log]);
    let said = String::from_utf8(first.stdout).unwrap();
    assert!(first.status.success() && said.starts_with("5 lines counted, 1 not, "), "{said}");
    let again = ingest(&config, folder.path(), &[&log]);
    assert!(String::from_utf8(again.stdout).unwrap().starts_with("0 lines counted, 0 not, "));
    let missing = ingest(&config, folder.path(), &[&log, Path::new("/nonexistent/log")]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("/nonexistent/log"));
    let nothing = ingest(&config, folder.path(), &[]);
    assert!(String::from_utf8(nothing.stderr).unwrap().contains("stats.access_log"));
}

/// What a page looks like in a terminal.
fn in_w3m(page: &Html) -> Option<String> {
    let started = Command::new("w3m")
        .args(["-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", "100"])
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        assert!(std::env::var_os("CI").is_none(), "w3m is missing");
        return None;
    };
    child.stdin.take().unwrap().write_all(page.source().as_bytes()).unwrap();
    Some(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap())
}

#[tokio::test]
async fn both_pages_are_readable_in_a_terminal() {
    let (site, ..) = counted().await;
    let page = site.visit("/en/stats").await.html();
    let Some(text) = in_w3m(&page) else { return };
    let row = text.lines().find(|line| line.trim_start().starts_with("curl, wget, aria2")).unwrap();
    let words: Vec<_> = row.split_whitespace().collect();
    assert_eq!(words[3..], ["3", "3", "0", "3.0", "MiB"], "{text}");
    let row = text.lines().find(|line| line.trim_start().starts_with("Alpha")).unwrap();
    assert!(row.contains("3.0 TiB"), "{text}");
    let page = site.get_from("10.1.2.3", "/network", &[("accept", "text/html")]).await.html();
    let text = in_w3m(&page).unwrap();
    for shown in ["10.1.2.3", "在校园网内", "mirror.example", "适合你", "下载 10 MB"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
}
