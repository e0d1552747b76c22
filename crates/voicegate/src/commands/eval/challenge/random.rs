//! Random numbers that are the same in every run.

/// Generator of Steele, Lea and Flood (OOPSLA 2014).
pub(super) struct Random(u64);

impl Random {
    /// The numbers of the `place`-th utterance, unlike those of the others.
    pub(super) fn of(seed: u64, place: usize) -> Self {
        Self(Self(seed).draw() ^ Self(place as u64).draw())
    }

    /// 64 bits.
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `things`; `None` if there is none. The bias of at most one in 2^64 a thing does not matter here.
    pub(super) fn one_of<T: Copy>(&mut self, things: &[T]) -> Option<T> {
        let place = (u128::from(self.draw()) * things.len() as u128) >> 64;
        things.get(place as usize).copied()
    }

    /// A number from `low` to below `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_utterance_has_its_own_numbers_and_they_stay_in_their_range() {
        let first = |seed, place| Random::of(seed, place).draw();
        assert_eq!(first(7, 3), first(7, 3));
        assert!(first(7, 3) != first(7, 4) && first(7, 3) != first(8, 3));
        let mut random = Random::of(7, 0);
        let seconds: Vec<f64> = (0..1000).map(|_| random.between(0.1, 0.35)).collect();
        assert!(seconds.iter().all(|s| (0.1..0.35).contains(s)));
        assert!(seconds.iter().any(|s| *s < 0.11) && seconds.iter().any(|s| *s > 0.34));
        let hits: Vec<usize> = (0..1000).filter_map(|_| random.one_of(&[0, 1, 2])).collect();
        assert!((0..3).all(|n| hits.iter().filter(|hit| **hit == n).count() > 250) && hits.len() == 1000);
        assert_eq!(random.one_of::<u8>(&[]), None);
    }
}
