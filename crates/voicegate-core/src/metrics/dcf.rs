//! Detection cost.

use serde::Serialize;

use super::tally::Tally;

/// How often the enrolled speaker is the one who speaks, in (0, 1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct TargetPrior(f64);

impl TargetPrior {
    /// 0.01.
    pub const ONE_PERCENT: Self = Self(0.01);
    /// 0.05.
    pub const FIVE_PERCENT: Self = Self(0.05);

    /// A prior; `None` outside (0, 1).
    #[must_use]
    pub fn new(prior: f64) -> Option<Self> {
        (prior > 0.0 && prior < 1.0).then_some(Self(prior))
    }

    /// The LLR from which accepting costs less: -logit of the prior.
    #[must_use]
    pub fn bayes_threshold(self) -> f64 {
        ((1.0 - self.0) / self.0).ln()
    }
}

/// Normalised detection cost at one prior: 1 is the cost of the better of accepting all and rejecting all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DetectionCost {
    /// The prior.
    pub target_prior: TargetPrior,
    /// At the best threshold (minDCF), in [0, 1].
    pub min: f64,
    /// The lowest such threshold; ∞ if rejecting all is best.
    pub min_threshold: f64,
    /// At the Bayes threshold, the scores taken as LLRs (actDCF); at least `min`.
    pub actual: f64,
}

/// Detection cost with equal costs of a miss and a false alarm (NIST speaker recognition evaluation plans, SRE16 and
/// later): P·FRR + (1 - P)·FAR over min(P, 1 - P).
#[must_use]
pub fn detection_cost(tally: &Tally, prior: TargetPrior) -> DetectionCost {
    let p = prior.0;
    let cost = |frr: f64, far: f64| (p * frr + (1.0 - p) * far) / p.min(1.0 - p);
    let mut least = (f64::INFINITY, f64::INFINITY);
    for point in tally.operating_points() {
        let here = cost(point.frr, point.far);
        if here < least.0 {
            least = (here, point.threshold);
        }
    }
    let actual = tally.at(prior.bayes_threshold());
    DetectionCost {
        target_prior: prior,
        min: least.0,
        min_threshold: least.1,
        actual: cost(actual.frr, actual.far),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

    #[test]
    fn costs_by_hand() {
        // logit(0.01) = -4.595: both targets and one impostor pass the Bayes threshold.
        let scores = Scores::without_speakers(&[5.0, 9.0], &[-5.0, -4.0, 0.0, 6.0]).unwrap();
        let cost = detection_cost(&Tally::new(&scores), TargetPrior::ONE_PERCENT);
        assert!((cost.actual - 99.0 * 0.25).abs() < 1e-9, "{cost:?}");
        // Above the impostor at 6 one of two targets is missed.
        assert!((cost.min - 0.5).abs() < 1e-12 && cost.min_threshold == 9.0, "{cost:?}");
        // With more targets than impostors, accepting all is the trivial answer.
        let often = detection_cost(&Tally::new(&scores), TargetPrior::new(0.99).unwrap());
        assert!((often.min - 0.25).abs() < 1e-12 && often.min_threshold == 5.0, "{often:?}");
    }

    #[test]
    fn the_worst_scores_cost_as_much_as_rejecting_all() {
        let scores = Scores::without_speakers(&[0.0], &[1.0]).unwrap();
        let cost = detection_cost(&Tally::new(&scores), TargetPrior::FIVE_PERCENT);
        assert_eq!((cost.min, cost.min_threshold), (1.0, f64::INFINITY));
        assert_eq!([0.0, 1.0, f64::NAN].map(TargetPrior::new), [None; 3]);
    }
}
