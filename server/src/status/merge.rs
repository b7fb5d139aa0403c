//! One list of mirrors from content folders and all backends.

use std::collections::BTreeMap;

use app::model::{Bilingual, Mirror};
use jiff::Timestamp;

use super::{Entry, poll::BackendState};
use crate::{
    content::{Content, mirror::MirrorFacts},
    files::freshness::{self, Observed},
    web::encode,
};

/// Puts together what folders, backends and trees say. The first backend that knows a mirror wins;
/// an entry without a folder is listed under its own name, a folder without an entry as unknown.
pub fn merge(
    content: &Content,
    backends: &[BackendState],
    observed: &Observed,
    now: Timestamp,
) -> Vec<Mirror> {
    let mut stated: BTreeMap<String, (&Entry, Option<Timestamp>)> = BTreeMap::new();
    for backend in backends {
        for entry in backend.entries.iter() {
            let id = content.resolve(&entry.id).unwrap_or(&entry.id).to_owned();
            stated.entry(id).or_insert((entry, backend.report.recorded_at));
        }
    }
    let mut mirrors: Vec<Mirror> = content
        .mirrors
        .values()
        .filter(|facts| match stated.get(&facts.id) {
            Some((entry, _)) => !entry.disabled,
            None => content.is_registry || observed.trees.contains(&facts.path()),
        })
        .map(|facts| {
            let mut mirror = from_facts(facts, content.guides.contains_key(&facts.id));
            if let Some((entry, recorded_at)) = stated.get(&facts.id) {
                apply(&mut mirror, entry, *recorded_at);
            }
            let reading = observed.ages.get(&facts.id).copied();
            mirror.content_time = reading.map(|r| r.time);
            mirror.freshness =
                freshness::verdict(reading, facts.file.freshness.as_ref(), mirror.interval, now);
            mirror
        })
        .collect();
    for (id, (entry, recorded_at)) in &stated {
        if !content.mirrors.contains_key(id) && !entry.disabled {
            let mut mirror = from_entry(id, entry);
            apply(&mut mirror, entry, *recorded_at);
            mirrors.push(mirror);
        }
    }
    for mirror in &mut mirrors {
        mirror.has_tree = observed.trees.contains(&mirror.path);
    }
    mirrors.sort_by_key(|m| m.id.to_lowercase());
    mirrors
}

fn from_facts(facts: &MirrorFacts, has_guide: bool) -> Mirror {
    let file = &facts.file;
    Mirror {
        name: file.name.clone(),
        description: file.description.clone(),
        category: file.category,
        aliases: file.aliases.clone(),
        keywords: file.keywords.clone(),
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
    let path = entry.path.clone().unwrap_or_else(|| format!("/{}", encode::path(id.as_bytes())));
    Mirror {
        name: entry.name.clone().unwrap_or_else(|| Bilingual::same(id)),
        description: entry.description.clone().unwrap_or_default(),
        ..Mirror::bare(id, path)
    }
}

fn apply(mirror: &mut Mirror, entry: &Entry, recorded_at: Option<Timestamp>) {
    mirror.state = entry.state;
    mirror.last_success = entry.last_success;
    mirror.last_attempt = entry.last_attempt;
    mirror.next = entry.next;
    mirror.size_bytes = entry.size_bytes;
    mirror.recorded_at = recorded_at;
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
