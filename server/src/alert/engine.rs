//! What is worth telling, and when: patience, repetition, gathering, the daily digest.
//!
//! Nothing here sends or reads a clock. The engine is kept on disk as it is, so that a restart
//! neither repeats nor forgets.

use std::{collections::BTreeSet, time::Duration};

use app::{
    Lang,
    model::{Consistency, Freshness, Mirror, State},
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{Rule, Trigger};
use crate::snapshot::Snapshot;

/// Items that wait for a receiver; beyond that the oldest are only counted.
const WAITING: usize = 500;
/// How long a mirror that is gone is waited for.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Over which messages are counted.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// The last run of a mirror failed.
    Failed,
    /// Its content is stale or expired.
    Stale,
    /// It is no longer listed.
    Gone,
    /// Its files do not fit together.
    Broken,
    /// A backend does not answer.
    Away,
}

/// What it is wrong with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A mirror by id.
    Mirror(String),
    /// A backend by kind and address.
    Backend(String),
}

/// What is said of a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// It began.
    Begun,
    /// It goes on.
    Still,
    /// It is over.
    Ended,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What is wrong, or was.
    pub trouble: Trouble,
    /// What is said of it.
    pub told: Told,
    /// What it is wrong with.
    pub subject: Subject,
    /// Name of the mirror in the language of the rule.
    pub name: String,
    /// Since when it is wrong, or was.
    pub since: Timestamp,
    /// When it was noticed, or ended.
    pub at: Timestamp,
    /// The last good run, the time of the content, or the last good answer.
    pub last_good: Option<Timestamp>,
}

impl Item {
    /// The trigger that lets it be told.
    pub const fn trigger(&self) -> Trigger {
        match (self.trouble, self.told) {
            (Trouble::Failed, Told::Ended) => Trigger::Recovered,
            (Trouble::Failed, _) => Trigger::Failed,
            (Trouble::Stale, Told::Ended) => Trigger::Fresh,
            (Trouble::Stale, _) => Trigger::Stale,
            (Trouble::Gone, Told::Ended) => Trigger::Listed,
            (Trouble::Gone, _) => Trigger::Gone,
            (Trouble::Broken, Told::Ended) => Trigger::Sound,
            (Trouble::Broken, _) => Trigger::Broken,
            (Trouble::Away, Told::Ended) => Trigger::Back,
            (Trouble::Away, _) => Trigger::Away,
        }
    }
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Changes.
    Alert {
        /// What is told, in the order in which it came up.
        items: Vec<Item>,
        /// How many older ones did not fit.
        omitted: usize,
    },
    /// The state of everything.
    Digest {
        /// Mirrors that are watched.
        mirrors: usize,
        /// Those among them whose last run failed.
        failed: usize,
        /// Those among them whose content is stale.
        stale: usize,
        /// What is wrong at present.
        items: Vec<Item>,
    },
    /// An operator tries whether messages arrive.
    Test,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The same for every attempt to send it.
    pub id: String,
    /// What it says.
    pub content: Content,
    /// Attempts that failed.
    attempts: u32,
    /// Before which it is not tried again.
    not_before: Option<Timestamp>,
}

impl Outgoing {
    /// A message that only tries whether messages arrive.
    pub fn test(rule: &Rule, now: Timestamp) -> Self {
        let id = format!("mingjing-{}-{}-test", rule.name, now.as_millisecond());
        Self { id, content: Content::Test, attempts: 0, not_before: None }
    }
}

/// A trouble that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    trouble: Trouble,
    subject: Subject,
    name: String,
    /// By the word of the backend.
    since: Timestamp,
    /// When it was first seen; patience counts from here.
    seen: Timestamp,
    /// Runs that failed in a row.
    failures: u32,
    /// The last of them.
    attempt: Option<Timestamp>,
    last_good: Option<Timestamp>,
    /// When it was told, or would have been.
    told: Option<Timestamp>,
}

/// What is known of a possible trouble at one moment.
struct Fact {
    trouble: Trouble,
    subject: Subject,
    name: String,
    verdict: Verdict,
    since: Option<Timestamp>,
    attempt: Option<Timestamp>,
    last_good: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wrong,
    Well,
    /// Nothing is to be expected any more, so that its end is no good news.
    Moot,
    Unknown,
}

impl Fact {
    fn is_of(&self, open: &Open) -> bool {
        self.trouble == open.trouble && self.subject == open.subject
    }
}

/// All possible troubles at one moment.
pub struct Facts {
    all: Vec<Fact>,
    listed: BTreeSet<String>,
    /// Every backend answers, so that silence means something.
    is_complete: bool,
    mirrors: usize,
    failed: usize,
    stale: usize,
}

impl Facts {
    /// What a snapshot says of the mirrors that a rule covers.
    pub fn of(snapshot: &Snapshot, rule: &Rule) -> Self {
        let watched: Vec<&Mirror> =
            snapshot.mirrors.iter().filter(|mirror| rule.covers(&mirror.id)).collect();
        let mut facts: Vec<Fact> = watched
            .iter()
            .flat_map(|mirror| {
                let lang = rule.lang;
                [sync(mirror, lang), content(mirror, lang), tree(mirror, lang)]
            })
            .collect();
        let live = snapshot.backends.iter().filter(|backend| backend.recorded_at.is_none());
        facts.extend(live.map(|backend| Fact {
            trouble: Trouble::Away,
            subject: Subject::Backend(format!("{} {}", backend.kind, backend.url)),
            name: backend.kind.clone(),
            verdict: match (backend.ok, &backend.error) {
                (true, _) => Verdict::Well,
                (false, Some(_)) => Verdict::Wrong,
                (false, None) => Verdict::Unknown,
            },
            since: None,
            attempt: None,
            last_good: backend.fetched_at,
        }));
        let count = |trouble| {
            let wrong = |fact: &&Fact| fact.trouble == trouble && fact.verdict == Verdict::Wrong;
            facts.iter().filter(wrong).count()
        };
        Self {
            mirrors: watched.len(),
            failed: count(Trouble::Failed),
            stale: count(Trouble::Stale),
            listed: watched.iter().map(|mirror| mirror.id.clone()).collect(),
            is_complete: snapshot.backends.iter().all(|backend| backend.ok),
            all: facts,
        }
    }
}

fn sync(mirror: &Mirror, lang: Lang) -> Fact {
    let verdict = match mirror.state {
        // A recording fails for ever.
        _ if mirror.recorded_at.is_some() => Verdict::Unknown,
        State::Failed => Verdict::Wrong,
        State::Success | State::Cached | State::Proxied => Verdict::Well,
        State::Paused => Verdict::Moot,
        State::Syncing | State::Pending | State::Unknown => Verdict::Unknown,
    };
    Fact {
        since: mirror.last_attempt,
        attempt: mirror.last_attempt,
        last_good: mirror.last_success,
        ..fact(mirror, lang, Trouble::Failed, verdict)
    }
}

/// What is so of a mirror, at no known time.
fn fact(mirror: &Mirror, lang: Lang, trouble: Trouble, verdict: Verdict) -> Fact {
    Fact {
        trouble,
        subject: Subject::Mirror(mirror.id.clone()),
        name: mirror.name.get(lang).to_owned(),
        verdict,
        since: None,
        attempt: None,
        last_good: None,
    }
}

fn content(mirror: &Mirror, lang: Lang) -> Fact {
    let verdict = match mirror.freshness {
        Freshness::Stale | Freshness::Expired => Verdict::Wrong,
        Freshness::Fresh => Verdict::Well,
        Freshness::Late | Freshness::Unknown => Verdict::Unknown,
    };
    Fact { last_good: mirror.content_time, ..fact(mirror, lang, Trouble::Stale, verdict) }
}

fn tree(mirror: &Mirror, lang: Lang) -> Fact {
    let verdict = match mirror.consistency {
        Consistency::Broken => Verdict::Wrong,
        Consistency::Sound => Verdict::Well,
        Consistency::HalfSynced | Consistency::Unknown => Verdict::Unknown,
    };
    fact(mirror, lang, Trouble::Broken, verdict)
}

/// What one rule remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Engine {
    open: Vec<Open>,
    /// Mirrors that were there.
    listed: BTreeSet<String>,
    waiting: Vec<Item>,
    omitted: usize,
    outgoing: Option<Outgoing>,
    /// Attempts of the last minute.
    sent: Vec<Timestamp>,
    /// Day of the last digest.
    digest: Option<Date>,
    /// Messages so far.
    serial: u64,
}

impl Engine {
    /// Takes in what is so now.
    pub fn observe(&mut self, rule: &Rule, facts: &Facts, now: Timestamp) {
        let missing = self.missing(facts);
        let all = || facts.all.iter().chain(&missing);
        if facts.is_complete {
            self.open.retain(|open| all().any(|fact| fact.is_of(open)));
        }
        self.listed.extend(facts.listed.iter().cloned());
        for fact in all() {
            self.weigh(rule, fact, now);
        }
        self.lose_patience(rule, now);
        self.forget(now);
    }

    /// Stops waiting for mirrors that have long been gone.
    fn forget(&mut self, now: Timestamp) {
        let expired = |open: &Open| {
            open.trouble == Trouble::Gone && now.duration_since(open.seen) > FORGOTTEN
        };
        for open in self.open.extract_if(.., |open| expired(open)) {
            if let Subject::Mirror(id) = open.subject {
                self.listed.remove(&id);
            }
        }
    }

    /// Which of the mirrors that were there are no longer, and which are.
    fn missing(&self, facts: &Facts) -> Vec<Fact> {
        let fact = |id: &String| Fact {
            trouble: Trouble::Gone,
            subject: Subject::Mirror(id.clone()),
            name: id.clone(),
            verdict: match (facts.listed.contains(id), facts.is_complete) {
                (true, _) => Verdict::Well,
                (false, true) => Verdict::Wrong,
                (false, false) => Verdict::Unknown,
            },
            since: None,
            attempt: None,
            last_good: None,
        };
        self.listed.iter().map(fact).collect()
    }

    fn weigh(&mut self, rule: &Rule, fact: &Fact, now: Timestamp) {
        let place = self.open.iter().position(|open| fact.is_of(open));
        match (fact.verdict, place) {
            (Verdict::Wrong, Some(place)) => {
                let open = &mut self.open[place];
                if fact.attempt > open.attempt {
                    open.failures += 1;
                    open.attempt = fact.attempt;
                }
                open.last_good = fact.last_good;
            }
            (Verdict::Wrong, None) => self.open.push(Open {
                trouble: fact.trouble,
                subject: fact.subject.clone(),
                name: fact.name.clone(),
                since: fact.since.unwrap_or(now).min(now),
                seen: now,
                failures: 1,
                attempt: fact.attempt,
                last_good: fact.last_good,
                told: None,
            }),
            (Verdict::Well, Some(place)) => {
                let open = self.open.remove(place);
                if open.told.is_some() {
                    let last_good = fact.last_good;
                    let open = Open { last_good, ..open };
                    self.tell(rule, open.item(Told::Ended, now));
                }
            }
            (Verdict::Moot, Some(place)) => drop(self.open.remove(place)),
            _ => {}
        }
    }

    /// Tells what has been wrong for long enough, and repeats what still is.
    fn lose_patience(&mut self, rule: &Rule, now: Timestamp) {
        let mut items = Vec::new();
        for open in &mut self.open {
            let told = match open.told {
                None => {
                    let is_enough =
                        open.trouble != Trouble::Failed || open.failures >= rule.failures;
                    (is_enough && has_passed(open.seen, rule.after, now)).then_some(Told::Begun)
                }
                Some(at) => rule
                    .repeat
                    .filter(|repeat| open.trouble != Trouble::Gone && has_passed(at, *repeat, now))
                    .map(|_| Told::Still),
            };
            if let Some(told) = told {
                open.told = Some(now);
                items.push(open.item(told, now));
            }
        }
        for item in items {
            self.tell(rule, item);
        }
    }

    fn tell(&mut self, rule: &Rule, item: Item) {
        if !rule.on.contains(&item.trigger()) {
            return;
        }
        if self.waiting.len() == WAITING {
            self.waiting.remove(0);
            self.omitted += 1;
        }
        self.waiting.push(item);
    }

    /// The message to send now, if there is one: everything that waits goes into one.
    pub fn outgoing(
        &mut self,
        rule: &Rule,
        facts: &Facts,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Option<Outgoing> {
        self.sent.retain(|at| now.duration_since(*at) < MINUTE);
        let is_digest_due = self.is_digest_due(rule, zone, now);
        if self.sent.len() >= usize::try_from(rule.per_minute).unwrap_or(usize::MAX) {
            return None;
        }
        if self.outgoing.is_none() {
            let content = if !self.waiting.is_empty() {
                let omitted = std::mem::take(&mut self.omitted);
                Content::Alert { items: std::mem::take(&mut self.waiting), omitted }
            } else if is_digest_due {
                self.digest = Some(now.to_zoned(zone.clone()).date());
                self.digest_of(facts, now)
            } else {
                return None;
            };
            self.serial += 1;
            let id = format!("mingjing-{}-{}-{}", rule.name, now.as_second(), self.serial);
            self.outgoing = Some(Outgoing { id, content, attempts: 0, not_before: None });
        }
        self.outgoing.clone().filter(|out| out.not_before.is_none_or(|time| time <= now))
    }

    /// The message arrived.
    pub fn delivered(&mut self, now: Timestamp) {
        self.sent.push(now);
        self.outgoing = None;
    }

    /// It did not. `pause` tells from the number of failed attempts how long to wait.
    pub fn undelivered(&mut self, now: Timestamp, pause: impl Fn(u32) -> Duration) {
        self.sent.push(now);
        if let Some(out) = &mut self.outgoing {
            out.attempts += 1;
            out.not_before = SignedDuration::try_from(pause(out.attempts))
                .ok()
                .and_then(|pause| now.checked_add(pause).ok());
        }
    }

    fn is_digest_due(&mut self, rule: &Rule, zone: &TimeZone, now: Timestamp) -> bool {
        let Some(time) = rule.digest else { return false };
        let today = now.to_zoned(zone.clone()).date();
        let Ok(moment) = today.to_datetime(time).to_zoned(zone.clone()) else { return false };
        let is_past = moment.timestamp() <= now;
        let Some(last) = self.digest else {
            // Somebody who sets it up in the afternoon does not ask for this morning's.
            self.digest = if is_past { Some(today) } else { today.yesterday().ok() };
            return false;
        };
        is_past && last < today
    }

    fn digest_of(&self, facts: &Facts, now: Timestamp) -> Content {
        let open = self.open.iter().filter(|open| open.trouble != Trouble::Gone);
        let items = open.map(|open| open.item(Told::Still, now)).collect();
        let &Facts { mirrors, failed, stale, .. } = facts;
        Content::Digest { mirrors, failed, stale, items }
    }
}

impl Open {
    fn item(&self, told: Told, at: Timestamp) -> Item {
        Item {
            trouble: self.trouble,
            told,
            subject: self.subject.clone(),
            name: self.name.clone(),
            since: self.since,
            at,
            last_good: self.last_good,
        }
    }
}

fn has_passed(from: Timestamp, period: Duration, now: Timestamp) -> bool {
    SignedDuration::try_from(period).is_ok_and(|period| now.duration_since(from) >= period)
}
