//! One run with every fault a backend can have: first all are well, then each has its fault, then all
//! are well again.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Read as _, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;

use crate::{
    harness::{TestSite, now},
    reload::until,
};

/// What the run is at: 0 well, 1 at fault, 2 well again.
static STAGE: AtomicU8 = AtomicU8::new(0);

fn stage() -> u8 {
    STAGE.load(Ordering::SeqCst)
}

/// An hour passes with every stage, so that ages can be told apart.
fn clock() -> Timestamp {
    now() + SignedDuration::from_hours(stage().into())
}

/// What the site has to make of an answer.
enum Fate {
    /// Refused: the message contains this, and the last good answer stays.
    Refused(&'static str),
    /// Read: state and last success of the mirror, and how many entries were dropped.
    Read(&'static str, Option<&'static str>, usize),
}
use Fate::{Read, Refused};

type Answer = fn(&mut TcpStream) -> io::Result<()>;

const GOOD_TIME: &str = "2026-11-21T04:00:00Z";

/// What a well backend says of the mirror called so.
fn job(name: &str) -> String {
    format!("{{\"name\": \"{name}\", \"status\": \"success\", \"last_update_ts\": 1795233600}}")
}

fn ok(stream: &mut TcpStream, more: &str, body: &[u8]) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nconnection: close\r\n{more}content-length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn status(stream: &mut TcpStream, line: &str, more: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {line}\r\nconnection: close\r\n{more}content-length: 0\r\n\r\n")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Holds the connection open, longer than the site waits.
fn stall() {
    thread::sleep(Duration::from_secs(2));
}

const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";

/// Name, answer and fate of every fault that one and the same server can have. The name is the
/// mirror's, too.
const FAULTS: &[(&str, Answer, Fate)] = &[
    ("reset", |_| Ok(()), Refused("cannot read")),
    (
        "stalled-before-headers",
        |_| {
            stall();
            Ok(())
        },
        Refused("timed out"),
    ),
    (
        "stalled-after-headers",
        |s| {
            s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[")?;
            stall();
            Ok(())
        },
        Refused("timed out"),
    ),
    (
        "drip-fed",
        |s| {
            s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")?;
            for _ in 0..100 {
                s.write_all(b" ")?;
                thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        },
        Refused("timed out"),
    ),
    (
        "closed-midway",
        |s| s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{"),
        Refused("cannot read"),
    ),
    (
        "chunk-unfinished",
        |s| s.write_all(&[CHUNKED, b"5\r\n[{\"na"].concat()),
        Refused("cannot read"),
    ),
    (
        "chunk-size-no-number",
        |s| s.write_all(&[CHUNKED, b"zz\r\n[]\r\n0\r\n\r\n"].concat()),
        Refused("cannot read"),
    ),
    (
        "length-too-short",
        |s| s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n[{\"name\": \"x\"}]"),
        Refused("truncated JSON"),
    ),
    ("no-http", |s| s.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), Refused("cannot read")),
    (
        "huge-header",
        |s| {
            write!(
                s,
                "HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 2\r\n\r\n[]",
                "x".repeat(4 << 20)
            )
        },
        Refused("cannot read"),
    ),
    ("error-500", |s| status(s, "500 Internal Server Error", ""), Refused("HTTP 500")),
    (
        "error-401",
        |s| status(s, "401 Unauthorized", "www-authenticate: Basic\r\n"),
        Refused("HTTP 401"),
    ),
    (
        "not-found-with-json",
        |s| s.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n[]"),
        Refused("HTTP 404"),
    ),
    ("no-content", |s| s.write_all(b"HTTP/1.1 204 No Content\r\n\r\n"), Refused("got nothing")),
    ("304-without-a-copy", |s| status(s, "304 Not Modified", ""), Refused("HTTP 304")),
    (
        "redirect-loop",
        |s| status(s, "302 Found", "location: /redirect-loop\r\n"),
        Refused("redirects"),
    ),
    ("redirect-nowhere", |s| status(s, "302 Found", ""), Refused("HTTP 302")),
    (
        "redirect-to-a-file",
        |s| status(s, "302 Found", "location: file:///etc/passwd\r\n"),
        Refused("redirect-to-a-file"),
    ),
    ("empty", |s| ok(s, "", b""), Refused("got nothing (0 bytes)")),
    (
        "html",
        |s| ok(s, "content-type: text/html\r\n", b"<!DOCTYPE html><html><h1>502</h1></html>"),
        Refused("got HTML"),
    ),
    (
        "truncated",
        |s| ok(s, "", b"[{\"name\": \"truncated\", \"status\": \"succ"),
        Refused("truncated JSON"),
    ),
    (
        "nan",
        |s| ok(s, "", b"[{\"name\": \"nan\", \"status\": \"success\", \"last_update_ts\": NaN}]"),
        Refused("broken JSON"),
    ),
    (
        "number-too-large",
        |s| ok(s, "", b"[{\"name\": \"number-too-large\", \"last_update_ts\": 1e999}]"),
        Refused("broken JSON"),
    ),
    ("nested", |s| ok(s, "", "[".repeat(100_000).as_bytes()), Refused("broken JSON")),
    (
        "nested-within",
        |s| ok(s, "", format!("[{{\"a\": {}{}}}]", "[".repeat(1000), "]".repeat(1000)).as_bytes()),
        Refused("broken JSON"),
    ),
    (
        "object",
        |s| ok(s, "", b"{\"error\": \"database is locked\"}"),
        Refused("got an object with \"error\""),
    ),
    ("null", |s| ok(s, "", b"null"), Refused("got null")),
    ("empty-list", |s| ok(s, "", b"[]"), Refused("no entries where there were 1")),
    ("list-of-null", |s| ok(s, "", b"[null, null]"), Refused("none of 2 entries")),
    (
        "control-characters-in-id",
        |s| ok(s, "", b"[{\"name\": \"a\\u0000\\nb\", \"status\": \"success\"}]"),
        Refused("cannot be a name"),
    ),
    (
        "dots-in-id",
        |s| ok(s, "", b"[{\"name\": \"../../etc\", \"status\": \"success\"}]"),
        Refused("cannot be a name"),
    ),
    ("no-text-at-all", |s| ok(s, "", b"\xff\xfe\x00\x01\xc0\xaf"), Refused("no JSON")),
    (
        "200-mb-announced",
        |s| {
            s.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n[")?;
            stall();
            Ok(())
        },
        Refused("longer than"),
    ),
    (
        "200-mb",
        |s| {
            s.write_all(CHUNKED)?;
            let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
            (0..3200).try_for_each(|_| s.write_all(&chunk))
        },
        Refused("longer than"),
    ),
    (
        "gzip-bomb",
        |s| ok(s, "content-encoding: gzip\r\n", &gzip(&vec![b' '; 3_000_000])),
        Refused("longer than"),
    ),
    (
        "gzip-that-is-none",
        |s| ok(s, "content-encoding: gzip\r\n", b"[{\"name\": \"x\"}]"),
        Refused("cannot read"),
    ),
    (
        "brotli-that-is-none",
        |s| ok(s, "content-encoding: br\r\n", b"[{\"name\": \"x\"}]"),
        Refused("cannot read"),
    ),
    // What a human could read is read.
    (
        "wrong-content-type",
        |s| {
            ok(
                s,
                "content-type: image/png\r\n",
                format!("[{}]", job("wrong-content-type")).as_bytes(),
            )
        },
        Read("success", Some(GOOD_TIME), 0),
    ),
    (
        "byte-order-mark",
        |s| ok(s, "", format!("\u{feff}[{}]", job("byte-order-mark")).as_bytes()),
        Read("success", Some(GOOD_TIME), 0),
    ),
    (
        "invalid-utf-8-in-a-field",
        |s| {
            ok(s, "", b"[{\"name\": \"invalid-utf-8-in-a-field\", \"status\": \"failed\", \"upstream\": \"\xc4\xe3\"}]")
        },
        Read("failed", None, 0),
    ),
    (
        "twice",
        |s| ok(s, "", format!("[{0}, {0}]", job("twice")).as_bytes()),
        Read("success", Some(GOOD_TIME), 1),
    ),
    (
        "among-rubbish",
        |s| ok(s, "", format!("[7, {}, {{}}, []]", job("among-rubbish")).as_bytes()),
        Read("success", Some(GOOD_TIME), 3),
    ),
    (
        "compressed",
        |s| {
            ok(
                s,
                "content-encoding: gzip\r\n",
                &gzip(format!("[{}]", job("compressed")).as_bytes()),
            )
        },
        Read("success", Some(GOOD_TIME), 0),
    ),
    // What is no success does not become one.
    (
        "wrong-types",
        |s| {
            ok(s, "", b"[{\"name\": \"wrong-types\", \"status\": 7, \"last_update_ts\": {}, \"size\": [], \"upstream\": 1}]")
        },
        Read("unknown", None, 0),
    ),
    (
        "status-in-capitals",
        |s| ok(s, "", b"[{\"name\": \"status-in-capitals\", \"status\": \"SUCCESSFULLY FAILED\"}]"),
        Read("unknown", None, 0),
    ),
    (
        "clock-of-tomorrow",
        |s| {
            ok(s, "", b"[{\"name\": \"clock-of-tomorrow\", \"status\": \"failed\", \"last_update_ts\": 1795500000, \"last_ended_ts\": 9223372036854775807}]")
        },
        Read("failed", None, 0),
    ),
];

/// The mirror whose server goes away altogether.
const REFUSED: &str = "refused";

/// A server with all those faults; counts the requests of each stage.
fn serve(requests: Arc<[AtomicUsize; 3]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let requests = Arc::clone(&requests);
            // Those who answer badly are left by their clients; that is no failure of the test.
            thread::spawn(move || answer(stream, &requests));
        }
    });
    url
}

fn answer(mut stream: TcpStream, requests: &[AtomicUsize; 3]) -> io::Result<()> {
    let mut peeked = [0; 32];
    let length = stream.peek(&mut peeked)?;
    if stage() == 1 && peeked[..length].starts_with(b"GET /reset ") {
        requests[1].fetch_add(1, Ordering::SeqCst);
        // Closed with unread bytes: the system answers with a reset.
        return Ok(());
    }
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => head.extend_from_slice(&buffer[..length]),
        }
        if !head.starts_with(b"GET ") {
            return status(&mut stream, "400 Bad Request", "");
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let name = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let stage = stage();
    if name != "redirect-loop" || stage != 1 {
        requests[usize::from(stage)].fetch_add(1, Ordering::SeqCst);
    }
    match FAULTS.iter().find(|(fault, ..)| *fault == name) {
        Some((_, fault, _)) if stage == 1 => fault(&mut stream),
        _ => ok(&mut stream, "", format!("[{}]", job(name)).as_bytes()),
    }
}

/// A server that is not there at stage 1.
fn come_and_go() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut listener = Some(listener);
        loop {
            match (&listener, stage()) {
                (Some(_), 1) => listener = None,
                (None, 1) => {}
                (None, _) => listener = TcpListener::bind(address).ok(),
                (Some(open), _) => {
                    open.set_nonblocking(true).unwrap();
                    if let Ok((mut stream, _)) = open.accept() {
                        let _ = stream.set_nonblocking(false);
                        let _ = stream.read(&mut [0; 4096]);
                        let _ = ok(&mut stream, "", format!("[{}]", job(REFUSED)).as_bytes());
                    }
                }
            }
            thread::sleep(Duration::from_millis(5));
        }
    });
    format!("http://{address}/jobs")
}

/// A server whose certificate nobody has signed but itself.
fn self_signed() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    let certificate = CertificateDer::from_pem_file(folder.join("self-signed.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/jobs", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let mut request = [0; 4096];
            if tls.read(&mut request).is_ok_and(|length| length > 0) {
                let body = format!("[{}]", job("self-signed"));
                let _ =
                    write!(tls, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        }
    });
    url
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Run {
    site: TestSite,
    names: Vec<&'static str>,
    _folder: tempfile::TempDir,
}

impl Run {
    async fn start(requests: &Arc<[AtomicUsize; 3]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        fs::write(&token, TOKEN).unwrap();
        let server = serve(Arc::clone(requests));
        let (refused, tls) = (come_and_go(), self_signed());
        let mut names: Vec<_> = FAULTS.iter().map(|(name, ..)| *name).collect();
        let mut urls: Vec<_> = names.iter().map(|name| format!("{server}/{name}")).collect();
        names.push(REFUSED);
        urls.push(refused);
        // Neither has ever been well.
        urls.push(tls);
        urls.push(server.replace("http:", "https:"));
        let mut backends = String::new();
        for url in urls {
            let _ = writeln!(
                backends,
                "[[backend]]\ntunasync = {{ url = \"{url}\", interval = \"1h\", timeout = \"700ms\", max_bytes = 1000000 }}"
            );
        }
        let config = format!("[server]\nrefresh_token_file = {:?}\n", token.display().to_string());
        let mut site = TestSite::builder()
            .content(&[])
            .tree(|_| ())
            .config(&config)
            .clock(clock)
            .backends(&backends, |states| {
                states.iter().all(|state| state.report.ok || state.report.error.is_some())
            })
            .start()
            .await;
        site.run();
        Self { site, names, _folder: folder }
    }

    /// The next stage, in which every backend is asked once.
    async fn go_on(&self) {
        STAGE.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(30));
        let authorization = format!("Bearer {TOKEN}");
        let headers = [("authorization", authorization.as_str())];
        self.site.ask(&Method::POST, "/api/v1/refresh", &headers).await.is(202);
    }

    async fn told(&self) -> Value {
        self.site.get("/api/v1/mirrors").await.is(200).json()
    }

    /// No page is blank, none has lost a mirror.
    async fn assert_pages(&self) {
        for path in ["/", "/en/", "/status", "/en/status", "/docs/"] {
            let page = self.site.visit(path).await.is(200).html().visible();
            for name in &self.names {
                assert!(page.contains(name), "{name} on {path}");
            }
        }
        self.site.get("/readyz").await.is(200);
        let feed = self.site.get("/mirrorz.json").await.is(200).json();
        assert_eq!(feed["mirrors"].as_array().unwrap().len(), self.names.len());
    }
}

fn mirror<'a>(told: &'a Value, name: &str) -> &'a Value {
    let mirrors = told["mirrors"].as_array().unwrap();
    mirrors.iter().find(|mirror| mirror["id"] == name).unwrap_or_else(|| panic!("{name}"))
}

const _: () = assert!(FAULTS.len() >= 25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_a_backend_costs_more_than_its_own_news() {
    let requests = Arc::new([const { AtomicUsize::new(0) }; 3]);
    let run = Run::start(&requests).await;
    let is_well = |told: &Value, name: &str, index: usize| {
        told["backends"][index]["ok"] == true
            && mirror(told, name)["state"] == "success"
            && mirror(told, name)["last_success"] == GOOD_TIME
    };
    let all_well =
        |told: &Value| run.names.iter().enumerate().all(|(index, name)| is_well(told, name, index));
    until(async || all_well(&run.told().await)).await;
    run.assert_pages().await;
    let before = run.told().await;
    for (name, index) in [("self-signed", run.names.len()), ("plain HTTP", run.names.len() + 1)] {
        let backend = &before["backends"][index];
        assert_eq!((&backend["ok"], &backend["entries"]), (&false.into(), &0.into()), "{name}");
        assert!(backend["error"].as_str().unwrap().contains("cannot read https://"), "{backend}");
    }

    run.go_on().await;
    let mut refused: Vec<_> =
        FAULTS.iter().map(|(_, _, fate)| matches!(fate, Refused(_))).collect();
    refused.push(true);
    until(async || {
        let told = run.told().await;
        refused.iter().enumerate().all(|(index, refused)| {
            let backend = &told["backends"][index];
            if *refused {
                backend["ok"] == false
            } else {
                backend["fetched_at"] == "2026-11-21T07:00:00Z"
            }
        })
    })
    .await;
    let told = run.told().await;
    for (index, (name, _, fate)) in FAULTS.iter().enumerate() {
        let (backend, mirror) = (&told["backends"][index], mirror(&told, name));
        match fate {
            Refused(why) => {
                let error = backend["error"].as_str().unwrap();
                assert!(error.contains(why), "{name}: {error}");
                assert!(error.contains(name), "it names the address: {error}");
                assert_eq!(backend["fetched_at"], "2026-11-21T06:00:00Z", "{name}: its age");
                assert_eq!(
                    (&mirror["state"], &mirror["last_success"]),
                    (&"success".into(), &GOOD_TIME.into()),
                    "{name}"
                );
            }
            Read(state, last_success, dropped) => {
                assert_eq!(backend["error"], Value::Null, "{name}");
                assert_eq!(backend["dropped"], *dropped, "{name}");
                assert_eq!(mirror["state"], *state, "{name}");
                assert_eq!(mirror["last_success"].as_str(), *last_success, "{name}");
            }
        }
    }
    let gone = &told["backends"][FAULTS.len()];
    assert!(gone["error"].as_str().unwrap().contains("Connection refused"), "{gone}");
    run.assert_pages().await;
    // The age of what is shown is shown.
    let page = run.site.visit("/en/status").await.html().visible();
    assert!(page.contains("1 h ago") && page.contains("got HTML"), "{page}");

    run.go_on().await;
    until(async || all_well(&run.told().await)).await;
    run.assert_pages().await;
    let asked = requests[2].load(Ordering::SeqCst);
    // A retry of its own may come just before.
    assert!(asked <= 2 * FAULTS.len(), "recovered at the first question, but {asked} were asked");
}
