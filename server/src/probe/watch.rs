//! The slow measurements, in the background: upstreams by HTTP, and trees against their indexes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    thread,
    time::Duration,
};

use app::model::{Audit, Consistency, State};
use jiff::Timestamp;
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Measures, Reading, Seen, Upstream,
    audit::{self, Auditor, Keyring},
    remote::Remote,
    verdict,
};
use crate::{
    content::mirror::MirrorFacts,
    snapshot::{AppState, Snapshot},
    status::{backoff, poll::Clock},
};

/// Longest time until new content or a new tree is noticed here.
const TURN: Duration = Duration::from_secs(30);
/// A tree that is not sound is looked at again after so long, if the interval is not shorter still.
const RECHECK: Duration = Duration::from_mins(30);
/// After a tree, disks rest for so many times as long as the look took: after a start, all are due.
const REST: u32 = 4;

/// Starts measuring; dropping what it returns ends it.
pub fn start(state: &AppState, measures: watch::Sender<Measures>, clock: Clock) -> JoinSet<()> {
    let measures = Arc::new(measures);
    let settings = &state.config().freshness;
    let mut tasks = JoinSet::new();
    if settings.upstream || settings.base.is_some() {
        tasks.spawn(ask(state.clone(), Arc::clone(&measures), clock));
    }
    if settings.consistency {
        tasks.spawn(look(state.clone(), measures, clock));
    }
    tasks
}

/// When each mirror has its next turn.
#[derive(Default)]
struct Turns(HashMap<String, Instant>);

impl Turns {
    fn is_due(&self, id: &str) -> bool {
        self.0.get(id).is_none_or(|at| *at <= Instant::now())
    }

    fn wait(&mut self, id: &str, pause: Duration) {
        self.0.insert(id.to_owned(), Instant::now() + pause);
    }

    /// Until the next turn of anyone, and not longer than [`TURN`]. Turns that nobody took are
    /// forgotten, so that they do not make this return at once for ever.
    async fn next(&mut self) {
        let now = Instant::now();
        self.0.retain(|_, at| *at > now);
        let latest = now + TURN;
        sleep_until(self.0.values().min().copied().unwrap_or(latest).min(latest)).await;
    }
}

/// Asks upstreams, and our own mirror where there is no disk, one after the other, for ever.
async fn ask(state: AppState, measures: Arc<watch::Sender<Measures>>, clock: Clock) {
    let mut remote = Remote::default();
    let mut turns = Turns::default();
    loop {
        let snapshot = state.snapshot();
        forget(&measures, &snapshot);
        for facts in snapshot.content.mirrors.values() {
            if snapshot.mirror(&facts.id).is_none() || !turns.is_due(&facts.id) {
                continue;
            }
            ask_base(&state, &snapshot, facts, &mut remote, &measures, clock).await;
            ask_upstream(&state, facts, &mut remote, &measures, clock).await;
            turns.wait(&facts.id, backoff::jittered(state.config().freshness.interval));
        }
        turns.next().await;
    }
}

/// Drops what belongs to mirrors that are no more.
fn forget(measures: &watch::Sender<Measures>, snapshot: &Snapshot) {
    measures.send_if_modified(|measures| {
        let count = |m: &Measures| m.upstreams.len() + m.remote.len() + m.audits.len();
        let before = count(measures);
        let is_known = |id: &String| snapshot.content.mirrors.contains_key(id);
        measures.upstreams.retain(|id, _| is_known(id));
        measures.remote.retain(|id, _| is_known(id));
        measures.audits.retain(|id, _| is_known(id));
        count(measures) != before
    });
}

async fn ask_base(
    state: &AppState,
    snapshot: &Snapshot,
    facts: &MirrorFacts,
    remote: &mut Remote,
    measures: &watch::Sender<Measures>,
    clock: Clock,
) {
    let (Some(base), Some(probe)) = (&state.config().freshness.base, &facts.file.freshness) else {
        return;
    };
    if snapshot.mirror(&facts.id).is_none_or(|mirror| mirror.has_tree) {
        return;
    }
    let base = format!("{base}{}/", facts.path().trim_start_matches('/'));
    match remote.read(&base, probe, clock()).await {
        Ok(reading) => {
            measures.send_if_modified(|m| replace(&mut m.remote, &facts.id, reading));
        }
        Err(error) => {
            tracing::warn!(mirror.id = facts.id, %error, "cannot read the age of its content");
        }
    }
}

fn replace(all: &mut HashMap<String, Reading>, id: &str, reading: Option<Reading>) -> bool {
    let before = match reading {
        Some(reading) => all.insert(id.to_owned(), reading),
        None => all.remove(id),
    };
    before != reading
}

async fn ask_upstream(
    state: &AppState,
    facts: &MirrorFacts,
    remote: &mut Remote,
    measures: &watch::Sender<Measures>,
    clock: Clock,
) {
    let probe = facts.file.freshness.as_ref().filter(|_| state.config().freshness.upstream);
    let Some((probe, base)) = probe.and_then(|probe| Some((probe, probe.upstream.as_ref()?)))
    else {
        return;
    };
    let answer = remote.read(base, probe, clock()).await;
    // Asked first, read after: a sync in between must not look like a lag.
    let ours = state.snapshot().mirror(&facts.id).and_then(|mirror| mirror.content_time);
    let answer = answer.map_err(|error| error.to_string()).and_then(|reading| {
        reading.ok_or_else(|| format!("none of the files that tell the time is at {base}"))
    });
    measures.send_if_modified(|measures| {
        let known = measures.upstreams.entry(facts.id.clone()).or_default();
        let before = known.clone();
        take_answer(known, answer, ours, clock());
        if known.error != before.error
            && let Some(error) = &known.error
        {
            tracing::warn!(mirror.id = facts.id, error, "cannot ask the upstream");
        }
        *known != before
    });
}

/// Enters an answer; a failure leaves what was known, and is said.
fn take_answer(
    known: &mut Upstream,
    answer: Result<Reading, String>,
    ours: Option<Timestamp>,
    now: Timestamp,
) {
    match answer {
        Ok(reading) => {
            known.seen = Some(Seen { time: reading.time, asked_at: now });
            known.error = None;
            if ours.is_some_and(|ours| verdict::is_in_step(ours, reading.time)) {
                known.in_step_at = Some(now);
            }
        }
        Err(error) => known.error = Some(error),
    }
}

/// Compares trees with their indexes, one after the other, for ever.
async fn look(state: AppState, measures: Arc<watch::Sender<Measures>>, clock: Clock) {
    let mut turns = Turns::default();
    let mut complained = HashSet::new();
    loop {
        let snapshot = state.snapshot();
        for facts in snapshot.content.mirrors.values() {
            let Some(mirror) = snapshot.mirror(&facts.id) else { continue };
            let probe = facts.file.freshness.as_ref();
            let has_indexes = probe.is_some_and(|probe| probe.indexes().next().is_some());
            if !has_indexes || !mirror.has_tree || !turns.is_due(&facts.id) {
                continue;
            }
            let begun = Instant::now();
            let is_syncing = mirror.state == State::Syncing && mirror.recorded_at.is_none();
            let audit = examine(&state, facts, clock).await.map(|audit| {
                // The backend itself says that the tree is being changed.
                let is_half = is_syncing && audit.consistency == Consistency::Broken;
                let consistency = if is_half { Consistency::HalfSynced } else { audit.consistency };
                Audit { consistency, ..audit }
            });
            let settings = &state.config().freshness;
            let is_sound = audit.as_ref().is_none_or(|a| a.consistency == Consistency::Sound);
            let every = settings.consistency_interval;
            turns.wait(&facts.id, if is_sound { every } else { every.min(RECHECK) });
            let Some(audit) = audit else { continue };
            report(&facts.id, &audit, &mut complained);
            measures.send_modify(|m| {
                m.audits.insert(facts.id.clone(), Arc::new(audit));
            });
            sleep(begun.elapsed() * REST).await;
        }
        turns.next().await;
    }
}

/// Tells the log of a tree that broke, and that it is sound again.
fn report(id: &str, audit: &Audit, complained: &mut HashSet<String>) {
    let is_broken = audit.consistency == Consistency::Broken;
    if is_broken && complained.insert(id.to_owned()) {
        let first = audit.faults.first();
        let fault = first.map_or("", |fault| fault.kind.id());
        let path = first.map_or("", |fault| fault.path.as_str());
        let count = audit.fault_count;
        tracing::warn!(mirror.id = id, fault, path, count, "the tree does not fit together");
    } else if !is_broken && complained.remove(id) {
        tracing::info!(mirror.id = id, "the tree fits together again");
    }
}

/// One look, and a second one if there was a fault.
async fn examine(state: &AppState, facts: &MirrorFacts, clock: Clock) -> Option<Audit> {
    let keyring = state.config().keyring(facts).map(|path| Keyring::load(&path)).transpose();
    let keyring = keyring.unwrap_or_else(|error| {
        tracing::warn!(
            mirror.id = facts.id,
            error = format!("{error:#}"),
            "signatures are not checked"
        );
        None
    });
    let seed = clock().as_second().unsigned_abs();
    let auditor = Arc::new(Auditor::new(state.trees().clone(), facts, keyring, seed)?);
    let first = aside(Arc::clone(&auditor), clock).await?;
    if first.is_sound() {
        return Some(audit::judge(first, None));
    }
    sleep(state.config().freshness.second_look).await;
    let second = aside(auditor, clock).await;
    Some(audit::judge(first, second))
}

/// A look on a thread of its own, with the lowest priority.
async fn aside(auditor: Arc<Auditor>, clock: Clock) -> Option<audit::Look> {
    let (sender, receiver) = oneshot::channel();
    let work = move || {
        // Linux has a priority for each thread. If it cannot be set, the look is made all the same.
        let _ = rustix::process::setpriority_process(None, 19);
        let _ = sender.send(auditor.look(clock()));
    };
    thread::Builder::new().name("audit".to_owned()).spawn(work).ok()?;
    receiver.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_request_changes_nothing_but_is_said() {
        let at = |hours: i64| Timestamp::from_second(1_795_231_800 + hours * 3600).unwrap();
        let mut known = Upstream::default();
        take_answer(&mut known, Ok(Reading::of(at(0))), Some(at(0)), at(1));
        assert_eq!(known.in_step_at, Some(at(1)));
        let seen = known.seen;
        take_answer(&mut known, Err("refused".to_owned()), Some(at(0)), at(2));
        assert_eq!((known.seen, known.in_step_at), (seen, Some(at(1))));
        assert_eq!(known.error.as_deref(), Some("refused"));
        take_answer(&mut known, Ok(Reading::of(at(3))), Some(at(0)), at(3));
        assert_eq!((known.in_step_at, &known.error), (Some(at(1)), &None), "behind since then");
    }
}
