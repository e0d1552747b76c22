//! Rates at one threshold: with their intervals, and where the trials are enough to measure them.

use serde::Serialize;

use super::tally::{OperatingPoint, Tally};

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

/// The false-reject rate where at most a share `far` of the impostors is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FrrAtFar {
    /// The highest false-accept rate allowed.
    pub far_limit: f64,
    /// What was found there.
    pub result: Measurability,
}

/// Whether there were impostor trials enough to measure a rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measurability {
    /// There were.
    Measured(OperatingPoint),
    /// There were not.
    NotMeasurable {
        /// Impostor trials that it takes.
        needed: u64,
        /// Impostor trials there are.
        trials: u64,
    },
}

/// FRR at the lowest threshold whose FAR is at most `far`, as FMR100 and FMR1000 of the FVC competitions (Maio et al.,
/// ICPR 2002). It is not given with fewer than 3/`far` impostor trials: by the rule of three (Hanley and
/// Lippman-Hand, JAMA 1983) even no false accept at all would then not show, at 95 %, a rate of `far` or less.
#[must_use]
pub fn frr_at_far(tally: &Tally, far: f64) -> FrrAtFar {
    // 3/far of a decimal fraction may come out a rounding error above the whole number.
    let needed = (3.0 / far.max(0.0) * (1.0 - 1e-12)).ceil() as u64;
    let trials = tally.impostors() as u64;
    let result = if trials < needed {
        Measurability::NotMeasurable { needed, trials }
    } else {
        Measurability::Measured(operating_point(tally, far))
    };
    FrrAtFar { far_limit: far, result }
}

/// The point of the ROC with the lowest threshold whose FAR is at most `far`, however few trials there are; the one
/// that rejects all if `far` is below 0 or NaN.
#[must_use]
pub fn operating_point(tally: &Tally, far: f64) -> OperatingPoint {
    tally.operating_points().find(|point| point.far <= far).unwrap_or(OperatingPoint::REJECT_ALL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

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
    fn a_rate_is_given_from_three_times_its_inverse_on() {
        let tally = |impostors: u32| {
            let scores: Vec<f64> = (0..impostors).map(f64::from).collect();
            Tally::new(&Scores::without_speakers(&[294.0, 298.0, 1e9], &scores).unwrap())
        };
        let needs = |far| match frr_at_far(&tally(1), far).result {
            Measurability::NotMeasurable { needed, trials: 1 } => needed,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [0.01, 0.001, 0.0001, 0.7, 0.0, f64::NAN].map(needs),
            [300, 3000, 30_000, 5, u64::MAX, u64::MAX]
        );
        let few = frr_at_far(&tally(299), 0.01).result;
        assert_eq!(few, Measurability::NotMeasurable { needed: 300, trials: 299 });
        // 3 of the 300 scores 0 to 299 may be accepted.
        let point = OperatingPoint { threshold: 297.0, frr: 1.0 / 3.0, far: 0.01 };
        assert_eq!(frr_at_far(&tally(300), 0.01).result, Measurability::Measured(point));
        assert_eq!(operating_point(&tally(300), f64::NAN), OperatingPoint::REJECT_ALL);
    }
}
