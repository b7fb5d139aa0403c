//! One list of mirrors from content folders and all backends.

use std::collections::{BTreeMap, btree_map::Entry as Place};

use app::model::{Audit, Bilingual, Consistency, Mirror};
use jiff::Timestamp;

use super::{Entry, poll::BackendState};
use crate::{
    content::{Content, mirror::MirrorFacts},
    probe::{self, Observed},
    web::encode,
};

/// What all backends together say of one mirror.
struct Statement {
    entry: Entry,
    recorded_at: Option<Timestamp>,
}

impl Statement {
    /// A later backend completes what the earlier ones say: lasting facts one by one, a run only as a
    /// whole, when nobody has spoken of runs yet.
    fn complete(&mut self, other: &Entry, recorded_at: Option<Timestamp>) {
        if !self.entry.tells_of_runs() && other.tells_of_runs() {
            self.entry.take_run(other);
            self.recorded_at = recorded_at;
        }
        self.entry.fill_gaps(other);
    }
}

/// Puts together what folders, backends and trees say. The first backend that knows a mirror speaks,
/// later ones complete it; an entry without a folder is listed under its own name, a folder without
/// an entry as unknown.
pub fn merge(
    content: &Content,
    backends: &[BackendState],
    observed: &Observed,
    now: Timestamp,
) -> Vec<Mirror> {
    let stated = statements(content, backends);
    let mut mirrors: Vec<Mirror> = content
        .mirrors
        .values()
        .filter(|facts| match stated.get(&facts.id) {
            Some(statement) => !statement.entry.disabled,
            None => content.is_registry || observed.trees.contains(&facts.path()),
        })
        .map(|facts| {
            let mut mirror = from_facts(facts, content.guides.contains_key(&facts.id));
            if let Some(statement) = stated.get(&facts.id) {
                apply(&mut mirror, statement);
            }
            measure(&mut mirror, facts, observed, now);
            mirror
        })
        .collect();
    for (id, statement) in &stated {
        if !content.mirrors.contains_key(id) && !statement.entry.disabled {
            let mut mirror = from_entry(id, &statement.entry);
            apply(&mut mirror, statement);
            mirrors.push(mirror);
        }
    }
    for mirror in &mut mirrors {
        mirror.has_tree = observed.trees.contains(&mirror.path);
    }
    mirrors.sort_by_key(|m| m.id.to_lowercase());
    mirrors
}

/// By the id under which the site knows the mirror.
fn statements(content: &Content, backends: &[BackendState]) -> BTreeMap<String, Statement> {
    let mut stated: BTreeMap<String, Statement> = BTreeMap::new();
    for backend in backends {
        let recorded_at = backend.report.recorded_at;
        for entry in backend.entries.iter() {
            let id = content.identify(&entry.id, entry.path.as_deref());
            match stated.entry(id.to_owned()) {
                Place::Occupied(mut first) => first.get_mut().complete(entry, recorded_at),
                Place::Vacant(place) => {
                    place.insert(Statement { entry: entry.clone(), recorded_at });
                }
            }
        }
    }
    stated
}

/// What the tree and its upstream say.
fn measure(mirror: &mut Mirror, facts: &MirrorFacts, observed: &Observed, now: Timestamp) {
    let id = &facts.id;
    let measures = &observed.measures;
    let reading = observed.ages.get(id).or_else(|| measures.remote.get(id)).copied();
    let upstream = measures.upstreams.get(id);
    let judged = probe::judge(reading, upstream, &facts.file, now);
    mirror.content_time = reading.map(|reading| reading.time);
    mirror.freshness = judged.freshness;
    mirror.lag_seconds = judged.lag.and_then(|lag| u64::try_from(lag.as_secs()).ok());
    mirror.upstream_time = upstream.and_then(|upstream| Some(upstream.seen?.time));
    mirror.upstream_error = upstream.and_then(|upstream| upstream.error.clone());
    mirror.audit = measures.audits.get(id).map(|audit| Audit::clone(audit));
    mirror.consistency =
        mirror.audit.as_ref().map_or_else(Consistency::default, |audit| audit.consistency);
}

fn from_facts(facts: &MirrorFacts, has_guide: bool) -> Mirror {
    let file = &facts.file;
    Mirror {
        name: file.name.clone(),
        description: file.description.clone(),
        category: file.category,
        aliases: file.aliases.clone(),
        keywords: file.keywords.clone(),
        icon: file.icon.clone(),
        cname: file.cname.clone().unwrap_or_else(|| facts.id.clone()),
        official: file.official.clone(),
        homepage: file.homepage.clone(),
        upstream: file.upstream.clone(),
        interval: file.interval,
        has_guide,
        ..Mirror::bare(&facts.id, facts.path())
    }
}

/// A mirror that only a backend knows.
fn from_entry(id: &str, entry: &Entry) -> Mirror {
    // The tree bears the backend's name, not the agreed one.
    let path =
        entry.path.clone().unwrap_or_else(|| format!("/{}", encode::path(entry.id.as_bytes())));
    Mirror {
        name: entry.name.clone().unwrap_or_else(|| Bilingual::same(id)),
        description: entry.description.clone().unwrap_or_default(),
        ..Mirror::bare(id, path)
    }
}

fn apply(mirror: &mut Mirror, Statement { entry, recorded_at }: &Statement) {
    mirror.state = entry.state;
    mirror.warning = entry.warning;
    mirror.started = entry.started;
    mirror.last_success = entry.last_success;
    mirror.last_attempt = entry.last_attempt;
    mirror.next = entry.next;
    mirror.size_bytes = entry.size_bytes;
    mirror.recorded_at = *recorded_at;
    // What the backend really syncs from beats what a file says it should.
    if let Some(upstream) = &entry.upstream {
        mirror.upstream = Some(upstream.clone());
    }
}

#[cfg(test)]
mod tests {
    use app::model::{BackendReport, State};

    use super::*;

    fn backend(recorded_at: Option<Timestamp>, entries: &[(&str, State, bool)]) -> BackendState {
        let entries = entries
            .iter()
            .map(|(id, state, disabled)| Entry {
                id: (*id).to_owned(),
                state: *state,
                disabled: *disabled,
                ..Entry::default()
            })
            .collect();
        let report = BackendReport {
            kind: "mirrorz".to_owned(),
            url: String::new(),
            ok: true,
            fetched_at: None,
            error: None,
            entries: 0,
            dropped: 0,
            recorded_at,
            poll_ms: None,
        };
        BackendState { report, entries }
    }

    fn content(folders: &[&str]) -> Content {
        let mirror = "name = { zh = \"甲\", en = \"A\" }\ndescription = { zh = \"甲。\", en = \"A.\" }\ncategory = \"other\"\n";
        let files = folders
            .iter()
            .map(|id| (format!("mirrors/{id}/mirror.toml"), mirror.as_bytes().to_vec().into()))
            .collect();
        Content::parse(files).0
    }

    fn states(mirrors: &[Mirror]) -> Vec<(&str, State)> {
        mirrors.iter().map(|m| (m.id.as_str(), m.state)).collect()
    }

    #[test]
    fn folders_and_backends_are_one_list_by_id() {
        let content = content(&["CTAN", "debian"]);
        let backends = [
            backend(None, &[("ctan", State::Success, false), ("extra", State::Failed, false)]),
            backend(None, &[("CTAN", State::Failed, false)]),
        ];
        let merged = merge(&content, &backends, &Observed::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(
            states(&merged),
            [("CTAN", State::Success), ("debian", State::Unknown), ("extra", State::Failed)]
        );
    }

    #[test]
    fn the_first_backend_speaks_and_later_ones_fill_its_gaps() {
        let at = |second| Timestamp::from_second(second).ok();
        let of = |entry: Entry| {
            let state = backend(None, &[]);
            BackendState { entries: [Entry { id: "debian".to_owned(), ..entry }].into(), ..state }
        };
        let silent =
            of(Entry { upstream: Some("rsync://a.example/".to_owned()), ..Entry::default() });
        let failed = of(Entry {
            state: State::Failed,
            last_attempt: at(2_000_000_000),
            upstream: Some("rsync://b.example/".to_owned()),
            ..Entry::default()
        });
        let good = of(Entry {
            state: State::Success,
            last_success: at(1_900_000_000),
            size_bytes: Some(7),
            ..Entry::default()
        });
        let merged = |backends: &[BackendState]| {
            merge(&content(&["debian"]), backends, &Observed::default(), Timestamp::UNIX_EPOCH)
                .remove(0)
        };
        let mirror = merged(&[silent.clone(), failed.clone(), good.clone()]);
        // A run is told whole, by one backend.
        assert_eq!((mirror.state, mirror.last_success), (State::Failed, None));
        assert_eq!((mirror.last_attempt, mirror.size_bytes), (at(2_000_000_000), Some(7)));
        assert_eq!(mirror.upstream.as_deref(), Some("rsync://a.example/"));
        let mirror = merged(&[good, failed, silent]);
        assert_eq!((mirror.state, mirror.last_attempt), (State::Success, None));
        assert_eq!(mirror.upstream.as_deref(), Some("rsync://b.example/"));
    }

    #[test]
    fn a_name_that_only_backends_know_is_merged_by_the_agreed_one() {
        let cnames = br#"{"debian-multimedia": "deb-multimedia"}"#;
        let files = [("cname.json".to_owned(), cnames.to_vec().into())].into();
        let (content, _) = Content::parse(files);
        let backends = [
            backend(None, &[("debian-multimedia", State::Unknown, false)]),
            backend(None, &[("deb-multimedia", State::Success, false)]),
        ];
        let merged = merge(&content, &backends, &Observed::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(states(&merged), [("deb-multimedia", State::Success)]);
        assert_eq!(merged[0].path, "/debian-multimedia");
    }

    #[test]
    fn a_library_lists_only_what_a_backend_or_the_disk_has() {
        let library = content(&["arch", "debian", "kali"]).into_library();
        let backends = [backend(None, &[("debian", State::Success, false)])];
        let observed = Observed { trees: ["/kali".to_owned()].into(), ..Observed::default() };
        let merged = merge(&library, &backends, &observed, Timestamp::UNIX_EPOCH);
        assert_eq!(states(&merged), [("debian", State::Success), ("kali", State::Unknown)]);
    }

    #[test]
    fn a_mirror_that_its_backend_hides_is_hidden() {
        let backends = [backend(None, &[("debian", State::Success, true)])];
        let merged =
            merge(&content(&["debian"]), &backends, &Observed::default(), Timestamp::UNIX_EPOCH);
        assert!(merged.is_empty());
    }
}
