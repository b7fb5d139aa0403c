//! Keeps what can be downloaded up to date, in the background.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_blocking},
    time::{Instant, timeout},
};

use super::{Downloads, Found, Place, Rule, look};
use crate::{
    content::{Content, mirror::MirrorFacts},
    files::Trees,
    index::Index,
    snapshot::{AppState, Snapshot},
};

/// Longest time until a change of a mirror is noticed: snapshots tell of most at once.
const TURN: Duration = Duration::from_secs(30);
/// Least time between two looks, however often snapshots change.
const PAUSE: Duration = Duration::from_secs(2);
/// A tree of which nobody says that it changed is looked at again after so long.
const AGAIN: Duration = Duration::from_mins(30);

/// What a look depends on.
#[derive(PartialEq)]
struct Grounds {
    rules: Vec<Rule>,
    path: String,
    last_success: Option<Timestamp>,
    content_time: Option<Timestamp>,
    /// When the index was built, where it stands for a tree.
    index: Option<i64>,
    has_tree: bool,
}

/// The last look at a mirror.
struct Known {
    grounds: Grounds,
    looked: Instant,
    found: Found,
}

/// Starts looking; what is found is sent at every change, until the process ends.
pub fn start(state: &AppState, downloads: watch::Sender<Arc<Downloads>>) -> JoinHandle<()> {
    tokio::spawn(follow(state.clone(), downloads))
}

async fn follow(state: AppState, downloads: watch::Sender<Arc<Downloads>>) {
    let mut snapshots = state.snapshots();
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut complained = HashSet::new();
    loop {
        let snapshot = state.snapshot();
        let index = state.index();
        known.retain(|id, _| snapshot.content.mirrors.contains_key(id));
        for facts in snapshot.content.mirrors.values() {
            let grounds = grounds(&snapshot, facts, index.as_deref());
            let Some(grounds) = grounds else {
                known.remove(&facts.id);
                continue;
            };
            let is_new = known
                .get(&facts.id)
                .is_none_or(|known| known.grounds != grounds || known.looked.elapsed() > AGAIN);
            if is_new && let Some(found) = aside(&state, facts, &grounds, index.as_ref()).await {
                let looked = Instant::now();
                known.insert(facts.id.clone(), Known { grounds, looked, found });
            }
        }
        let mut gathered = Downloads::gather(known.iter().map(|(id, known)| (id, &known.found)));
        if state.config().files.root.is_none() {
            // The demo has a little of everything; what it lacks is nobody's fault.
            gathered.silent.clear();
        }
        report(&gathered, &mut complained);
        downloads.send_if_modified(|sent| {
            let is_new = **sent != gathered;
            if is_new {
                *sent = Arc::new(gathered);
            }
            is_new
        });
        tokio::time::sleep(PAUSE).await;
        // Whether a snapshot came or not: an index may have been opened meanwhile.
        let _ = timeout(TURN, snapshots.changed()).await;
    }
}

/// Nothing for a mirror without rules, or of which neither tree nor index is here.
fn grounds(snapshot: &Snapshot, facts: &MirrorFacts, index: Option<&Index>) -> Option<Grounds> {
    let mirror = snapshot.mirror(&facts.id)?;
    let index = index.filter(|index| !mirror.has_tree && index.has_mirror(&facts.id));
    let is_known = mirror.has_tree || index.is_some();
    (is_known && !facts.file.download.is_empty()).then(|| Grounds {
        rules: facts.file.download.clone(),
        path: facts.path(),
        last_success: mirror.last_success,
        content_time: mirror.content_time,
        index: index.map(|index| index.stats().built_at),
        has_tree: mirror.has_tree,
    })
}

/// One look, on a thread that may wait for a disk.
async fn aside(
    state: &AppState,
    facts: &MirrorFacts,
    grounds: &Grounds,
    index: Option<&Arc<Index>>,
) -> Option<Found> {
    let (trees, facts) = (state.trees().clone(), facts.clone());
    let index = index.filter(|_| !grounds.has_tree).cloned();
    let task = spawn_blocking(move || match index {
        Some(index) => look(Place::Index(&index), &facts),
        None => look(Place::Disk(&trees), &facts),
    });
    task.await.ok()
}

/// Tells the log once of each rule that finds nothing.
fn report(downloads: &Downloads, complained: &mut HashSet<(String, String)>) {
    for (mirror, rule) in &downloads.silent {
        if complained.insert((mirror.clone(), rule.clone())) {
            tracing::warn!(mirror.id = mirror, rule, "a rule for downloads finds nothing");
        }
    }
    complained.retain(|rule| downloads.silent.contains(rule));
}

/// Looks at all trees that are on this machine, at once.
pub fn survey(content: &Content, trees: &Trees) -> Downloads {
    let has_tree = |facts: &&MirrorFacts| {
        crate::files::RelPath::parse(&facts.path()).is_ok_and(|path| trees.find(&path).is_ok())
    };
    let mirrors = content.mirrors.values().filter(|facts| !facts.file.download.is_empty());
    let found: BTreeMap<String, Found> = mirrors
        .filter(has_tree)
        .map(|facts| (facts.id.clone(), look(Place::Disk(trees), facts)))
        .collect();
    Downloads::gather(&found)
}
