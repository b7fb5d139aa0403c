//! Fetching and polling against servers that misbehave.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may panic, too")]

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use server::status::{
    Backend, Source,
    fetch::{Answer, Content, FetchError, Fetcher, Validators},
    poll::{BackendState, Clock, Poller},
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, header_exists, headers, path},
};

const GOOD: &str = r#"[{"name":"debian","status":"success","last_update_ts":1787184000},{"name":"arch","status":"failed"}]"#;

fn morning() -> Timestamp {
    "2026-08-20T06:00:00Z".parse().unwrap()
}

fn evening() -> Timestamp {
    "2026-08-20T18:00:00Z".parse().unwrap()
}

fn no_content() -> Content {
    Arc::new(|_| Err(io::ErrorKind::NotFound.into()))
}

/// A backend that is asked every 10 ms, with more settings if wanted.
fn backend(kind: &str, url: &str, settings: &Value) -> Backend {
    let mut source = json!({"url": url, "interval": "10ms"});
    source.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    serde_json::from_value(json!({kind: source})).unwrap()
}

fn source(url: &str, settings: &Value) -> Source {
    backend("tunasync", url, settings).source().clone()
}

async fn serve(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/jobs")).respond_with(response).mount(&server).await;
    server
}

fn jobs(server: &MockServer) -> String {
    format!("{}/jobs", server.uri())
}

async fn fetch(source: &Source) -> Result<Answer, FetchError> {
    Fetcher::new(no_content()).fetch(source, &Validators::default()).await
}

async fn error(source: &Source) -> String {
    fetch(source).await.unwrap_err().to_string()
}

async fn start(backends: Vec<Backend>, state: Option<&Path>, clock: Clock) -> Poller {
    Poller::start(backends, state, no_content(), clock).await
}

/// Waits until the first backend looks as wanted.
async fn until(poller: &Poller, wanted: impl Fn(&BackendState) -> bool) -> BackendState {
    let mut states = poller.states();
    let found =
        tokio::time::timeout(Duration::from_secs(20), states.wait_for(|states| wanted(&states[0])))
            .await;
    found.expect("state in time").unwrap()[0].clone()
}

fn ids(state: &BackendState) -> Vec<&str> {
    state.entries.iter().map(|entry| entry.id.as_str()).collect()
}

#[tokio::test]
async fn server_error_names_status_and_address() {
    let server = serve(ResponseTemplate::new(500)).await;
    assert_eq!(
        error(&source(&jobs(&server), &json!({}))).await,
        format!("HTTP 500 from {}", jobs(&server))
    );
}

#[tokio::test]
async fn password_in_the_address_is_sent_and_never_shown() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Basic bWU6c2VjcmV0"))
        .respond_with(ResponseTemplate::new(503))
        .mount(&server)
        .await;
    let url = jobs(&server).replace("http://", "http://me:secret@");
    assert_eq!(error(&source(&url, &json!({}))).await, format!("HTTP 503 from {}", jobs(&server)));
}

#[tokio::test]
async fn slow_server_times_out() {
    let server = serve(ResponseTemplate::new(200).set_delay(Duration::from_mins(1))).await;
    let message = error(&source(&jobs(&server), &json!({"timeout": "50ms"}))).await;
    assert_eq!(message, format!("timed out after 50ms: {}", jobs(&server)));
}

#[tokio::test]
async fn refused_connection_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = error(&source(&format!("http://{free}/jobs"), &json!({}))).await;
    assert!(
        message.starts_with(&format!("cannot read http://{free}/jobs: Connection refused")),
        "{message}"
    );
}

#[tokio::test]
async fn announced_100_mb_is_not_read() {
    let server = serve(ResponseTemplate::new(200).set_body_bytes(vec![b' '; 100_000_000])).await;
    let message = error(&source(&jobs(&server), &json!({}))).await;
    assert!(message.starts_with("answer is longer than 33554432 bytes"), "{message}");
}

#[tokio::test]
async fn endless_answer_is_cut_at_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jobs", listener.local_addr().unwrap());
    let sender = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        _ = stream.read(&mut [0; 4096]);
        let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
        let mut sent = 0;
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        while sent < 100_000_000 && stream.write_all(&chunk).is_ok() {
            sent += chunk.len();
        }
        sent
    });
    let message = error(&source(&url, &json!({"max_bytes": 1_000_000}))).await;
    assert!(message.starts_with("answer is longer than 1000000 bytes"), "{message}");
    // Off this thread, on which the connection is closed.
    let sent = tokio::task::spawn_blocking(move || sender.join()).await.unwrap().unwrap();
    assert!(sent < 100_000_000, "the connection was closed early");
}

#[tokio::test]
async fn limit_counts_decompressed_bytes() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&vec![b' '; 2_000_000]).unwrap();
    let bomb = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_bytes(gzip.finish().unwrap());
    let server = serve(bomb).await;
    let message = error(&source(&jobs(&server), &json!({"max_bytes": 1_000_000}))).await;
    assert!(message.starts_with("answer is longer than"), "{message}");
}

#[tokio::test]
async fn redirect_loop_ends() {
    let server = serve(ResponseTemplate::new(302).insert_header("location", "/jobs")).await;
    assert_eq!(
        error(&source(&jobs(&server), &json!({}))).await,
        format!("more than 3 redirects from {}", jobs(&server))
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}

#[tokio::test]
async fn token_goes_to_the_backend_and_not_to_where_it_redirects() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "abc123\n").unwrap();
    let other = serve(ResponseTemplate::new(200).set_body_string("[]")).await;
    let server = MockServer::start().await;
    let to_other = ResponseTemplate::new(302).insert_header("location", jobs(&other));
    Mock::given(header("authorization", "Bearer abc123"))
        .respond_with(to_other)
        .mount(&server)
        .await;
    assert!(fetch(&source(&jobs(&server), &json!({"token_file": token}))).await.is_ok());
    assert!(
        other
            .received_requests()
            .await
            .unwrap()
            .iter()
            .all(|request| !request.headers.contains_key("authorization"))
    );

    let message = error(&source(&jobs(&server), &json!({"token_file": "/nonexistent"}))).await;
    assert!(message.starts_with("cannot use `token_file`: No such file"), "{message}");
}

#[tokio::test]
async fn unchanged_answer_is_asked_for_by_its_etag() {
    let server = MockServer::start().await;
    Mock::given(header("if-none-match", "\"v1\""))
        .respond_with(ResponseTemplate::new(304))
        .mount(&server)
        .await;
    let first = ResponseTemplate::new(200).insert_header("etag", "\"v1\"").set_body_string(GOOD);
    Mock::given(path("/jobs")).respond_with(first).up_to_n_times(1).mount(&server).await;
    let poller =
        start(vec![backend("tunasync", &jobs(&server), &json!({}))], None, Timestamp::now).await;
    let before = until(&poller, |state| state.report.ok).await;
    let fetched_at = before.report.fetched_at;
    let after = until(&poller, |state| state.report.fetched_at > fetched_at).await;
    assert!(after.report.ok && Arc::ptr_eq(&before.entries, &after.entries));
    assert!(
        server.received_requests().await.unwrap()[0]
            .headers
            .get("user-agent")
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("mingjing/")
    );
}

#[tokio::test]
async fn without_an_etag_the_time_of_the_last_change_is_asked_with() {
    const CHANGED: &str = "Thu, 20 Aug 2026 05:00:00 GMT";
    let server = MockServer::start().await;
    // The matcher splits at commas.
    Mock::given(headers("if-modified-since", CHANGED.split(", ").collect()))
        .respond_with(ResponseTemplate::new(304))
        .mount(&server)
        .await;
    let first =
        ResponseTemplate::new(200).insert_header("last-modified", CHANGED).set_body_string(GOOD);
    Mock::given(path("/jobs")).respond_with(first).up_to_n_times(1).mount(&server).await;
    let poller =
        start(vec![backend("tunasync", &jobs(&server), &json!({}))], None, Timestamp::now).await;
    let before = until(&poller, |state| state.report.ok).await;
    let fetched_at = before.report.fetched_at;
    let after = until(&poller, |state| state.report.fetched_at > fetched_at).await;
    assert!(after.report.ok && Arc::ptr_eq(&before.entries, &after.entries));
}

#[tokio::test]
async fn answers_may_be_compressed_with_gzip_and_brotli() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(GOOD.as_bytes()).unwrap();
    let mut brotli = Vec::new();
    brotli::BrotliCompress(
        &mut GOOD.as_bytes(),
        &mut brotli,
        &brotli::enc::BrotliEncoderParams::default(),
    )
    .unwrap();
    for (coding, body) in [("gzip", gzip.finish().unwrap()), ("br", brotli)] {
        let answer = ResponseTemplate::new(200)
            .insert_header("content-encoding", coding)
            .set_body_bytes(body);
        let server = MockServer::start().await;
        Mock::given(path("/jobs")).respond_with(answer).mount(&server).await;
        let got = fetch(&source(&jobs(&server), &json!({}))).await.unwrap();
        assert!(matches!(got, Answer::New { body, .. } if body == GOOD.as_bytes()), "{coding}");
        let asked = server.received_requests().await.unwrap();
        let accepted = asked[0].headers.get("accept-encoding").unwrap().to_str().unwrap();
        assert!(accepted.contains(coding), "{accepted}");
    }
}

#[tokio::test]
async fn not_modified_without_a_question_is_an_error() {
    let server = serve(ResponseTemplate::new(304)).await;
    assert!(error(&source(&jobs(&server), &json!({}))).await.starts_with("HTTP 304 from"));
}

#[tokio::test]
async fn files_of_disk_and_content_are_sources_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("with space.json"), GOOD).unwrap();
    let url = format!("file://{}/with%20space.json", folder.path().display());
    let content: Content = Arc::new(|path| match path {
        "recorded/x.json" => Ok(b"[]".to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    });
    let fetcher = Fetcher::new(content);
    for (url, expected) in [
        (url.as_str(), Ok(GOOD.len())),
        ("content:///recorded/x.json", Ok(2)),
        (
            "content:///recorded/y.json",
            Err("cannot read content:///recorded/y.json: entity not found"),
        ),
        (
            "content:///../secret",
            Err("cannot read content:///../secret: not a path below the content folder"),
        ),
        ("file:///dev/zero", Err("cannot read file:///dev/zero: not a regular file")),
        (
            "file:///nonexistent",
            Err("cannot read file:///nonexistent: No such file or directory (os error 2)"),
        ),
    ] {
        let answer = fetcher
            .fetch(&source(url, &json!({})), &Validators::default())
            .await
            .map_err(|error| error.to_string());
        let length = answer.map(|answer| match answer {
            Answer::New { body, .. } => body.len(),
            Answer::Unchanged => 0,
        });
        assert_eq!(length.as_ref().copied().map_err(String::as_str), expected);
    }
    let long =
        fetcher.fetch(&source(&url, &json!({"max_bytes": 10})), &Validators::default()).await;
    assert!(matches!(long, Err(FetchError::TooLong { max_bytes: 10, .. })));
}

#[tokio::test]
async fn one_broken_entry_costs_only_itself() {
    let body = r#"[{"name":"debian","status":"success"},{"name":7e3},[],{"status":"success"},{"name":"arch","status":3}]"#;
    let server = serve(ResponseTemplate::new(200).set_body_string(body)).await;
    let poller = start(vec![backend("tunasync", &jobs(&server), &json!({}))], None, morning).await;
    let state = until(&poller, |state| state.report.ok).await;
    assert_eq!(ids(&state), ["debian", "7000.0", "arch"]);
    assert_eq!((state.report.entries, state.report.dropped), (3, 2));
}

#[tokio::test]
async fn bad_answers_leave_the_last_good_one_standing() {
    for (body, found) in [
        ("<!DOCTYPE html><html>502</html>", "got HTML (starts with \"<!DOCTYPE html\")"),
        (&GOOD[..40], "got truncated JSON"),
        ("{\"error\":\"no\"}", "got an object with \"error\""),
        ("[]", "no entries where there were 2"),
        ("[7,8]", "none of 2 entries could be read (not an object)"),
    ] {
        let server = MockServer::start().await;
        let good = ResponseTemplate::new(200).set_body_string(GOOD);
        Mock::given(path("/jobs")).respond_with(good).up_to_n_times(1).mount(&server).await;
        Mock::given(path("/jobs"))
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .mount(&server)
            .await;
        let poller =
            start(vec![backend("tunasync", &jobs(&server), &json!({}))], None, morning).await;
        until(&poller, |state| state.report.ok).await;
        let state = until(&poller, |state| !state.report.ok).await;
        assert_eq!(ids(&state), ["debian", "arch"]);
        assert_eq!(state.report.fetched_at, Some(morning()));
        let message = state.report.error.unwrap();
        assert!(message.contains(found) && message.contains(&jobs(&server)), "{message}");
    }
}

#[tokio::test]
async fn backend_that_recovers_is_ok_again() {
    let server = MockServer::start().await;
    Mock::given(path("/jobs"))
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(path("/jobs"))
        .respond_with(ResponseTemplate::new(200).set_body_string(GOOD))
        .mount(&server)
        .await;
    let poller = start(vec![backend("tunasync", &jobs(&server), &json!({}))], None, morning).await;
    until(&poller, |state| state.report.error.is_some()).await;
    let state = until(&poller, |state| state.report.ok).await;
    assert_eq!((state.report.error, state.report.entries), (None, 2));
}

#[tokio::test]
async fn dead_backend_after_a_restart_still_shows_its_last_good_answer_with_its_age() {
    let state = tempfile::tempdir().unwrap();
    // Not `MockServer::start`, whose servers come from a pool and outlive their test.
    let server = MockServer::builder().start().await;
    let good = ResponseTemplate::new(200).insert_header("etag", "\"v1\"").set_body_string(GOOD);
    Mock::given(path("/jobs")).respond_with(good).mount(&server).await;
    let backend = backend("tunasync", &jobs(&server), &json!({}));
    let poller = start(vec![backend.clone()], Some(state.path()), morning).await;
    until(&poller, |state| state.report.ok).await;
    drop(poller);
    drop(server);

    let poller = start(vec![backend], Some(state.path()), evening).await;
    let at_once = poller.states().borrow()[0].clone();
    assert_eq!(ids(&at_once), ["debian", "arch"]);
    assert_eq!((at_once.report.ok, at_once.report.fetched_at), (false, Some(morning())));
    let later = until(&poller, |state| state.report.error.is_some()).await;
    assert_eq!(ids(&later), ["debian", "arch"]);
    assert_eq!((later.report.ok, later.report.fetched_at), (false, Some(morning())));
}

#[tokio::test]
async fn kept_etag_is_used_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let server = MockServer::start().await;
    Mock::given(header_exists("if-none-match"))
        .respond_with(ResponseTemplate::new(304))
        .mount(&server)
        .await;
    let first = ResponseTemplate::new(200).insert_header("etag", "\"v1\"").set_body_string(GOOD);
    Mock::given(path("/jobs")).respond_with(first).up_to_n_times(1).mount(&server).await;
    let backend = backend("tunasync", &jobs(&server), &json!({}));
    drop_after_first_success(&backend, state.path()).await;
    let poller = start(vec![backend], Some(state.path()), evening).await;
    let state = until(&poller, |state| state.report.ok).await;
    assert_eq!((state.report.entries, state.report.fetched_at), (2, Some(evening())));
}

async fn drop_after_first_success(backend: &Backend, state: &Path) {
    let poller = start(vec![backend.clone()], Some(state), morning).await;
    until(&poller, |state| state.report.ok).await;
}

#[tokio::test]
async fn state_folder_that_cannot_be_written_is_not_fatal() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let server = serve(ResponseTemplate::new(200).set_body_string(GOOD)).await;
    let poller =
        start(vec![backend("tunasync", &jobs(&server), &json!({}))], Some(file.path()), morning)
            .await;
    assert_eq!(until(&poller, |state| state.report.ok).await.report.entries, 2);
}

#[tokio::test]
async fn recording_is_read_once_until_asked_for() {
    let server = MockServer::start().await;
    for place in ["/recorded", "/live"] {
        Mock::given(path(place))
            .respond_with(ResponseTemplate::new(200).set_body_string(GOOD))
            .mount(&server)
            .await;
    }
    let recorded_at = "2026-08-08T00:00:00Z";
    let backends = vec![
        backend(
            "tunasync",
            &format!("{}/recorded", server.uri()),
            &json!({"recorded_at": recorded_at}),
        ),
        backend("tunasync", &format!("{}/live", server.uri()), &json!({})),
    ];
    let poller = start(backends, None, Timestamp::now).await;
    let state = until(&poller, |state| state.report.ok).await;
    assert_eq!(state.report.recorded_at, Some(recorded_at.parse().unwrap()));

    let count = async |place: &str| {
        let requests = server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.url.path() == place).count()
    };
    let mut states = poller.states();
    while count("/live").await < 10 {
        states.changed().await.unwrap();
    }
    assert_eq!(count("/recorded").await, 1);
    poller.poll_now(0);
    while count("/recorded").await < 2 {
        states.changed().await.unwrap();
    }
}

#[tokio::test]
async fn recording_of_the_content_folder_is_there_from_the_start() {
    let content: Content = Arc::new(|_| Ok(GOOD.as_bytes().to_vec()));
    let backends = vec![backend(
        "tunasync",
        "content:///recorded/x.json",
        &json!({"recorded_at": "2026-08-20T00:00:00Z"}),
    )];
    let poller = Poller::start(backends, None, content, morning).await;
    let state = poller.states().borrow()[0].clone();
    assert_eq!((ids(&state), state.report.ok), (vec!["debian", "arch"], true));
}
