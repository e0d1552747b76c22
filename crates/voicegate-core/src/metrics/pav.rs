//! Pool adjacent violators: the best monotone map of scores to probabilities.

use super::tally::Tally;

/// A range of scores that the best monotone map gives one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PavBlock {
    /// Its lowest score.
    pub low: f64,
    /// Its highest score.
    pub high: f64,
    /// Weight of the targets in it.
    pub targets: f64,
    /// Weight of the impostors in it.
    pub impostors: f64,
}

impl PavBlock {
    /// Share of targets, in [0, 1].
    #[must_use]
    pub fn share(&self) -> f64 {
        self.targets / (self.targets + self.impostors)
    }
}

/// Isotonic regression of target or not on the scores (Ayer et al., Annals of Mathematical Statistics 1955): blocks in
/// ascending order of score, whose shares of targets rise strictly. Equal scores are always in one block.
///
/// The shares are the best under every proper scoring rule at once (Brümmer and du Preez, arXiv:1304.2331).
#[must_use]
pub fn pool_adjacent_violators(tally: &Tally) -> Vec<PavBlock> {
    let mut blocks: Vec<PavBlock> = Vec::new();
    for step in tally.steps() {
        let (low, high) = (step.score, step.score);
        let mut block = PavBlock { low, high, targets: step.targets, impostors: step.impostors };
        // Steps without weight have no share.
        if block.targets + block.impostors <= 0.0 {
            continue;
        }
        // The shares compared without a division, exactly for whole weights.
        while let Some(before) =
            blocks.pop_if(|before| before.targets * block.impostors >= block.targets * before.impostors)
        {
            block.low = before.low;
            block.targets += before.targets;
            block.impostors += before.impostors;
        }
        blocks.push(block);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::{Scores, Trial};

    #[test]
    fn violators_are_pooled() {
        let scores = Scores::without_speakers(&[1.0, 2.0, 4.0, 5.0], &[0.0, 2.0, 3.0]).unwrap();
        let blocks = pool_adjacent_violators(&Tally::new(&scores));
        let found: Vec<_> = blocks.iter().map(|b| (b.low, b.high, b.targets, b.impostors)).collect();
        assert_eq!(found, [(0.0, 0.0, 0.0, 1.0), (1.0, 3.0, 2.0, 2.0), (4.0, 5.0, 2.0, 0.0)]);
    }

    proptest! {
        #[test]
        fn shares_rise_and_nothing_is_lost(
            trials in prop::collection::vec((-9i32..9, any::<bool>(), 0u8..4), 1..80),
        ) {
            let of = |(score, target, weight): &(i32, bool, u8)| {
                let score = f64::from(*score);
                let weight = u32::from(*weight);
                if *target { Trial::target(score, weight) } else { Trial::impostor(score, weight, weight) }
            };
            // The speaker's number carries the weight.
            let tally = Scores::new(trials.iter().map(of).collect())
                .and_then(|scores| Tally::weighted(&scores, |trial| f64::from(trial.enrolled())));
            let Ok(tally) = tally else { return Ok(()) };
            let blocks = pool_adjacent_violators(&tally);
            prop_assert!(blocks.windows(2).all(|w| w[0].share() < w[1].share() && w[0].high < w[1].low));
            prop_assert_eq!(blocks.iter().map(|b| b.targets).sum::<f64>(), tally.targets());
            prop_assert_eq!(blocks.iter().map(|b| b.impostors).sum::<f64>(), tally.impostors());
        }
    }
}
