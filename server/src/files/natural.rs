//! Natural order of names: runs of digits compare as numbers.

use std::cmp::Ordering;

/// Compares two names as people do: `a2` before `a10`, letters without regard to case first.
pub fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        match (left.first(), right.first()) {
            (None, None) => return one.cmp(other),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (number, rest_left) = digits(left);
                let (its, rest_right) = digits(right);
                let order = number.len().cmp(&its.len()).then_with(|| number.cmp(its));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_left, rest_right);
            }
            (Some(x), Some(y)) => {
                let order = x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (&left[1..], &right[1..]);
            }
        }
    }
}

/// A key in the order of [`compare`]: names with different keys compare as their keys do. Names with equal keys
/// differ further on, or not at all.
pub fn key(name: &[u8]) -> u128 {
    let mut key = [0; 16];
    let mut at = 0;
    let mut put = |byte: u8| {
        let is_room = key.get_mut(at).map(|slot| *slot = byte).is_some();
        at += 1;
        is_room
    };
    let mut rest = name;
    while let Some((&first, after)) = rest.split_first() {
        if first.is_ascii_digit() {
            let number;
            (number, rest) = digits(rest);
            // A longer number is a larger one. The mark is a digit, to stand between other bytes as digits do.
            let length = u8::try_from(number.len()).unwrap_or(u8::MAX);
            if !(put(b'0') && put(length) && number.iter().all(|digit| put(*digit))) {
                break;
            }
        } else if put(first.to_ascii_lowercase()) {
            rest = after;
        } else {
            break;
        }
    }
    u128::from_be_bytes(key)
}

/// Splits a leading run of digits, without its zeros, from the rest.
fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len());
    let (run, rest) = bytes.split_at(end);
    let zeros = run.iter().position(|b| *b != b'0').unwrap_or(run.len());
    (&run[zeros..], rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_compare_as_numbers() {
        let mut names = ["v10", "v9", "V1", "v09", "v1.2", "v1.10", "", "linux-6.12"];
        names.sort_by(|a, b| compare(a.as_bytes(), b.as_bytes()));
        assert_eq!(names, ["", "linux-6.12", "V1", "v1.2", "v1.10", "v09", "v9", "v10"]);
    }

    proptest! {
        #[test]
        fn keys_are_in_the_same_order(a in "[a0-3B/:]{0,24}", b in "[a0-3B/:]{0,24}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            let by_key = key(a).cmp(&key(b));
            prop_assert!(by_key == Ordering::Equal || by_key == compare(a, b));
        }

        #[test]
        fn it_is_a_total_order(a in "[a0-3B]{0,6}", b in "[a0-3B]{0,6}", c in "[a0-3B]{0,6}") {
            let (a, b, c) = (a.as_bytes(), b.as_bytes(), c.as_bytes());
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            prop_assert_eq!(compare(a, b) == Ordering::Equal, a == b);
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le());
            }
        }
    }
}
