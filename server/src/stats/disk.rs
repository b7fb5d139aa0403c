//! What the mirrors took up day by day, from the sizes that their runs have told.

use std::collections::BTreeMap;

use app::{
    history::{WINDOW, days_until},
    page::stats::DiskDay,
};
use jiff::civil::Date;

use crate::history::History;

/// The days of the window that ends on `today`, oldest first. A mirror has the size that it had last;
/// of the time before its first one nothing is known, and nothing is made up.
pub fn days(history: &History, today: Date) -> Vec<(Date, Option<DiskDay>)> {
    let mut told: BTreeMap<Date, Vec<(&str, u64)>> = BTreeMap::new();
    for (id, mirror) in &history.mirrors {
        for (date, day) in &mirror.days {
            if let Some(bytes) = day.size_bytes {
                told.entry(*date).or_default().push((id, bytes));
            }
        }
    }
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut told = told.into_iter().peekable();
    days_until(today, WINDOW)
        .map(|date| {
            while let Some((_, new)) = told.next_if(|(day, _)| *day <= date) {
                sizes.extend(new);
            }
            let bytes = sizes.values().fold(0_u64, |sum, size| sum.saturating_add(*size));
            let known = (!sizes.is_empty()).then_some(DiskDay { bytes, mirrors: sizes.len() });
            (date, known)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use app::history::{Day, MirrorHistory};
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_size_holds_until_the_next_and_nothing_is_known_before_the_first() {
        let mirror = |days: &[(i8, u64)]| {
            let day = |size| Day { size_bytes: Some(size), ..Day::default() };
            let days = days.iter().map(|(d, size)| (date(2026, 11, *d), day(*size))).collect();
            Arc::new(MirrorHistory { days, ..MirrorHistory::default() })
        };
        let mirrors = HashMap::from([
            ("a".to_owned(), mirror(&[(18, 10), (20, 30)])),
            ("b".to_owned(), mirror(&[(19, 5)])),
        ]);
        let days = days(&History::new(mirrors, 1, None), date(2026, 11, 21));
        assert_eq!(days.len(), 90);
        let last: Vec<_> =
            days[85..].iter().map(|(_, day)| day.map(|d| (d.bytes, d.mirrors))).collect();
        assert_eq!(last, [None, Some((10, 1)), Some((15, 2)), Some((35, 2)), Some((35, 2))]);
    }
}
