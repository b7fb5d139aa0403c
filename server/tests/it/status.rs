//! Adapters of backends against fixtures, and against what no fixture has.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::{collections::HashSet, fs, path::PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use server::status::{Backend, Parsed};

/// Every kind, with a fixture of it.
const KINDS: [(&str, &str); 8] = [
    ("tunasync", "jobs.json"),
    ("mirrormanager", "mirrors.json"),
    ("mirrorgo", "mirrorgo.json"),
    ("mirrorz", "quirks.json"),
    ("lug", "summary.json"),
    ("yuki", "metas.json"),
    ("synccontroller", "status.json"),
    ("trace", "look.json"),
];

fn now() -> Timestamp {
    "2026-08-20T06:00:00Z".parse().unwrap()
}

fn backend(kind: &str) -> Backend {
    if kind == "trace" {
        return serde_json::from_value(json!({kind: {}})).unwrap();
    }
    serde_json::from_value(json!({kind: {"url": "http://backend.example/"}})).unwrap()
}

/// Kind (the folder's name) and bytes of a fixture.
fn fixture(path: &PathBuf) -> (Backend, Vec<u8>) {
    let kind = path.parent().and_then(|folder| folder.file_name()).unwrap();
    (backend(kind.to_str().unwrap()), fs::read(path).unwrap())
}

/// How many items the document has, counted without the adapter.
fn items(bytes: &[u8]) -> usize {
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let document: Value = serde_json::from_slice(bytes).unwrap();
    if let Some(items) = document.as_array() {
        return items.len();
    }
    for key in ["mirrors", "WorkerStatus", "trees"] {
        if let Some(items) = document.get(key) {
            return items.as_array().map_or_else(|| items.as_object().unwrap().len(), Vec::len);
        }
    }
    document.as_object().unwrap().len()
}

/// What holds for every answer of every backend.
fn assert_sound(parsed: &Parsed) {
    let ids: HashSet<&str> = parsed.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids.len(), parsed.entries.len(), "ids are unique");
    let century = Timestamp::from_second(946_684_800).unwrap();
    for entry in &parsed.entries {
        assert!(
            !entry.id.is_empty()
                && !entry.id.starts_with('/')
                && !entry.id.contains(char::is_control)
        );
        for time in [entry.last_success, entry.last_attempt].into_iter().flatten() {
            assert!(time > century && time <= now(), "{entry:?}");
        }
        assert!(entry.next.is_none_or(|next| next > century), "{entry:?}");
        assert!(entry.last_success <= entry.last_attempt, "{entry:?}");
        assert_ne!(entry.size_bytes, Some(0));
        if let Some(path) = &entry.path {
            assert!(
                path.len() > 1
                    && path.starts_with('/')
                    && !path.ends_with('/')
                    && !path.contains(".."),
                "{path}"
            );
        }
        let authority = entry
            .upstream
            .as_deref()
            .map(|text| text.split_once("://").map_or(text, |(_, rest)| rest));
        assert!(
            !authority.is_some_and(|text| text.split('/').next().unwrap().contains('@')),
            "{entry:?}"
        );
    }
}

#[rstest]
fn every_item_of_a_fixture_is_accounted_for(
    #[files("tests/fixtures/tunasync/*.json")]
    #[files("tests/fixtures/mirrormanager/*.json")]
    #[files("tests/fixtures/mirrorgo/*.json")]
    #[files("tests/fixtures/mirrorz/*.json")]
    #[files("tests/fixtures/lug/*.json")]
    #[files("tests/fixtures/yuki/*.json")]
    #[files("tests/fixtures/synccontroller/*.json")]
    #[files("tests/fixtures/trace/*.json")]
    #[exclude("broken-")]
    path: PathBuf,
) {
    let (backend, bytes) = fixture(&path);
    let parsed = backend.parse(&bytes, now()).unwrap();
    assert_sound(&parsed);
    assert!(!parsed.entries.is_empty());
    assert_eq!(parsed.entries.len() + parsed.dropped.len(), items(&bytes));
    // The only losses in the fixtures are second statements about one tree.
    assert!(
        parsed.dropped.iter().all(|dropped| dropped.reason.contains("merged")),
        "{:?}",
        parsed.dropped
    );
}

#[rstest]
fn unintelligible_document_is_refused_with_what_was_found(
    #[files("tests/fixtures/*/broken-*.json")] path: PathBuf,
) {
    let (backend, bytes) = fixture(&path);
    let error = backend.parse(&bytes, now()).unwrap_err().to_string();
    assert!(error.starts_with("expected a ") && error.contains(", got "), "{error}");
}

#[test]
fn quirks_of_real_feeds_are_read_as_a_human_would() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mirrorz/quirks.json");
    let parsed = backend("mirrorz").parse(&fs::read(path).unwrap(), now()).unwrap();
    let seen: Vec<String> = parsed
        .entries
        .iter()
        .map(|entry| {
            let seconds = |time: Option<Timestamp>| {
                time.map_or("-".to_owned(), |time| time.as_second().to_string())
            };
            let (success, attempt, next) = (entry.last_success, entry.last_attempt, entry.next);
            format!(
                "{} {} {} {} {} {} {}{}",
                entry.id,
                entry.path.as_deref().unwrap_or("-"),
                entry.state.id(),
                seconds(success),
                seconds(attempt),
                seconds(next),
                entry.size_bytes.unwrap_or_default(),
                if entry.disabled { " disabled" } else { "" },
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "AOSP /AOSP success 1787184000 1787184000 1787207600 639950127104",
            "cran /CRAN failed 1787100000 1787184000 1787207600 1319413953331",
            "running /running syncing 1787100000 1787100000 1787207600 5947563966464",
            "since /since syncing 1787100000 1787184000 - 46460000000",
            "no-status /no-status unknown - - - 0",
            "no-number /no-number paused - - 1787207600 114",
            "elsewhere - proxied - - - 0",
            "absolute /absolute cached - - - 0",
            "iina /iina success 1787184000 1787184000 1787207600 0",
            "releases/iina/iina /releases/iina/iina success 1787100000 1787100000 - 0",
            "cygwin /cygwin success 1787183000 1787183000 - 214748364800",
            "git/lean4/aesop /git/lean4/aesop unknown - - - 0",
            "hidden /hidden pending - - - 0 disabled",
            "zero /zero success - - - 0",
            "tomorrow /tomorrow success - - - 0",
        ]
    );
}

/// JSON that resembles an answer, with anything in the places that matter.
fn odd_item() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "name",
        "id",
        "cname",
        "status",
        "url",
        "size",
        "upstream",
        "desc",
        "disable",
        "last_update",
        "last_update_ts",
        "last_ended_ts",
        "next_schedule_ts",
        "lastSuccess",
        "lastAttempt",
        "lastUpdated",
        "nextScheduled",
        "is_master",
        "Result",
        "Idle",
        "LastFinished",
        "syncing",
        "exitCode",
        "prevRun",
        "nextRun",
        "state",
        "lastSyncTime",
        "nextSyncTime",
        "timestamp",
        "diskUsage",
        "traces",
        "locks",
        "stamps",
    ]);
    let values = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[SDYFPCRUXNO0-9-]{0,24}".prop_map(Value::from),
        "[0-9.,]{0,24} ?[KMGTPi]{0,3}B?".prop_map(Value::from),
        "[a-z@:/.?#,\u{e9} ]{0,24}".prop_map(Value::from),
        "-?[0-9]{1,5}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}"
            .prop_map(Value::from),
        Just(json!({"zh": 1, "en": ["x"]})),
        Just(json!([[]])),
    ];
    prop::collection::vec((keys, values), 0..12)
        .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        for (kind, _) in KINDS {
            _ = backend(kind).parse(&bytes, now());
        }
    }

    #[test]
    fn odd_items_never_panic_and_stay_sound(items in prop::collection::vec(odd_item(), 0..8)) {
        let workers: serde_json::Map<_, _> =
            items.iter().enumerate().map(|(i, item)| (i.to_string(), item.clone())).collect();
        let list = Value::from(items.clone());
        let feed = json!({"site": {"url": "https://mirrors.example"}, "mirrors": items});
        for (kind, _) in KINDS {
            let document = match kind {
                "mirrorz" => &feed,
                "lug" => &json!({"WorkerStatus": workers}),
                "trace" => &json!({"host": "mirror.example", "trees": items}),
                _ => &list,
            };
            let parsed = backend(kind).parse(document.to_string().as_bytes(), now()).unwrap();
            prop_assert_eq!(parsed.entries.len() + parsed.dropped.len(), items.len());
            for entry in &parsed.entries {
                prop_assert!(entry.last_success.is_none_or(|time| time <= now()));
                prop_assert!(entry.last_attempt.is_none_or(|time| time <= now()));
            }
        }
    }

    #[test]
    fn damaged_fixtures_never_panic(
        which in 0..KINDS.len(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        truncate in any::<bool>(),
    ) {
        let (kind, name) = KINDS[which];
        let path = format!("{}/tests/fixtures/{kind}/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut bytes = fs::read(path).unwrap();
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (kind, _) in KINDS {
            if let Ok(parsed) = backend(kind).parse(&bytes, now()) {
                prop_assert!(parsed.entries.iter().all(|entry| !entry.id.is_empty()));
            }
        }
    }
}
