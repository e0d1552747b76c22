//! The scale on which answers are given: one tenth is one factor of ten in odds.
//!
//! A score is first calibrated to a log-likelihood ratio (LLR): the natural logarithm of how many times likelier the
//! measured scores are if the enrolled person spoke than if somebody else did. For a calibrated ratio LR,
//! P(LR ≥ t | somebody else) ≤ 1/t (Markov's inequality), so 0.75 promises that at most one stranger in 1000 passes,
//! 0.65 one in 100, whatever models judge.

use std::f64::consts::LN_10;

/// Similarity of an LLR of 0: the recordings speak for neither side.
const NEUTRAL: f64 = 0.45;

/// Similarity per factor of ten.
const PER_DECADE: f64 = 0.1;

/// The similarity in [0, 1] of a natural-log likelihood ratio; `None` for NaN.
#[must_use]
pub fn similarity(llr: f64) -> Option<f32> {
    let exact = NEUTRAL + PER_DECADE * llr / LN_10;
    (!exact.is_nan()).then(|| exact.clamp(0.0, 1.0) as f32)
}

/// The natural-log likelihood ratio at a similarity.
#[must_use]
pub fn llr(similarity: f32) -> f64 {
    (f64::from(similarity) - NEUTRAL) / PER_DECADE * LN_10
}

/// The natural-log likelihood ratio of a step on the scale: 0.1 is ln 10.
#[must_use]
pub fn llr_of_step(step: f32) -> f64 {
    f64::from(step) / PER_DECADE * LN_10
}

/// The most strangers, as a share, that a calibrated system accepts at a threshold on the similarity.
#[must_use]
pub fn promised_false_accept_rate(threshold: f32) -> f64 {
    (-llr(threshold)).exp().min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_promises_of_the_scale() {
        for (threshold, rate) in [(0.75, 1e-3), (0.65, 1e-2), (0.45, 1.0), (0.2, 1.0)] {
            assert!((promised_false_accept_rate(threshold) - rate).abs() < 1e-6 * rate.sqrt(), "{threshold}");
        }
        assert!((promised_false_accept_rate(0.9) - 10f64.powf(-4.5)).abs() < 1e-8);
        assert_eq!(similarity(f64::NAN), None);
        assert_eq!(similarity(f64::INFINITY), Some(1.0));
        assert_eq!(similarity(f64::NEG_INFINITY), Some(0.0));
    }

    proptest! {
        /// L3
        #[test]
        fn bounded_monotone_and_one_tenth_is_one_decade(llr_a in -60f64..60.0, more in 0f64..20.0) {
            let (low, high) = (similarity(llr_a).unwrap(), similarity(llr_a + more).unwrap());
            prop_assert!((0.0..=1.0).contains(&low) && low <= high);
            let decade = similarity(llr_a + LN_10).unwrap();
            if low > 0.0 && decade < 1.0 {
                prop_assert!((decade - low - 0.1).abs() < 1e-6);
            }
        }

        #[test]
        fn the_scale_goes_back(value in 0.001f32..0.999) {
            prop_assert!((similarity(llr(value)).unwrap() - value).abs() < 1e-6);
        }
    }
}
