//! How long to leave a failing backend alone.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// First wait after a failure, if the interval is not shorter still.
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// Longest wait after failures.
const LAST_RETRY: Duration = Duration::from_mins(10);

/// Doubles with every failure up to ten minutes, less up to a quarter at random, so that mirrors
/// behind one dead host do not return all at once.
pub fn retry_after(interval: Duration, failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    jittered(interval.min(FIRST_RETRY).saturating_mul(doubled).min(LAST_RETRY))
}

/// A duration less up to a quarter at random.
pub fn jittered(longest: Duration) -> Duration {
    let random = u32::try_from(RandomState::new().hash_one(longest) % 256).unwrap_or_default();
    longest.saturating_sub(longest / 1024 * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_minutes_with_jitter() {
        let minute = Duration::from_mins(1);
        for (failures, longest) in [(1, 5), (2, 10), (5, 80), (8, 600), (100, 600), (u32::MAX, 600)]
        {
            let wait = retry_after(minute, failures);
            let longest = Duration::from_secs(longest);
            assert!(wait <= longest && wait >= longest * 3 / 4, "{failures}: {wait:?}");
        }
        assert!(retry_after(Duration::from_millis(10), 1) <= Duration::from_millis(10));
    }
}
