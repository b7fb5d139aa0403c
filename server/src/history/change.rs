//! From two looks at a mirror to the runs and changes between them.

use app::{
    history::{Change, Event, Outcome, Run},
    model::{Freshness, Mirror, State},
};
use jiff::Timestamp;

/// What is kept of a mirror from one look to the next, also across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Since when it is watched.
    pub since: Timestamp,
    /// State at the last look.
    pub state: State,
    /// Freshness at the last look.
    pub freshness: Freshness,
    /// Whether the last run that ended, ended badly. Runs that begin change nothing in it.
    pub is_failed: bool,
    /// Whether the content was stale when it was last measured; being late changes nothing in it.
    pub is_stale: bool,
    /// Whether it is no longer listed.
    pub is_gone: bool,
    /// When the run under way was first seen.
    pub started: Option<Timestamp>,
    /// The last success that the backend told and that is recorded.
    pub told_success: Option<Timestamp>,
    /// The last attempt that the backend told and that is recorded.
    pub told_attempt: Option<Timestamp>,
}

/// A mirror as it is now, as far as it is known for sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    state: State,
    freshness: Freshness,
    last_success: Option<Timestamp>,
    last_attempt: Option<Timestamp>,
    size_bytes: Option<u64>,
}

impl Seen {
    /// Looks at a mirror. What a recording says of runs is no news and is left out.
    pub fn of(mirror: &Mirror) -> Self {
        let is_live = mirror.recorded_at.is_none();
        Self {
            state: if is_live { mirror.state } else { State::Unknown },
            freshness: mirror.freshness,
            last_success: mirror.last_success.filter(|_| is_live),
            last_attempt: mirror.last_attempt.filter(|_| is_live),
            size_bytes: mirror.size_bytes.filter(|_| is_live),
        }
    }
}

/// In what circumstances one looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// When.
    pub now: Timestamp,
    /// The first look of this process: what is under way may have begun long ago.
    pub is_first: bool,
    /// Every backend answers, so that silence about a mirror means something.
    pub is_complete: bool,
    /// Nothing was ever recorded, so that all mirrors being new is no news.
    pub is_beginning: bool,
}

/// What happened between two looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What to keep for the next look.
    pub known: Known,
    /// Runs that ended, oldest first.
    pub runs: Vec<Run>,
    /// Changes, in order.
    pub changes: Vec<Change>,
}

impl Step {
    /// Compares a mirror with what is known of it.
    pub fn between(before: Option<&Known>, seen: &Seen, look: Look) -> Self {
        let known = before.cloned().unwrap_or(Known { since: look.now, ..Known::default() });
        let mut step = Self { known, ..Self::default() };
        // A backend that is away says nothing; its mirrors stay as they were.
        let is_silent = seen.state == State::Unknown && !look.is_complete;
        let state = if is_silent { step.known.state } else { seen.state };
        step.end_runs(before.is_some(), state, seen, look.now);
        step.begin_run(state, look);
        step.note_changes(before, state, seen.freshness, look);
        step
    }

    /// A mirror that is no longer listed.
    pub fn gone(before: &Known, now: Timestamp) -> Self {
        let known = Known { is_gone: true, state: State::Unknown, started: None, ..before.clone() };
        let mut step = Self { known, ..Self::default() };
        step.note(now, Some(Event::Gone));
        step
    }

    /// Runs are told apart by the times that the backend tells. A state that changes without any
    /// time is a run that ended now.
    fn end_runs(&mut self, is_known: bool, state: State, seen: &Seen, now: Timestamp) {
        let was_under_way = matches!(self.known.state, State::Syncing | State::Pending);
        let is_told = |told: Option<Timestamp>, before: Option<Timestamp>| {
            told.filter(|told| before.is_none_or(|before| *told > before))
        };
        if let Some(told) = is_told(seen.last_success, self.known.told_success) {
            self.known.told_success = Some(told);
            self.push(told, Outcome::Success, seen, now);
        } else if state == State::Success && was_under_way && seen.last_success.is_none() {
            self.push(now, Outcome::Success, seen, now);
        }
        if state == State::Failed {
            let attempt = seen.last_attempt.filter(|attempt| Some(*attempt) > seen.last_success);
            if let Some(told) = is_told(attempt, self.known.told_attempt) {
                self.push(told, Outcome::Failed, seen, now);
            } else if is_known && self.known.state != State::Failed {
                self.push(now, Outcome::Failed, seen, now);
            }
        }
        // While a run is under way, some backends tell its start as the last attempt.
        if !matches!(state, State::Syncing | State::Pending) {
            self.known.told_attempt = self.known.told_attempt.max(seen.last_attempt);
        }
    }

    fn push(&mut self, told: Timestamp, outcome: Outcome, seen: &Seen, now: Timestamp) {
        let (started, ended) = match self.known.started.take() {
            // It was seen under way after its "end": some backends tell only starts.
            Some(started) if told < started => (Some(told), now),
            started => (started, told),
        };
        self.runs.push(Run { started, ended, outcome, size_bytes: seen.size_bytes });
    }

    fn begin_run(&mut self, state: State, look: Look) {
        if state != State::Syncing {
            self.known.started = None;
        } else if self.known.started.is_none() && !look.is_first {
            self.known.started = Some(look.now);
        }
    }

    fn note_changes(
        &mut self,
        before: Option<&Known>,
        state: State,
        freshness: Freshness,
        look: Look,
    ) {
        let old = self.known.clone();
        // Trees are measured a while after a start; not being measured is no change of a tree.
        let freshness = if freshness == Freshness::Unknown { old.freshness } else { freshness };
        let known = &mut self.known;
        (known.state, known.freshness, known.is_gone) = (state, freshness, false);
        known.is_failed = match state {
            State::Failed => true,
            State::Success | State::Cached | State::Proxied => false,
            _ => old.is_failed,
        };
        known.is_stale = match freshness {
            Freshness::Stale | Freshness::Expired => true,
            Freshness::Fresh => false,
            Freshness::Late | Freshness::Unknown => old.is_stale,
        };
        let (is_failed, is_stale) = (known.is_failed, known.is_stale);
        if before.is_none_or(|before| before.is_gone) {
            self.note(look.now, (!look.is_beginning).then_some(Event::New));
            return;
        }
        let run_at = self.runs.last().map_or(look.now, |run| run.ended);
        let mut events = Vec::new();
        if is_failed != old.is_failed {
            let event = if is_failed { Event::Failed } else { Event::Recovered };
            events.push((run_at, event));
        }
        if (state == State::Paused) != (old.state == State::Paused) {
            let event = if state == State::Paused { Event::Paused } else { Event::Resumed };
            events.push((look.now, event));
        }
        if is_stale != old.is_stale {
            let event = if is_stale { Event::Stale } else { Event::Fresh };
            events.push((look.now, event));
        }
        if events.is_empty() && (state, freshness) != (old.state, old.freshness) {
            self.note(look.now, None);
        }
        for (at, event) in events {
            self.note(at, Some(event));
        }
    }

    fn note(&mut self, at: Timestamp, event: Option<Event>) {
        let Known { state, freshness, .. } = self.known;
        self.changes.push(Change { at, event, state, freshness });
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    const LOOK: Look = Look {
        now: Timestamp::UNIX_EPOCH,
        is_first: false,
        is_complete: true,
        is_beginning: false,
    };

    fn at(minute: i64) -> Timestamp {
        "2026-11-21T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
    }

    fn seen(state: State, success: Option<i64>, attempt: Option<i64>) -> Seen {
        Seen {
            state,
            freshness: Freshness::Unknown,
            last_success: success.map(at),
            last_attempt: attempt.map(at),
            size_bytes: Some(100),
        }
    }

    /// Follows a mirror that is looked at each minute from 100 on.
    struct Follow {
        known: Option<Known>,
        minute: i64,
    }

    impl Follow {
        fn new(first: &Seen) -> Self {
            let mut follow = Self { known: None, minute: 100 };
            follow.look(first);
            follow
        }

        fn look(&mut self, seen: &Seen) -> Step {
            let now = at(self.minute);
            self.minute += 1;
            let step = Step::between(self.known.as_ref(), seen, Look { now, ..LOOK });
            self.known = Some(step.known.clone());
            step
        }
    }

    fn events(step: &Step) -> Vec<Event> {
        step.changes.iter().filter_map(|change| change.event).collect()
    }

    #[test]
    fn a_run_that_was_seen_has_a_start_an_end_and_a_size() {
        let mut follow = Follow::new(&seen(State::Success, Some(10), Some(10)));
        assert_eq!(follow.look(&seen(State::Syncing, Some(10), Some(10))).runs, []);
        assert_eq!(follow.look(&seen(State::Syncing, Some(10), Some(10))).changes, []);
        let step = follow.look(&seen(State::Success, Some(103), Some(103)));
        let run = Run {
            started: Some(at(101)),
            ended: at(103),
            outcome: Outcome::Success,
            size_bytes: Some(100),
        };
        assert_eq!(step.runs, [run]);
        assert_eq!(events(&step), [], "it was well before");
        assert_eq!(step.changes.len(), 1, "but no longer syncing");
        assert_eq!(follow.look(&seen(State::Success, Some(103), Some(103))).runs, []);
    }

    #[test]
    fn a_run_between_two_looks_is_known_by_its_times() {
        let mut follow = Follow::new(&seen(State::Success, Some(10), Some(10)));
        let step = follow.look(&seen(State::Success, Some(100), Some(100)));
        assert_eq!((step.runs[0].started, step.runs[0].ended), (None, at(100)));
        assert_eq!(step.changes, []);
    }

    #[test]
    fn failing_is_told_once_and_recovery_once_however_often_it_is_tried() {
        let mut follow = Follow::new(&seen(State::Success, Some(10), Some(10)));
        follow.look(&seen(State::Syncing, Some(10), Some(10)));
        let step = follow.look(&seen(State::Failed, Some(10), Some(101)));
        assert_eq!(events(&step), [Event::Failed]);
        assert_eq!(step.changes[0].at, at(101), "when it failed, not when it was seen");
        follow.look(&seen(State::Syncing, Some(10), Some(101)));
        let step = follow.look(&seen(State::Failed, Some(10), Some(103)));
        assert_eq!((events(&step), step.runs.len()), (vec![], 1));
        let step = follow.look(&seen(State::Success, Some(105), Some(105)));
        assert_eq!(events(&step), [Event::Recovered]);
    }

    #[test]
    fn states_without_times_still_make_runs() {
        let mut follow = Follow::new(&seen(State::Success, None, None));
        follow.look(&seen(State::Syncing, None, None));
        let step = follow.look(&seen(State::Failed, None, None));
        assert_eq!((step.runs[0].started, step.runs[0].ended), (Some(at(101)), at(102)));
        assert_eq!(follow.look(&seen(State::Failed, None, None)).runs, []);
        follow.look(&seen(State::Syncing, None, None));
        let step = follow.look(&seen(State::Success, None, None));
        assert_eq!(step.runs[0].outcome, Outcome::Success);
    }

    #[test]
    fn a_start_that_is_told_as_the_attempt_is_no_end() {
        let mut follow = Follow::new(&seen(State::Success, Some(10), Some(10)));
        assert_eq!(follow.look(&seen(State::Syncing, Some(10), Some(101))).runs, []);
        let step = follow.look(&seen(State::Failed, Some(10), Some(100)));
        assert_eq!((step.runs[0].started, step.runs[0].ended), (Some(at(100)), at(102)));
    }

    #[test]
    fn the_first_look_knows_what_ended_but_not_when_it_began() {
        let first = Look { now: at(100), is_first: true, is_beginning: true, ..LOOK };
        let step = Step::between(None, &seen(State::Failed, Some(10), Some(20)), first);
        assert_eq!(step.runs.iter().map(|run| run.ended).collect::<Vec<_>>(), [at(10), at(20)]);
        assert!(step.known.is_failed && events(&step).is_empty(), "no news: {step:?}");
        let known = Known { state: State::Success, ..Known::default() };
        let step = Step::between(Some(&known), &seen(State::Syncing, None, None), first);
        assert_eq!(step.known.started, None);
        let known = Known { state: State::Syncing, started: Some(at(50)), ..Known::default() };
        let step = Step::between(Some(&known), &seen(State::Syncing, None, None), first);
        assert_eq!(step.known.started, Some(at(50)), "a restart during a run");
    }

    #[test]
    fn lateness_neither_makes_nor_ends_staleness() {
        let mut follow = Follow::new(&seen(State::Success, None, None));
        let mut with = |freshness| {
            let seen = Seen { freshness, ..seen(State::Success, None, None) };
            events(&follow.look(&seen))
        };
        assert_eq!(with(Freshness::Fresh), []);
        assert_eq!(with(Freshness::Late), []);
        assert_eq!(with(Freshness::Stale), [Event::Stale]);
        assert_eq!(with(Freshness::Expired), []);
        assert_eq!(with(Freshness::Late), []);
        assert_eq!(with(Freshness::Fresh), [Event::Fresh]);
    }

    #[test]
    fn a_silent_backend_changes_nothing() {
        let known = Known { state: State::Failed, is_failed: true, ..Known::default() };
        let look = Look { is_complete: false, ..LOOK };
        let step = Step::between(Some(&known), &seen(State::Unknown, None, None), look);
        assert_eq!((step.known, step.changes), (known, vec![]));
    }

    #[test]
    fn a_mirror_that_goes_and_returns_is_told() {
        let known = Known { state: State::Success, ..Known::default() };
        let gone = Step::gone(&known, at(1));
        assert_eq!(events(&gone), [Event::Gone]);
        let back = Step::between(Some(&gone.known), &seen(State::Success, None, None), LOOK);
        assert_eq!(events(&back), [Event::New]);
    }

    #[test]
    fn a_recording_is_no_news() {
        let mirror = Mirror {
            state: State::Failed,
            last_success: Some(at(1)),
            last_attempt: Some(at(2)),
            recorded_at: Some(at(3)),
            freshness: Freshness::Fresh,
            ..Mirror::bare("m", "/m".to_owned())
        };
        let seen = Seen::of(&mirror);
        let step = Step::between(None, &seen, LOOK);
        assert_eq!((step.runs.len(), step.known.state), (0, State::Unknown));
        assert_eq!(step.known.freshness, Freshness::Fresh, "the tree is here, and is measured");
    }

    fn any_seen() -> impl Strategy<Value = Seen> {
        let time = || proptest::option::of(0..200_i64);
        (0..State::ALL.len(), time(), time())
            .prop_map(|(state, success, attempt)| seen(State::ALL[state], success, attempt))
    }

    proptest! {
        #[test]
        fn looking_twice_at_the_same_tells_nothing_new(looks in proptest::collection::vec(any_seen(), 1..8)) {
            let mut follow = Follow { known: None, minute: 300 };
            for seen in &looks {
                let first = follow.look(seen);
                for run in &first.runs {
                    prop_assert!(run.started.is_none_or(|started| started <= run.ended));
                }
                let again = follow.look(seen);
                prop_assert!(again.runs.is_empty() && again.changes.is_empty(), "{again:?}");
            }
        }
    }
}
