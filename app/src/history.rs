//! What is remembered of a mirror: its runs, its changes, and both summed up by day.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::model::{Freshness, State};

/// Days that pages and the API tell of, today included.
pub const WINDOW: i32 = 90;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Well.
    Success,
    /// Badly.
    Failed,
}

/// One run of a sync job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// When it was first seen under way; nobody saw the start of a run that was shorter than the time
    /// between two polls.
    pub started: Option<Timestamp>,
    /// When it ended, by the word of the backend where it says so.
    pub ended: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// Size of the mirror afterwards, in bytes.
    pub size_bytes: Option<u64>,
}

impl Run {
    /// How long it took, to the accuracy of the polls.
    pub fn duration(&self) -> Option<SignedDuration> {
        self.started.map(|started| self.ended.duration_since(started))
    }
}

/// A change that people want to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// A run failed after a good one.
    Failed,
    /// A run succeeded after a failed one.
    Recovered,
    /// The content became stale or expired.
    Stale,
    /// The content is fresh again.
    Fresh,
    /// The operator switched it off.
    Paused,
    /// The operator switched it on again.
    Resumed,
    /// It is listed for the first time, or again.
    New,
    /// It is no longer listed.
    Gone,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Recovered,
        Self::Stale,
        Self::Fresh,
        Self::Paused,
        Self::Resumed,
        Self::New,
        Self::Gone,
    ];

    /// The value in files, identifiers and the API.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::Stale => "stale",
            Self::Fresh => "fresh",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::New => "new",
            Self::Gone => "gone",
        }
    }
}

/// A change of a mirror, and how the mirror was after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When: the end of the run that brought it, or the moment at which it was seen.
    pub at: Timestamp,
    /// What it means; nothing for a run that begins or is queued.
    pub event: Option<Event>,
    /// State after it.
    pub state: State,
    /// Freshness after it.
    pub freshness: Freshness,
}

/// The runs of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Good ones.
    pub ok: u32,
    /// Bad ones.
    pub failed: u32,
    /// Time spent in those whose start was seen.
    pub busy: SignedDuration,
    /// How many those are.
    pub timed: u32,
    /// Size of the mirror after the last run that told it, in bytes.
    pub size_bytes: Option<u64>,
}

impl Day {
    fn add(&mut self, run: &Run) {
        match run.outcome {
            Outcome::Success => self.ok += 1,
            Outcome::Failed => self.failed += 1,
        }
        if let Some(duration) = run.duration() {
            self.busy += duration;
            self.timed += 1;
        }
        self.size_bytes = run.size_bytes.or(self.size_bytes);
    }

    /// Mean duration of a run.
    pub fn mean(&self) -> Option<SignedDuration> {
        let count = i32::try_from(self.timed).ok().filter(|count| *count > 0)?;
        self.busy.checked_div(count)
    }
}

/// What is remembered of one mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirrorHistory {
    /// Since when it is watched.
    pub since: Option<Timestamp>,
    /// Days with runs, in the zone of the site.
    pub days: BTreeMap<Date, Day>,
    /// The latest runs, newest first.
    pub runs: Vec<Run>,
    /// The latest changes, newest first.
    pub changes: Vec<Change>,
}

impl MirrorHistory {
    /// Sums up runs, which come oldest first; keeps the latest `limit` one by one.
    pub fn new(
        since: Timestamp,
        runs: Vec<Run>,
        changes: Vec<Change>,
        limit: usize,
        zone: &TimeZone,
    ) -> Self {
        let mut days: BTreeMap<Date, Day> = BTreeMap::new();
        for run in &runs {
            days.entry(run.ended.to_zoned(zone.clone()).date()).or_default().add(run);
        }
        let runs = runs.into_iter().rev().take(limit).collect();
        Self { since: Some(since), days, runs, changes }
    }

    /// The days of the window that ends on `today`, oldest first; those without a run included.
    pub fn window(&self, today: Date) -> Vec<(Date, Option<&Day>)> {
        days_until(today, WINDOW).map(|date| (date, self.days.get(&date))).collect()
    }
}

/// So many days, the last of which is `today`, oldest first.
pub fn days_until(today: Date, days: i32) -> impl Iterator<Item = Date> {
    (0..days).rev().filter_map(move |back| today.checked_sub(jiff::Span::new().days(back)).ok())
}

/// What a window of days amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Runs that ended well.
    pub ok: u32,
    /// Runs that ended badly.
    pub failed: u32,
    /// Mean duration of the runs whose start was seen.
    pub mean: Option<SignedDuration>,
    /// First and last known size, in bytes.
    pub sizes: Option<(u64, u64)>,
}

impl Figures {
    /// Sums up days, oldest first.
    pub fn of(days: &[(Date, Option<&Day>)]) -> Self {
        let mut sum = Day::default();
        let mut sizes = None;
        for day in days.iter().filter_map(|(_, day)| *day) {
            sum.ok += day.ok;
            sum.failed += day.failed;
            sum.busy += day.busy;
            sum.timed += day.timed;
            if let Some(size) = day.size_bytes {
                sizes = Some((sizes.map_or(size, |(first, _)| first), size));
            }
        }
        Self { ok: sum.ok, failed: sum.failed, mean: sum.mean(), sizes }
    }

    /// Good runs in tenths of a percent of all, rounded down so that 100 % means all.
    pub fn per_mille(&self) -> Option<u32> {
        let all = self.ok + self.failed;
        (all > 0).then(|| u32::try_from(u64::from(self.ok) * 1000 / u64::from(all)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ended: &str, minutes: Option<i64>, outcome: Outcome, size: Option<u64>) -> Run {
        let ended: Timestamp = ended.parse().unwrap();
        let started = minutes.map(|m| ended - SignedDuration::from_mins(m));
        Run { started, ended, outcome, size_bytes: size }
    }

    #[test]
    fn runs_are_summed_up_by_the_day_of_the_site() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let runs = vec![
            run("2026-11-19T15:59:00Z", Some(10), Outcome::Success, Some(100)),
            run("2026-11-19T16:01:00Z", Some(20), Outcome::Success, Some(120)),
            run("2026-11-19T20:00:00Z", None, Outcome::Failed, None),
        ];
        let history = MirrorHistory::new(runs[0].ended, runs, Vec::new(), 2, &zone);
        assert_eq!(history.runs.len(), 2, "the latest, newest first");
        assert_eq!(history.runs[0].outcome, Outcome::Failed);
        let window = history.window(jiff::civil::date(2026, 11, 21));
        assert_eq!(window.len(), 90);
        assert_eq!(window[89], (jiff::civil::date(2026, 11, 21), None));
        let (first, second) = (window[87].1.unwrap(), window[88].1.unwrap());
        assert_eq!((first.ok, first.failed, first.size_bytes), (1, 0, Some(100)));
        assert_eq!((second.ok, second.failed, second.size_bytes), (1, 1, Some(120)));
        let figures = Figures::of(&window);
        assert_eq!((figures.ok, figures.failed), (2, 1));
        assert_eq!(figures.mean, Some(SignedDuration::from_mins(15)));
        assert_eq!(figures.sizes, Some((100, 120)));
        assert_eq!(figures.per_mille(), Some(666), "rounded down");
    }

    #[test]
    fn without_runs_there_is_no_rate() {
        let history = MirrorHistory::default();
        let figures = Figures::of(&history.window(jiff::civil::date(2026, 11, 21)));
        assert_eq!((figures.per_mille(), figures.mean, figures.sizes), (None, None, None));
    }
}
