//! From what a tree and its upstream say to a verdict.

use app::model::Freshness;
use jiff::{SignedDuration, Timestamp};

use super::{Reading, Upstream};
use crate::content::mirror::MirrorFile;

/// Intervals are never taken for shorter than this: few upstreams publish more often.
const LEAST_INTERVAL: SignedDuration = SignedDuration::from_hours(12);
/// What comes after twice the interval is late for so long, then stale.
const LATE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A lag below this is rounding of file times and clocks.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);
/// An answer of an upstream that is older than this says nothing about today.
const TRUST: SignedDuration = SignedDuration::from_hours(24);

/// A verdict and what it rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub freshness: Freshness,
    /// How far the content is behind the upstream's; zero when in step, unknown without an upstream.
    pub lag: Option<SignedDuration>,
}

/// Judges a reading against its upstream, or else against what may be expected.
///
/// A tree whose upstream has nothing newer is fresh, however old it is, unless it has expired. One
/// that is behind is judged by how long it has been: since the upstream's present state was made, or
/// since the tree should have got a successor (`every` after its own time, for the upstream may have
/// published many times since), but not since before it was last seen in step.
pub fn judge(
    reading: Option<Reading>,
    upstream: Option<&Upstream>,
    file: &MirrorFile,
    now: Timestamp,
) -> Judgement {
    let Some(reading) = reading else { return Judgement::default() };
    let sync = file.interval.unwrap_or(LEAST_INTERVAL).max(LEAST_INTERVAL);
    let every = file
        .freshness
        .as_ref()
        .and_then(|probe| probe.every)
        .map_or(sync, |every| every.max(LEAST_INTERVAL));
    let theirs = upstream.and_then(|upstream| {
        let seen = upstream.seen?;
        (now.duration_since(seen.asked_at) <= TRUST).then_some((seen, upstream.in_step_at))
    });
    let lag =
        theirs.map(|(seen, _)| seen.time.duration_since(reading.time).max(SignedDuration::ZERO));
    let freshness = match (lag, theirs) {
        _ if reading.valid_until.is_some_and(|end| end < now) => Freshness::Expired,
        (Some(lag), _) if lag <= TOLERANCE => Freshness::Fresh,
        (Some(_), Some((seen, in_step_at))) => {
            let due = reading.time.checked_add(every).unwrap_or(seen.time);
            let behind_since = seen.time.min(due).max(in_step_at.unwrap_or(Timestamp::MIN));
            by_age(now.duration_since(behind_since), sync)
        }
        _ => by_age(now.duration_since(reading.time), every),
    };
    Judgement {
        freshness,
        lag: lag.map(|lag| if lag <= TOLERANCE { SignedDuration::ZERO } else { lag }),
    }
}

/// Whether our tree has all that the upstream has.
pub fn is_in_step(ours: Timestamp, theirs: Timestamp) -> bool {
    theirs.duration_since(ours) <= TOLERANCE
}

fn by_age(age: SignedDuration, every: SignedDuration) -> Freshness {
    if age <= every * 2 {
        Freshness::Fresh
    } else if age <= every * 2 + LATE {
        Freshness::Late
    } else {
        Freshness::Stale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::mirror::MirrorFacts, probe::Seen};

    const NOW: &str = "2026-11-21T00:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn ago(hours: i64) -> Timestamp {
        now() - SignedDuration::from_hours(hours)
    }

    fn mirror(every: &str) -> MirrorFile {
        let text = format!(
            "name = {{ zh = \"甲\", en = \"A\" }}\ndescription = {{ zh = \"甲\", en = \"A\" }}\ncategory = \"other\"\ninterval = \"1h\"\n[freshness]\nkind = \"mtime\"\nfiles = [\"x\"]\n{every}"
        );
        MirrorFacts::parse("a", "mirror.toml", &text).unwrap().file
    }

    #[test]
    fn without_an_upstream_the_verdict_follows_age_and_end() {
        let verdict = |hours: i64, valid: Option<i64>| {
            let valid_until = valid.map(|hours| ago(-hours));
            let reading = Reading { time: ago(hours), valid_until };
            judge(Some(reading), None, &mirror(""), now()).freshness
        };
        assert_eq!(verdict(2, None), Freshness::Fresh);
        assert_eq!(verdict(24, None), Freshness::Fresh);
        assert_eq!(verdict(25, None), Freshness::Late);
        assert_eq!(verdict(24 * 9, None), Freshness::Stale);
        assert_eq!(verdict(2, Some(-1)), Freshness::Expired);
        assert_eq!(judge(None, None, &mirror(""), now()), Judgement::default());
    }

    /// Ours and theirs are so many hours old; in step so many hours ago, asked just now.
    fn compared(
        ours: i64,
        theirs: i64,
        in_step: Option<i64>,
        every: &str,
    ) -> (Freshness, Option<i64>) {
        let upstream = Upstream {
            seen: Some(Seen { time: ago(theirs), asked_at: now() }),
            in_step_at: in_step.map(ago),
            error: None,
        };
        let judged = judge(Some(Reading::of(ago(ours))), Some(&upstream), &mirror(every), now());
        (judged.freshness, judged.lag.map(|lag| lag.as_hours()))
    }

    #[test]
    fn a_mirror_whose_upstream_has_not_changed_is_fresh_however_old() {
        assert_eq!(compared(24 * 400, 24 * 400, None, ""), (Freshness::Fresh, Some(0)));
        assert_eq!(compared(24 * 400, 24 * 401, None, ""), (Freshness::Fresh, Some(0)));
    }

    #[test]
    fn a_mirror_behind_a_busy_upstream_is_judged_by_how_long_it_has_been_behind() {
        assert_eq!(compared(8, 1, None, ""), (Freshness::Fresh, Some(7)));
        assert_eq!(compared(24 * 3, 1, None, ""), (Freshness::Late, Some(71)));
        assert_eq!(compared(24 * 30, 1, None, ""), (Freshness::Stale, Some(24 * 30 - 1)));
    }

    #[test]
    fn news_of_a_slow_upstream_is_no_reason_to_cry_at_once() {
        let slow = "every = \"720h\"";
        assert_eq!(compared(24 * 20, 1, None, slow).0, Freshness::Fresh);
        assert_eq!(compared(24 * 200, 1, Some(2), "").0, Freshness::Fresh, "seen in step just now");
        assert_eq!(compared(24 * 200, 24 * 4, Some(24 * 5), "").0, Freshness::Late);
    }

    #[test]
    fn an_upstream_that_was_not_reached_for_a_day_no_longer_counts() {
        let asked_at = ago(25);
        let upstream = Upstream {
            seen: Some(Seen { time: ago(24 * 30), asked_at }),
            error: Some("timed out".to_owned()),
            ..Upstream::default()
        };
        let judged = judge(Some(Reading::of(ago(24 * 30))), Some(&upstream), &mirror(""), now());
        assert_eq!(judged, Judgement { freshness: Freshness::Stale, lag: None });
    }

    #[test]
    fn an_expired_tree_is_expired_even_when_in_step() {
        let upstream = Upstream {
            seen: Some(Seen { time: ago(300), asked_at: now() }),
            ..Upstream::default()
        };
        let reading = Reading { time: ago(300), valid_until: Some(ago(1)) };
        let judged = judge(Some(reading), Some(&upstream), &mirror(""), now());
        assert_eq!(judged.freshness, Freshness::Expired);
    }
}
