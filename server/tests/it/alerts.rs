//! Alerts against a real HTTP receiver on this machine.

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use app::{
    Lang,
    model::{Freshness, Mirror, State},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use server::{
    alert::{Courier, Outgoing, Rule, Worker},
    status::Entry,
};
use tempfile::TempDir;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use crate::harness::{TestSite, few, now};

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn rule(lines: &str) -> Rule {
    let rule: Rule = toml::from_str(&format!("name = \"ops\"\n{lines}")).unwrap();
    rule.check().unwrap();
    rule
}

/// A receiver that answers like all robots at once.
async fn receiver() -> MockServer {
    let server = MockServer::builder().start().await;
    answer(&server, ResponseTemplate::new(200).set_body_string(OK)).await;
    server
}

const OK: &str = r#"{"code": 0, "errcode": 0, "msg": "success", "event_id": "$1"}"#;

async fn answer(server: &MockServer, template: ResponseTemplate) {
    server.reset().await;
    Mock::given(any()).respond_with(template).mount(server).await;
}

async fn received(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

/// A site, a rule, a receiver, and a clock that is turned by hand.
struct Scene {
    site: TestSite,
    server: MockServer,
    rule: Rule,
    worker: Worker,
    folder: TempDir,
}

impl Scene {
    async fn new(lines: &str) -> Self {
        Self::of(few().start().await, lines).await
    }

    async fn of(site: TestSite, lines: &str) -> Self {
        let server = receiver().await;
        let rule = rule(&format!("kind = \"json\"\nurl = \"{}/hook\"\n{lines}", server.uri()));
        let folder = tempfile::tempdir().unwrap();
        // All is well at first: beta of the few fails from the beginning.
        site.publish(now(), |mirrors| set(mirrors, "beta", State::Success, now()));
        let worker = Worker::load(rule.clone(), site.state().config().site(), folder.path()).await;
        let mut scene = Self { site, server, rule, worker, folder };
        scene.turn(0).await;
        assert_eq!(received(&scene.server).await, [] as [Value; 0]);
        scene
    }

    async fn turn(&mut self, minute: i64) {
        self.turn_at(later(minute)).await;
    }

    async fn turn_at(&mut self, now: Timestamp) {
        self.worker.turn(&self.site.state().snapshot(), now).await;
    }

    async fn fails(&mut self, id: &str, minute: i64) {
        self.site.publish(later(minute), |mirrors| set(mirrors, id, State::Failed, later(minute)));
        self.turn(minute).await;
    }

    async fn succeeds(&mut self, id: &str, minute: i64) {
        self.site.publish(later(minute), |mirrors| set(mirrors, id, State::Success, later(minute)));
        self.turn(minute).await;
    }

    async fn restart(&mut self) {
        let site = self.site.state().config().site();
        self.worker = Worker::load(self.rule.clone(), site, self.folder.path()).await;
    }

    /// Events and mirrors of every message so far.
    async fn told(&self) -> Vec<Vec<(String, String)>> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        received(&self.server)
            .await
            .iter()
            .map(|message| {
                let items = message["items"].as_array().unwrap();
                items.iter().map(|item| (text(&item["event"]), text(&item["mirror"]))).collect()
            })
            .collect()
    }
}

fn set(mirrors: &mut [Mirror], id: &str, state: State, at: Timestamp) {
    let mirror = mirrors.iter_mut().find(|mirror| mirror.id == id).unwrap();
    mirror.state = state;
    mirror.last_attempt = Some(at);
    if state == State::Success {
        mirror.last_success = Some(at);
    }
}

fn told(items: &[(&str, &str)]) -> Vec<(String, String)> {
    items.iter().map(|(event, id)| ((*event).to_owned(), (*id).to_owned())).collect()
}

#[tokio::test]
async fn what_does_not_last_is_not_told() {
    let mut scene = Scene::new("after = \"10m\"").await;
    scene.fails("alpha", 1).await;
    scene.turn(10).await;
    scene.succeeds("alpha", 10).await;
    scene.turn(30).await;
    assert!(scene.told().await.is_empty(), "it was over before ten minutes had passed");
    scene.fails("alpha", 40).await;
    scene.turn(49).await;
    assert!(scene.told().await.is_empty());
    scene.turn(50).await;
    assert_eq!(scene.told().await, [told(&[("failed", "alpha")])]);
    // Another attempt is under way, and fails as well: no news.
    scene.site.publish(later(55), |m| set(m, "alpha", State::Syncing, later(40)));
    scene.turn(55).await;
    scene.fails("alpha", 60).await;
    scene.turn(200).await;
    assert_eq!(scene.told().await.len(), 1);
    scene.succeeds("alpha", 201).await;
    assert_eq!(scene.told().await[1], told(&[("recovered", "alpha")]));
}

#[tokio::test]
async fn so_many_runs_must_have_failed() {
    let mut scene = Scene::new("after = \"1s\"\nfailures = 3").await;
    for minute in [1, 11] {
        scene.fails("alpha", minute).await;
        scene.turn(minute + 5).await;
    }
    assert!(scene.told().await.is_empty());
    scene.fails("alpha", 21).await;
    scene.turn(22).await;
    assert_eq!(scene.told().await, [told(&[("failed", "alpha")])]);
}

#[tokio::test]
async fn a_storm_is_one_message() {
    let entry = |n: usize| Entry {
        id: format!("mirror-{n:02}"),
        state: State::Success,
        ..Entry::default()
    };
    let site = TestSite::builder().content(&[]).entries((0..60).map(entry).collect());
    let site = site.tree(|_| ()).start().await;
    site.state().snapshot();
    let server = receiver().await;
    let lines = format!("kind = \"json\"\nafter = \"1m\"\nurl = \"{}\"", server.uri());
    let folder = tempfile::tempdir().unwrap();
    let mut worker = Worker::load(rule(&lines), site.state().config().site(), folder.path()).await;
    site.publish(later(1), |mirrors| {
        for mirror in mirrors {
            mirror.state = State::Failed;
        }
    });
    for second in 0..180 {
        let time = later(1) + SignedDuration::from_secs(second);
        worker.turn(&site.state().snapshot(), time).await;
    }
    let messages = received(&server).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["items"].as_array().unwrap().len(), 60);
    assert!(messages[0]["title"].as_str().unwrap().contains("60"), "{}", messages[0]["title"]);
}

#[tokio::test]
async fn more_than_allowed_waits_for_the_next_message() {
    let mut scene = Scene::new("after = \"1s\"\nper_minute = 2").await;
    let second = |s: i64| later(1) + SignedDuration::from_secs(s);
    for (place, id) in ["alpha", "beta", "gamma", "delta/child"].iter().enumerate() {
        let time = i64::try_from(place).unwrap() * 3;
        scene.site.publish(second(time), |m| set(m, id, State::Failed, second(time)));
        scene.turn_at(second(time)).await;
        scene.turn_at(second(time + 2)).await;
    }
    assert_eq!(scene.told().await.len(), 2);
    scene.turn_at(second(90)).await;
    assert_eq!(scene.told().await[2], told(&[("failed", "gamma"), ("failed", "delta/child")]));
}

#[tokio::test]
async fn what_goes_on_is_repeated_only_if_wanted() {
    let mut scene = Scene::new("after = \"1s\"\nrepeat = \"6h\"").await;
    scene.fails("alpha", 1).await;
    for minute in [2, 300, 361, 363, 722, 724] {
        scene.turn(minute).await;
    }
    let messages = received(&scene.server).await;
    let repeated: Vec<_> = messages.iter().map(|m| &m["items"][0]["is_repeated"]).collect();
    assert_eq!(repeated, [false, true, true]);
}

#[tokio::test]
async fn a_digest_comes_once_a_day_at_its_time() {
    // The site's zone is Asia/Shanghai: 09:00 there is 01:00 UTC; the scene begins at 06:00 UTC.
    let mut scene = Scene::new("after = \"10m\"\ndigest = \"09:00\"\non = [\"failed\"]").await;
    scene.fails("alpha", 1).await;
    scene.turn(12).await;
    assert_eq!(scene.told().await.len(), 1, "the failure; this morning's digest is past");
    let before: Timestamp = "2026-11-22T00:59:59Z".parse().unwrap();
    scene.turn_at(before).await;
    assert_eq!(scene.told().await.len(), 1);
    scene.turn_at(before + SignedDuration::from_secs(1)).await;
    scene.restart().await;
    for hour in 0..20 {
        scene.turn_at(before + SignedDuration::from_hours(hour)).await;
    }
    let messages = received(&scene.server).await;
    assert_eq!(messages.len(), 2, "not twice, not even after a restart");
    assert_eq!(messages[1]["kind"], "digest");
    assert_eq!(messages[1]["items"][0]["mirror"], "alpha");
    let text = messages[1]["text"].as_str().unwrap();
    assert!(text.contains("4 个镜像，1 个同步失败，0 个内容陈旧"), "{text}");
    scene.turn_at(before + SignedDuration::from_hours(24) + SignedDuration::from_mins(1)).await;
    assert_eq!(scene.told().await.len(), 3, "the next day");
}

#[tokio::test]
async fn a_receiver_that_was_down_gets_everything_in_the_end() {
    let mut scene = Scene::new("after = \"1s\"").await;
    answer(&scene.server, ResponseTemplate::new(503)).await;
    scene.fails("alpha", 1).await;
    scene.turn(2).await;
    let attempts = received(&scene.server).await;
    assert_eq!(attempts.len(), 1);
    scene.turn_at(later(2) + SignedDuration::from_secs(1)).await;
    assert_eq!(received(&scene.server).await.len(), 1, "it is left alone for a while");
    scene.fails("beta", 3).await;
    scene.turn(4).await;
    scene.succeeds("alpha", 5).await;
    let tried = received(&scene.server).await;
    assert!(tried.iter().all(|message| message["id"] == attempts[0]["id"]), "the same message");
    scene.restart().await;
    answer(&scene.server, ResponseTemplate::new(200)).await;
    scene.turn(30).await;
    scene.turn(31).await;
    scene.turn(32).await;
    assert_eq!(
        scene.told().await,
        [told(&[("failed", "alpha")]), told(&[("failed", "beta"), ("recovered", "alpha")])],
        "in order, once, across a restart"
    );
}

#[tokio::test]
async fn a_restart_repeats_nothing() {
    let mut scene = Scene::new("after = \"5m\"").await;
    scene.fails("alpha", 1).await;
    scene.restart().await;
    scene.turn(7).await;
    assert_eq!(scene.told().await.len(), 1, "patience counts across a restart");
    for minute in 8..12 {
        scene.restart().await;
        scene.turn(minute).await;
    }
    assert_eq!(scene.told().await.len(), 1);
}

#[tokio::test]
async fn staleness_absence_and_a_dead_backend_are_told() {
    let mut scene =
        Scene::new("after = \"1s\"\non = [\"stale\", \"fresh\", \"gone\", \"listed\"]").await;
    let fresh = |mirrors: &mut [Mirror], freshness| mirrors[0].freshness = freshness;
    let alpha = scene.site.state().snapshot().mirrors[0].id.clone();
    for (minute, freshness) in
        [(1, Freshness::Expired), (3, Freshness::Late), (5, Freshness::Fresh)]
    {
        scene.site.publish(later(minute), |mirrors| fresh(mirrors, freshness));
        scene.turn(minute).await;
        scene.turn(minute + 1).await;
    }
    let all = scene.site.state().snapshot().mirrors.clone();
    scene.site.publish(later(10), |mirrors| drop(mirrors.remove(0)));
    scene.turn(10).await;
    scene.turn(11).await;
    scene.site.publish(later(12), |mirrors| *mirrors = all);
    scene.turn(12).await;
    let events: Vec<_> = ["stale", "fresh", "gone", "listed"]
        .iter()
        .map(|event| told(&[(*event, alpha.as_str())]))
        .collect();
    assert_eq!(scene.told().await, events);
}

#[tokio::test]
async fn only_named_mirrors_and_events_are_told() {
    let mut scene = Scene::new("after = \"1s\"\nmirrors = [\"beta\"]\non = [\"recovered\"]").await;
    scene.fails("alpha", 1).await;
    scene.fails("beta", 1).await;
    scene.turn(2).await;
    scene.succeeds("alpha", 3).await;
    scene.succeeds("beta", 3).await;
    assert_eq!(scene.told().await, [told(&[("recovered", "beta")])]);
}

/// One failure and one recovery as a kind of receiver gets them.
async fn as_received(kind: &str, lines: &str) -> Request {
    let server = receiver().await;
    let site = few().start().await;
    let text = format!(
        "kind = \"{kind}\"\nurl = \"{}/hook?key=k3y\"\nlang = \"en\"\nafter = \"1s\"\n{lines}",
        server.uri()
    );
    let folder = tempfile::tempdir().unwrap();
    let mut worker = Worker::load(rule(&text), site.state().config().site(), folder.path()).await;
    for second in 0..3 {
        let time = now() + SignedDuration::from_secs(second);
        worker.turn(&site.state().snapshot(), time).await;
    }
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let kept = fs::read_to_string(folder.path().join("alerts/ops.json")).unwrap();
    assert!(!kept.contains("k3y") && !kept.contains("s3cret"), "{kept}");
    requests.remove(0)
}

const TEXT: &str = "[Example Mirror] Beta: failed\nfailed:\n\
    · Beta (beta), since 2026-11-21 13:00, last success 2026-11-18 14:00\n\
    https://mirror.example/en/status";

#[tokio::test]
async fn every_robot_gets_the_shape_that_it_documents() {
    let request = as_received("feishu", "").await;
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(body(&request), json!({"msg_type": "text", "content": {"text": TEXT}}));

    let request = as_received("feishu", "secret = \"s3cret\"").await;
    let got = body(&request);
    let seconds: i64 = got["timestamp"].as_str().unwrap().parse().unwrap();
    assert_eq!(seconds, now().as_second() + 1, "seconds as a text");
    assert_eq!(got["sign"].as_str().unwrap().len(), 44, "32 bytes in base64");

    let robot = json!({"msgtype": "text", "text": {"content": TEXT}});
    let request = as_received("dingtalk", "secret = \"s3cret\"").await;
    assert_eq!(body(&request), robot);
    let query: Vec<_> = request.url.query_pairs().map(|(key, _)| key.into_owned()).collect();
    assert_eq!(query, ["key", "timestamp", "sign"]);
    let request = as_received("wecom", "").await;
    assert_eq!((body(&request), request.url.query()), (robot, Some("key=k3y")));

    let request = as_received("discord", "").await;
    assert_eq!(body(&request), json!({"content": TEXT, "allowed_mentions": {"parse": []}}));
    let request = as_received("slack", "").await;
    assert_eq!(body(&request), json!({ "text": TEXT }));
}

#[tokio::test]
async fn matrix_gets_a_put_with_a_transaction_and_a_token() {
    let server = receiver().await;
    let rule = rule(&format!(
        "kind = \"matrix\"\nurl = \"{}/\"\nroom = \"!a b:example.org\"\nsecret = \"s3cret\"",
        server.uri()
    ));
    let site = few().start().await.state().config().site();
    let message = Outgoing::test(&rule, now());
    Courier::default().send(&rule, &site, &message, now()).await.unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.method.as_str(), "PUT");
    assert_eq!(
        request.url.path(),
        format!(
            "/_matrix/client/v3/rooms/%21a%20b%3Aexample.org/send/m.room.message/{}",
            message.id
        )
    );
    assert_eq!(request.headers["authorization"], "Bearer s3cret");
    assert_eq!(body(request)["msgtype"], "m.notice");
    assert_eq!(body(request)["m.mentions"], json!({}));
}

#[tokio::test]
async fn programs_get_every_field() {
    let request = as_received("json", "secret = \"s3cret\"").await;
    assert_eq!(request.headers["authorization"], "Bearer s3cret");
    let mut got = body(&request);
    assert!(got["id"].as_str().unwrap().starts_with("mingjing-ops-"));
    got.as_object_mut().unwrap().remove("id");
    assert_eq!(
        got,
        json!({
            "version": 1,
            "kind": "alert",
            "site": {"name": "Example University Mirror", "url": "https://mirror.example"},
            "sent_at": "2026-11-21T06:00:01Z",
            "title": "[Example Mirror] Beta: failed",
            "text": TEXT,
            "items": [{
                "event": "failed",
                "is_repeated": false,
                "mirror": "beta",
                "backend": null,
                "name": "Beta",
                "since": "2026-11-21T05:00:00Z",
                "at": "2026-11-21T06:00:01Z",
                "last_good": "2026-11-18T06:00:00Z",
                "url": "https://mirror.example/en/status/beta",
            }],
        })
    );
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn no_text_is_longer_than_its_receiver_takes() {
    let server = receiver().await;
    let entry = |n: usize| Entry {
        id: format!("a-mirror-with-a-long-name-{n}"),
        state: State::Failed,
        ..Entry::default()
    };
    let site = TestSite::builder().content(&[]).entries((0..200).map(entry).collect());
    let site = site.tree(|_| ()).start().await;
    for (kind, limit) in [("wecom", 2048), ("discord", 2000)] {
        server.reset().await;
        answer(&server, ResponseTemplate::new(200).set_body_string(OK)).await;
        let rule = rule(&format!(
            "kind = \"{kind}\"\nafter = \"1s\"\nlang = \"zh\"\nurl = \"{}\"",
            server.uri()
        ));
        let folder = tempfile::tempdir().unwrap();
        let mut worker = Worker::load(rule, site.state().config().site(), folder.path()).await;
        for minute in 0..2 {
            worker.turn(&site.state().snapshot(), later(minute)).await;
        }
        let got = received(&server).await.remove(0);
        let text = got["content"].as_str().or_else(|| got["text"]["content"].as_str()).unwrap();
        assert!(text.len() <= limit && text.len() > limit / 2, "{kind}: {}", text.len());
        assert!(text.contains("另有") && text.ends_with("/status"), "{text}");
    }
}

#[tokio::test]
async fn a_backend_that_is_away_is_told() {
    let site = few().start().await;
    let server = receiver().await;
    let lines = format!(
        "kind = \"json\"\nafter = \"1s\"\non = [\"away\", \"back\"]\nurl = \"{}\"",
        server.uri()
    );
    let folder = tempfile::tempdir().unwrap();
    let mut worker = Worker::load(rule(&lines), site.state().config().site(), folder.path()).await;
    for (minute, error) in [(0, None), (1, Some("timed out")), (2, Some("timed out")), (3, None)] {
        site.publish_backends(later(minute), |backend| {
            backend.ok = error.is_none();
            backend.error = error.map(str::to_owned);
        });
        worker.turn(&site.state().snapshot(), later(minute)).await;
    }
    let messages = received(&server).await;
    let events: Vec<_> = messages.iter().map(|message| &message["items"][0]["event"]).collect();
    assert_eq!(events, ["away", "back"]);
    assert_eq!(messages[0]["items"][0]["backend"], "tunasync http://backend.example/jobs");
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn secrets_are_never_logged_and_an_error_is_logged_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    // A port at which nobody listens any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rule = rule(&format!(
        "kind = \"dingtalk\"\nafter = \"1s\"\nsecret = \"s3cret\"\n\
         url = \"http://127.0.0.1:{port}/robot?access_token=t0ken\""
    ));
    let site = few().start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut worker = Worker::load(rule, site.state().config().site(), folder.path()).await;
    for minute in 0..60 {
        worker.turn(&site.state().snapshot(), later(minute)).await;
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let own: Vec<_> = log.lines().filter(|line| line.contains("did not arrive")).collect();
    assert_eq!(own.len(), 1, "{log}");
    assert!(own[0].contains("Connection refused"), "{}", own[0]);
    for secret in ["t0ken", "s3cret"] {
        assert!(!own[0].contains(secret), "{}", own[0]);
        let said = log.lines().filter(|line| line.contains("server::") && line.contains(secret));
        assert_eq!(said.count(), 0);
    }
}

#[test]
fn the_language_is_that_of_the_rule() {
    assert_eq!(rule("kind = \"slack\"\nurl = \"https://a.example\"").lang, Lang::Zh);
}
