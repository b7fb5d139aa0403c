//! A sample of a stream of unknown length, the same for the same seed.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// Keeps a few of many, each with the same chance (algorithm R, Vitter 1985).
pub struct Sample<T> {
    kept: Vec<T>,
    wanted: usize,
    seen: u64,
    random: StdRng,
}

impl<T> Sample<T> {
    /// An empty sample that will keep `wanted`.
    pub fn new(wanted: usize, seed: u64) -> Self {
        Self { kept: Vec::new(), wanted, seen: 0, random: StdRng::seed_from_u64(seed) }
    }

    /// Offers one; `make` is only called if it is kept.
    pub fn offer(&mut self, make: impl FnOnce() -> T) {
        self.seen += 1;
        if self.kept.len() < self.wanted {
            self.kept.push(make());
            return;
        }
        let at = self.random.gen_range(0..self.seen);
        if let Some(slot) = usize::try_from(at).ok().and_then(|at| self.kept.get_mut(at)) {
            *slot = make();
        }
    }

    /// Those kept.
    pub fn into_kept(self) -> Vec<T> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64) -> Vec<u32> {
        let mut sample = Sample::new(10, seed);
        (0..1000).for_each(|number| sample.offer(|| number));
        sample.into_kept()
    }

    #[test]
    fn a_sample_is_spread_and_depends_on_the_seed_alone() {
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let (low, high) = (0..100).flat_map(draw).partition::<Vec<u32>, _>(|number| *number < 500);
        assert!(low.len().abs_diff(high.len()) < 200, "{} and {}", low.len(), high.len());
        let mut few = Sample::new(10, 1);
        (0..3).for_each(|number| few.offer(|| number));
        assert_eq!(few.into_kept(), [0, 1, 2]);
    }
}
