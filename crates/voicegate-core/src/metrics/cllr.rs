//! Cost of log-likelihood ratios.

use std::f64::consts::LN_2;

use super::pav::pool_adjacent_violators;
use super::tally::Tally;

/// Cost of the scores as LLRs, in bits: at least 0, and 1 where the scores say nothing (LLR 0); ∞ if a target has -∞ or
/// an impostor +∞ (Brümmer and du Preez, Computer Speech & Language 20, 2006).
#[must_use]
pub fn cllr(tally: &Tally) -> f64 {
    let (mut targets, mut impostors) = (0.0, 0.0);
    for step in tally.steps() {
        // exp of what is at most 0 cannot overflow.
        let tail = (-step.score.abs()).exp().ln_1p();
        targets += costing(step.targets, (-step.score).max(0.0) + tail);
        impostors += costing(step.impostors, step.score.max(0.0) + tail);
    }
    bits(tally, targets, impostors)
}

/// The lowest [`cllr`] that a monotone map of the scores can reach, in [0, 1]: that of the LLRs found by pooling
/// adjacent violators. What `cllr` has beyond it is the loss by calibration.
///
/// A block of targets alone or of impostors alone gets an infinite LLR and costs nothing.
#[must_use]
pub fn min_cllr(tally: &Tally) -> f64 {
    let (mut targets, mut impostors) = (0.0, 0.0);
    for block in pool_adjacent_violators(tally) {
        let of_targets = block.targets / tally.targets();
        let of_impostors = block.impostors / tally.impostors();
        targets += costing(block.targets, (of_impostors / of_targets).ln_1p());
        impostors += costing(block.impostors, (of_targets / of_impostors).ln_1p());
    }
    // The block's own ratios never cost more than one LLR of 0 for all; rounding must not either.
    bits(tally, targets, impostors).min(1.0)
}

/// Nothing costs nothing, even infinitely much of it.
fn costing(weight: f64, cost: f64) -> f64 {
    if weight > 0.0 { weight * cost } else { 0.0 }
}

fn bits(tally: &Tally, targets: f64, impostors: f64) -> f64 {
    0.5 * (targets / tally.targets() + impostors / tally.impostors()) / LN_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

    fn both(targets: &[f64], impostors: &[f64]) -> (f64, f64) {
        let tally = Tally::new(&Scores::without_speakers(targets, impostors).unwrap());
        (cllr(&tally), min_cllr(&tally))
    }

    #[test]
    fn no_information_costs_one_bit_and_certainty_nothing() {
        let (actual, min) = both(&[0.0; 3], &[0.0; 5]);
        assert!((actual - 1.0).abs() < 1e-15 && (min - 1.0).abs() < 1e-15);
        assert_eq!(both(&[f64::INFINITY], &[f64::NEG_INFINITY]), (0.0, 0.0));
        assert_eq!(both(&[f64::NEG_INFINITY, 1.0], &[0.0]).0, f64::INFINITY);
        // Far beyond what exp can hold.
        let (actual, min) = both(&[-2000.0], &[2000.0]);
        assert!((actual - 2000.0 / LN_2).abs() < 1e-9 && (min - 1.0).abs() < 1e-15);
    }
}
