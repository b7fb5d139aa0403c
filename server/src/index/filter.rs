//! Which grams a part holds at all, as one bit each: most parts have nothing for most queries, and
//! this says so without a look into their dictionaries.

use std::path::Path;

use anyhow::Context as _;

use super::gram::Gram;

/// The file in the folder of a part.
pub const FILTER_FILE: &str = "grams.filter";

/// Bits for each gram: one in seven grams that are not there seems to be there.
const BITS: usize = 6;

/// A set of grams that may hold more than what was put in.
pub struct Filter {
    bits: Vec<u8>,
}

impl Filter {
    /// The set of some grams.
    pub fn new(grams: impl ExactSizeIterator<Item = Gram>) -> Self {
        let mut filter = Self { bits: vec![0; 1 + grams.len() * BITS / 8] };
        for gram in grams {
            let (byte, bit) = filter.place(gram);
            filter.bits[byte] |= bit;
        }
        filter
    }

    fn place(&self, gram: Gram) -> (usize, u8) {
        // Fibonacci hashing spreads neighbours; its upper half, multiplied, is a place in the range.
        let hash = u64::from(gram.number()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let place = (hash * (self.bits.len() as u64 * 8)) >> 32;
        (usize::try_from(place >> 3).unwrap_or(0), 1 << (place & 7))
    }

    /// Whether a gram may be in the set.
    pub fn may_hold(&self, gram: Gram) -> bool {
        let (byte, bit) = self.place(gram);
        self.bits[byte] & bit != 0
    }

    /// Writes the set into the folder of a part.
    pub fn write(&self, dir: &Path) -> anyhow::Result<()> {
        std::fs::write(dir.join(FILTER_FILE), &self.bits)
            .with_context(|| format!("cannot write {FILTER_FILE}"))
    }

    /// Reads the set of a part.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let bits = std::fs::read(dir.join(FILTER_FILE))
            .with_context(|| format!("cannot read {FILTER_FILE}"))?;
        anyhow::ensure!(!bits.is_empty(), "{FILTER_FILE} is empty");
        Ok(Self { bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_most_else_is_not() {
        let gram = |number: u16| Gram::token_pair(number.to_be_bytes());
        let dir = tempfile::tempdir().unwrap();
        let inside = 30_000..40_000;
        Filter::new(inside.clone().map(gram)).write(dir.path()).unwrap();
        let filter = Filter::open(dir.path()).unwrap();
        assert!(inside.clone().all(|number| filter.may_hold(gram(number))));
        let wrong = (0..u16::MAX).filter(|&number| filter.may_hold(gram(number))).count();
        assert!(wrong < 10_000 + 14_000, "{wrong} of 65535");
    }
}
