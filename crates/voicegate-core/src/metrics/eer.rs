//! Equal error rate.

use serde::Serialize;

use super::tally::Tally;
use super::trials::Scores;

/// Where the rates of false rejects and of false accepts cross.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EqualErrorRate {
    /// The rate, in [0, 1].
    pub rate: f64,
    /// The threshold where it is reached.
    pub threshold: f64,
}

/// Equal error rate: the mean of FRR and FAR at the threshold where they differ least, the lowest such.
///
/// This is the definition of the ASVspoof evaluation packages (`compute_eer`) and of FVC2000's single figure up to the
/// choice among the two steps around the crossing (Maio et al., IEEE PAMI 24(3), 2002). It is the rate of a threshold
/// that exists, which neither an interpolated ROC nor its convex hull gives. It lies within half a step of the ROC
/// from the crossing.
#[must_use]
pub fn eer(tally: &Tally) -> EqualErrorRate {
    let mut least = f64::INFINITY;
    let mut best = EqualErrorRate { rate: 1.0, threshold: f64::INFINITY };
    for point in tally.operating_points() {
        let difference = (point.frr - point.far).abs();
        if difference < least {
            least = difference;
            best = EqualErrorRate { rate: 0.5 * (point.frr + point.far), threshold: point.threshold };
        }
        // From the crossing on the rates only part.
        if point.frr >= point.far {
            break;
        }
    }
    best
}

/// Equal error rate in [0, 1] and the threshold where it is reached, as [`eer`]; `None` if either list is empty or
/// holds NaN.
#[must_use]
pub fn equal_error_rate(targets: &[f32], impostors: &[f32]) -> Option<(f64, f32)> {
    let wide = |scores: &[f32]| scores.iter().copied().map(f64::from).collect::<Vec<_>>();
    let scores = Scores::without_speakers(&wide(targets), &wide(impostors)).ok()?;
    let found = eer(&Tally::new(&scores));
    Some((found.rate, found.threshold as f32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::rates::at_threshold;

    #[test]
    fn separable_scores_have_no_error_and_mirrored_ones_half() {
        assert_eq!(equal_error_rate(&[0.9, 0.8], &[0.1, 0.2]).unwrap().0, 0.0);
        assert_eq!(equal_error_rate(&[0.5; 4], &[0.5; 4]).unwrap().0, 0.5);
        assert_eq!(equal_error_rate(&[], &[0.1]), None);
        assert_eq!(equal_error_rate(&[f32::NAN], &[0.1]), None);
        // One of four targets below, one of four impostors above.
        let (eer, threshold) = equal_error_rate(&[0.1, 0.7, 0.8, 0.9], &[0.0, 0.2, 0.3, 0.75]).unwrap();
        assert!((eer - 0.25).abs() < 1e-12 && threshold > 0.3 && threshold <= 0.75);
        let infinite = [f32::INFINITY, f32::INFINITY];
        assert_eq!(equal_error_rate(&infinite, &[f32::NEG_INFINITY]).unwrap(), (0.0, f32::INFINITY));
    }

    proptest! {
        #[test]
        fn rates_at_the_equal_error_threshold_bracket_the_eer(
            targets in prop::collection::vec(-1f32..1.0, 1..40),
            impostors in prop::collection::vec(-1f32..1.0, 1..40),
        ) {
            let (eer, threshold) = equal_error_rate(&targets, &impostors).unwrap();
            let (frr, far) = at_threshold(&targets, &impostors, threshold);
            let (frr, far) = (frr.unwrap().rate, far.unwrap().rate);
            prop_assert!((eer - 0.5 * (frr + far)).abs() < 1e-9);
        }
    }
}
