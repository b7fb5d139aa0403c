//! Bytes that went through: counters, their differences, and those of an interface in `/proc/net/dev` (`man 5 proc_net`).

use std::fs;

use jiff::Timestamp;

use super::store::Sample;

/// A longer gap between two looks says nothing of the hours in between.
const LONGEST_GAP: i64 = 600;

/// Bytes that an interface has received and sent since it came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Received.
    pub received: u64,
    /// Sent.
    pub sent: u64,
}

/// Compares counters from time to time.
#[derive(Debug, Default)]
pub struct Meter {
    last: Option<(Timestamp, Counters)>,
}

impl Meter {
    /// The difference to the last look. Nothing for the first one, and when the counters or the clock
    /// have been set back: an interface that comes up again begins at zero.
    pub fn step(&mut self, now: Timestamp, counters: Counters) -> Option<Sample> {
        let (then, before) = self.last.replace((now, counters))?;
        let seconds = now.as_second() - then.as_second();
        if !(1..=LONGEST_GAP).contains(&seconds) {
            return None;
        }
        Some(Sample {
            at: now,
            seconds: seconds.unsigned_abs(),
            received: counters.received.checked_sub(before.received)?,
            sent: counters.sent.checked_sub(before.sent)?,
        })
    }
}

/// What an interface of this machine has carried.
///
/// # Errors
/// The file cannot be read, or the interface is not in it.
pub fn read(name: &str) -> anyhow::Result<Counters> {
    let text = fs::read_to_string("/proc/net/dev")?;
    counters(&text, name).ok_or_else(|| anyhow::anyhow!("no interface {name} in /proc/net/dev"))
}

/// The line of one interface: after its name eight numbers of what was received and eight of what was
/// sent, bytes first.
pub fn counters(text: &str, name: &str) -> Option<Counters> {
    let numbers = text.lines().find_map(|line| {
        let (interface, numbers) = line.split_once(':')?;
        (interface.trim() == name).then_some(numbers)
    })?;
    let mut numbers = numbers.split_ascii_whitespace();
    let received = numbers.next()?.parse().ok()?;
    let sent = numbers.nth(7)?.parse().ok()?;
    Some(Counters { received, sent })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 5104     50    0    0    0     0          0         0     5104      50    0    0    0     0       0          0
  eth0: 1000 9 0 0 0 0 0 0 70000 9 0 0 0 0 0 0
eth0.7:3 9 0 0 0 0 0 0 4 9 0 0 0 0 0 0
";

    #[test]
    fn an_interface_is_found_by_its_whole_name() {
        assert_eq!(counters(DEV, "eth0"), Some(Counters { received: 1000, sent: 70_000 }));
        assert_eq!(counters(DEV, "eth0.7"), Some(Counters { received: 3, sent: 4 }));
        assert_eq!(counters(DEV, "lo"), Some(Counters { received: 5104, sent: 5104 }));
        assert_eq!(counters(DEV, "eth1"), None);
        assert_eq!(counters("eth0: 1 2", "eth0"), None);
        assert_eq!(counters("", "eth0"), None);
    }

    #[test]
    fn a_counter_or_a_clock_that_was_set_back_measures_nothing() {
        let mut meter = Meter::default();
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        let of = |received, sent| Counters { received, sent };
        assert_eq!(meter.step(at(0), of(10, 100)), None);
        let sample = meter.step(at(60), of(20, 400));
        assert_eq!(sample, Some(Sample { at: at(60), seconds: 60, received: 10, sent: 300 }));
        assert_eq!(meter.step(at(120), of(0, 5)), None, "it came up again");
        assert_eq!(meter.step(at(60), of(1, 6)), None, "the clock went back");
        assert_eq!(meter.step(at(60 + 86_400), of(2, 7)), None, "nobody looked for a day");
        assert!(meter.step(at(120 + 86_400), of(3, 8)).is_some());
    }
}
