//! From the items of an answer to entries with unique ids, one at a time, so that a bad one costs
//! only itself.

use std::collections::{HashMap, hash_map::Entry as Place};

use app::model::State;
use serde_json::Value;

use super::{Dropped, Entry, Parsed, field};

struct Candidate {
    index: usize,
    entry: Entry,
    /// Of two statements about one tree, a copy's counts less.
    copy: bool,
}

/// Reads every item with `read`, which gets the identifier found under `id_key`; `is_copy` marks
/// statements that give way to others about the same tree.
///
/// Feeds do repeat identifiers. Two entries for one path (or without a path to tell them apart) are
/// one tree: the one that says more stays, its gaps are filled from the other, and the other is
/// reported as dropped. Entries for different paths are different trees: the one at `/<id>`
/// (otherwise the first) keeps the identifier, the other is known by its path.
pub fn collect(
    items: &[Value],
    id_key: &'static str,
    is_copy: impl Fn(&Value) -> bool,
    read: impl Fn(&Value, String) -> Entry,
) -> Parsed {
    let mut dropped = Vec::new();
    let mut kept: HashMap<String, Candidate> = HashMap::new();
    let mut elsewhere = Vec::new();

    for (index, item) in items.iter().enumerate() {
        let id = if item.is_object() {
            field::id(item, id_key)
        } else {
            Err("not an object".to_owned())
        };
        let id = match id {
            Ok(id) => id,
            Err(reason) => {
                dropped.push(Dropped { index, id: None, reason });
                continue;
            }
        };
        let new = Candidate { index, copy: is_copy(item), entry: read(item, id.clone()) };
        match kept.entry(id) {
            Place::Vacant(place) => _ = place.insert(new),
            Place::Occupied(mut place) if same_tree(&place.get().entry, &new.entry) => {
                dropped.push(merge(place.get_mut(), new));
            }
            Place::Occupied(mut place) => {
                let second = if is_at_home(&new.entry) { place.insert(new) } else { new };
                elsewhere.push(second);
            }
        }
    }
    for mut candidate in elsewhere {
        if let Some(path) = &candidate.entry.path {
            path.trim_start_matches('/').clone_into(&mut candidate.entry.id);
        }
        match kept.entry(candidate.entry.id.clone()) {
            Place::Vacant(place) => _ = place.insert(candidate),
            Place::Occupied(mut place) => dropped.push(merge(place.get_mut(), candidate)),
        }
    }

    let mut kept: Vec<Candidate> = kept.into_values().collect();
    kept.sort_unstable_by_key(|candidate| candidate.index);
    dropped.sort_unstable_by_key(|dropped| dropped.index);
    Parsed { entries: kept.into_iter().map(|candidate| candidate.entry).collect(), dropped }
}

fn same_tree(a: &Entry, b: &Entry) -> bool {
    a.path.is_none() || b.path.is_none() || a.path == b.path
}

fn is_at_home(entry: &Entry) -> bool {
    entry.path.as_deref().and_then(|path| path.strip_prefix('/')) == Some(entry.id.as_str())
}

/// Leaves in `kept` the statement that says more, and reports the other.
fn merge(kept: &mut Candidate, mut other: Candidate) -> Dropped {
    if says_more(&other, kept) {
        std::mem::swap(kept, &mut other);
    }
    let id = kept.entry.id.clone();
    kept.entry.fill_gaps(&other.entry);
    Dropped {
        index: other.index,
        id: Some(id),
        reason: "said twice of one tree, merged".to_owned(),
    }
}

fn says_more(a: &Candidate, b: &Candidate) -> bool {
    let weight = |c: &Candidate| {
        (
            !c.entry.disabled,
            !c.copy,
            c.entry.state != State::Unknown,
            c.entry.last_success,
            c.entry.last_attempt,
        )
    };
    weight(a) > weight(b)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn parse(items: &Value) -> Parsed {
        collect(
            items.as_array().unwrap(),
            "id",
            |item| item["copy"] == true,
            |item, id| Entry {
                id,
                path: field::text(item, "path").and_then(field::path),
                state: if item["at"].is_number() { State::Success } else { State::Unknown },
                last_success: item["at"].as_i64().map(|at| Timestamp::from_second(at).unwrap()),
                upstream: field::text(item, "upstream").map(str::to_owned),
                ..Entry::default()
            },
        )
    }

    fn ids(parsed: &Parsed) -> Vec<&str> {
        parsed.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn one_bad_item_costs_only_itself() {
        let parsed =
            parse(&json!([{"id": "a"}, 7, {"id": "b"}, {"name": "c"}, null, {"id": ".."}]));
        assert_eq!(ids(&parsed), ["a", "b"]);
        let dropped: Vec<_> = parsed.dropped.iter().map(|d| (d.index, d.reason.as_str())).collect();
        assert_eq!(
            dropped,
            [
                (1, "not an object"),
                (3, "no `id`"),
                (4, "not an object"),
                (5, "`id` cannot be a name")
            ]
        );
    }

    #[test]
    fn of_two_statements_about_one_tree_the_better_stays_and_is_completed() {
        let parsed = parse(&json!([
            {"id": "cygwin", "path": "/cygwin", "at": 100, "upstream": "rsync://a.example/"},
            {"id": "cygwin", "path": "/cygwin", "at": 200},
            {"id": "cygwin", "path": "/cygwin"},
        ]));
        assert_eq!(ids(&parsed), ["cygwin"]);
        assert_eq!(parsed.entries[0].last_success.map(Timestamp::as_second), Some(200));
        assert_eq!(parsed.entries[0].upstream.as_deref(), Some("rsync://a.example/"));
        assert_eq!(parsed.dropped.len(), 2);
    }

    #[test]
    fn a_copy_gives_way_even_when_it_is_newer() {
        let parsed = parse(&json!([{"id": "a", "at": 300, "copy": true}, {"id": "a", "at": 100}]));
        assert_eq!(parsed.entries[0].last_success.map(Timestamp::as_second), Some(100));
        assert_eq!(parsed.dropped[0].index, 0);
    }

    #[test]
    fn different_trees_of_one_name_are_both_kept() {
        let parsed = parse(&json!([
            {"id": "raspberrypi", "path": "/archive.raspberrypi.org"},
            {"id": "other", "path": "/other"},
            {"id": "raspberrypi", "path": "/raspberrypi", "at": 100},
        ]));
        assert_eq!(ids(&parsed), ["archive.raspberrypi.org", "other", "raspberrypi"]);
        assert_eq!(parsed.dropped, []);
    }

    #[test]
    fn path_as_identifier_never_takes_the_name_of_another() {
        let parsed = parse(&json!([
            {"id": "a", "path": "/a"}, {"id": "a", "path": "/b"}, {"id": "b", "path": "/b", "at": 5},
        ]));
        assert_eq!(ids(&parsed), ["a", "b"]);
        assert_eq!(parsed.dropped.len(), 1);
        assert!(parsed.entries[1].last_success.is_some());
    }
}
