//! Error rates of verification trials and how sure they are.

use serde::Serialize;

/// A share of `count` in `trials` with its 95 % interval (Wilson score interval, E. B. Wilson, JASA 1927).
///
/// The interval treats trials as independent. Trials that share speakers are not, so it is a lower bound on the
/// true uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Trials with the error.
    pub count: usize,
    /// All trials.
    pub trials: usize,
    /// `count / trials`, in [0, 1].
    pub rate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Rate {
    /// The rate of `count` errors in `trials`; `None` without trials or with more errors than trials.
    #[must_use]
    pub fn new(count: usize, trials: usize) -> Option<Self> {
        if trials == 0 || count > trials {
            return None;
        }
        // 97.5 % quantile of the standard normal distribution.
        const Z: f64 = 1.959_963_984_540_054;
        let n = trials as f64;
        let rate = count as f64 / n;
        let centre = (rate + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
        // With no error (or nothing but errors) the interval touches the end exactly; rounding must not cross it.
        let low = if count == 0 { 0.0 } else { (centre - half).max(0.0) };
        let high = if count == trials { 1.0 } else { (centre + half).min(1.0) };
        Some(Self { count, trials, rate, low, high })
    }
}

/// False-reject and false-accept rate at one threshold; a trial is accepted when its score is at least `threshold`.
#[must_use]
pub fn at_threshold(targets: &[f32], impostors: &[f32], threshold: f32) -> (Option<Rate>, Option<Rate>) {
    let rejected = targets.iter().filter(|s| **s < threshold).count();
    let accepted = impostors.iter().filter(|s| **s >= threshold).count();
    (Rate::new(rejected, targets.len()), Rate::new(accepted, impostors.len()))
}

/// Equal error rate in [0, 1] and the threshold where it is reached; `None` if either list is empty or holds NaN.
///
/// Between the two steps of the empirical ROC where the rates cross, their mean is taken.
#[must_use]
pub fn equal_error_rate(targets: &[f32], impostors: &[f32]) -> Option<(f64, f32)> {
    if targets.is_empty() || impostors.is_empty() || targets.iter().chain(impostors).any(|s| s.is_nan()) {
        return None;
    }
    let mut scores: Vec<(f32, bool)> =
        targets.iter().map(|s| (*s, true)).chain(impostors.iter().map(|s| (*s, false))).collect();
    scores.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rejected, mut accepted) = (0usize, impostors.len());
    let rates = |rejected: usize, accepted: usize| {
        (rejected as f64 / targets.len() as f64, accepted as f64 / impostors.len() as f64)
    };
    let mut best = (f64::INFINITY, 1.0, scores[0].0);
    let mut i = 0;
    loop {
        // Threshold at the i-th score: everything before it is rejected.
        let (frr, far) = rates(rejected, accepted);
        if (frr - far).abs() < best.0 {
            let threshold = scores.get(i).map_or(f32::INFINITY, |s| s.0);
            best = ((frr - far).abs(), 0.5 * (frr + far), threshold);
        }
        let Some(&(tie, _)) = scores.get(i) else { break };
        while let Some(&(_, target)) = scores.get(i).filter(|s| s.0 == tie) {
            if target {
                rejected += 1;
            } else {
                accepted -= 1;
            }
            i += 1;
        }
    }
    Some((best.1, best.2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wilson_interval_matches_published_values() {
        // 10 of 100: [0.0552, 0.1744] (e.g. Newcombe, Statistics in Medicine 1998, method 3).
        let rate = Rate::new(10, 100).unwrap();
        assert!((rate.low - 0.0552).abs() < 1e-4 && (rate.high - 0.1744).abs() < 1e-4, "{rate:?}");
        let none = Rate::new(0, 1000).unwrap();
        assert!(none.low == 0.0 && none.high < 0.004 && none.high > 0.003);
        assert_eq!(Rate::new(0, 0), None);
        assert_eq!(Rate::new(2, 1), None);
    }

    #[test]
    fn separable_scores_have_no_error_and_mirrored_ones_half() {
        assert_eq!(equal_error_rate(&[0.9, 0.8], &[0.1, 0.2]).unwrap().0, 0.0);
        assert_eq!(equal_error_rate(&[0.5; 4], &[0.5; 4]).unwrap().0, 0.5);
        assert_eq!(equal_error_rate(&[], &[0.1]), None);
        assert_eq!(equal_error_rate(&[f32::NAN], &[0.1]), None);
        // One of four targets below, one of four impostors above.
        let (eer, threshold) = equal_error_rate(&[0.1, 0.7, 0.8, 0.9], &[0.0, 0.2, 0.3, 0.75]).unwrap();
        assert!((eer - 0.25).abs() < 1e-12 && threshold > 0.3 && threshold <= 0.75);
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
