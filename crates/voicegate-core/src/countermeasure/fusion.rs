//! Scores of several detectors → one log-likelihood ratio of an attack.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The detectors that count, and how much.
///
/// `llr = Σ offset_d + slope_d · clamp(score_d, low_d, high_d)` over the detectors that answered. There is no constant
/// beside the sum, so a detector that did not answer adds exactly 0, a likelihood ratio of 1: it speaks neither for nor
/// against an attack, and what the others add means the same with and without it. Speaker models are handled otherwise
/// ([`crate::Calibration`]: one calibration for each set of models, no answer if one is missing), which is exact but
/// takes a fit for each of the 2^n sets; here detectors are many, and most of them cannot measure every recording.
/// The price is that detectors that say the same share their weight, so that each alone claims less than it could.
/// That is the careful side: what must not be missing is for the policy to say ([`super::SpoofPolicy`]).
///
/// A score is held within the range that the fit saw: beyond it a straight line would promise odds that nobody measured,
/// and one detector gone astray would outvote all others. Within it the sum is monotone in every score: what a detector
/// finds more of never turns from speaking for an attack to speaking against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpoofFusion {
    /// By name of the detector; never empty.
    pub detectors: BTreeMap<String, DetectorWeights>,
}

/// What one detector's score adds to the ratio: `offset + slope · clamp(score, low, high)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorWeights {
    /// At a score of 0.
    pub offset: f64,
    /// Per unit of the score; below 0 where low values speak for an attack.
    pub slope: f64,
    /// Lowest score that the fit saw, but for outliers.
    pub low: f64,
    /// Highest.
    pub high: f64,
}

impl DetectorWeights {
    /// What a score adds.
    pub(super) fn llr(self, score: f64) -> f64 {
        self.offset + self.slope * score.clamp(self.low, self.high)
    }

    /// The least that any score adds.
    fn least(self) -> f64 {
        self.llr(self.low).min(self.llr(self.high))
    }
}

/// What the detectors say of one recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpoofEvidence {
    /// Natural-log likelihood ratio of an attack: the sum of the contributions, 0 without any.
    pub llr: f64,
    /// Of the detectors that answered, by name.
    pub contributions: Vec<Contribution>,
    /// Detectors that count and did not answer, by name.
    pub missing: Vec<Missing>,
}

/// What one detector adds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// Its name.
    pub detector: String,
    /// Its score, in its own unit.
    pub score: f64,
    /// What that adds to the ratio.
    pub llr: f64,
}

/// A detector that did not answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missing {
    /// Its name.
    pub detector: String,
    /// The least that any answer of it would have added.
    pub least_llr: f64,
}

/// Why numbers are no fusion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpoofFusionError {
    /// No detector is named.
    #[error("a fusion names one detector or more")]
    Empty,
    /// A number is infinite or NaN, or a range upside down.
    #[error("detector '{0}': every number must be finite, and low below high")]
    Weights(String),
}

impl SpoofFusion {
    /// Checks numbers that were read.
    ///
    /// # Errors
    /// [`SpoofFusionError`] where a ratio could not be told.
    pub fn check(&self) -> Result<(), SpoofFusionError> {
        if self.detectors.is_empty() {
            return Err(SpoofFusionError::Empty);
        }
        let wrong = |(_, w): &(&String, &DetectorWeights)| {
            // The range first: a clamp to one that is upside down would panic.
            let range = w.low < w.high && w.low.is_finite() && w.high.is_finite();
            !(range && w.llr(w.low).is_finite() && w.llr(w.high).is_finite())
        };
        match self.detectors.iter().find(wrong) {
            Some((name, _)) => Err(SpoofFusionError::Weights(name.clone())),
            None => Ok(()),
        }
    }

    /// Weighs the scores, by name of the detector. A name without a score, or with NaN, is a detector that did not
    /// answer; a name that the fusion does not know counts for nothing.
    #[must_use]
    pub fn evaluate(&self, score: impl Fn(&str) -> Option<f64>) -> SpoofEvidence {
        let mut evidence = SpoofEvidence { llr: 0.0, contributions: Vec::new(), missing: Vec::new() };
        for (name, weights) in &self.detectors {
            let detector = name.clone();
            match score(name).filter(|score| !score.is_nan()) {
                Some(score) => {
                    let llr = weights.llr(score);
                    evidence.llr += llr;
                    evidence.contributions.push(Contribution { detector, score, llr });
                }
                None => {
                    evidence.missing.push(Missing { detector, least_llr: weights.least() });
                }
            }
        }
        evidence
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fusion(weights: &[(f64, f64, f64, f64)]) -> SpoofFusion {
        let detectors = weights.iter().enumerate().map(|(n, &(offset, slope, low, width))| {
            (n.to_string(), DetectorWeights { offset, slope, low, high: low + width })
        });
        SpoofFusion { detectors: detectors.collect() }
    }

    #[test]
    fn numbers_that_make_no_ratio_are_refused() {
        let good = fusion(&[(1.0, 0.5, -1.0, 2.0)]);
        assert_eq!(good.check(), Ok(()));
        assert_eq!(SpoofFusion { detectors: BTreeMap::new() }.check(), Err(SpoofFusionError::Empty));
        for wrong in [
            (f64::NAN, 0.5, 0.0, 1.0),
            (0.0, f64::INFINITY, 0.0, 1.0),
            (0.0, 1.0, 0.0, -1.0),
            (0.0, 1.0, 0.0, f64::NAN),
            (0.0, 1.0, f64::NEG_INFINITY, 1.0),
            (0.0, 1e300, 0.0, 1e300),
        ] {
            assert_eq!(fusion(&[wrong]).check(), Err(SpoofFusionError::Weights("0".into())), "{wrong:?}");
        }
    }

    #[test]
    fn it_reads_back_as_written_and_refuses_more() {
        let good = fusion(&[(1.0, 0.5, -1.0, 2.0), (0.1, 0.0, 0.0, 1.0)]);
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<SpoofFusion>(&text).unwrap(), good);
        assert!(serde_json::from_str::<SpoofFusion>(&text.replace("\"slope\"", "\"slop\"")).is_err());
    }

    fn any_fusion() -> impl Strategy<Value = SpoofFusion> {
        prop::collection::vec((-5f64..5.0, -9f64..9.0, -50f64..50.0, 0.1f64..60.0), 1..6)
            .prop_map(|weights| fusion(&weights))
    }

    fn any_scores() -> impl Strategy<Value = Vec<Option<f64>>> {
        let score = prop_oneof![-1e3f64..1e3, Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)];
        prop::collection::vec(prop::option::of(score), 6)
    }

    fn evaluate(fusion: &SpoofFusion, scores: &[Option<f64>]) -> SpoofEvidence {
        fusion.evaluate(|name| scores[name.parse::<usize>().unwrap()])
    }

    proptest! {
        #[test]
        fn more_evidence_of_an_attack_never_lowers_the_ratio(
            fusion in any_fusion(), scores in any_scores(), at in 0usize..6, more in 0f64..1e3,
        ) {
            let before = evaluate(&fusion, &scores);
            prop_assert!(before.llr.is_finite());
            let mut raised = scores.clone();
            let towards_attack = |w: &DetectorWeights| more.copysign(w.slope);
            let change = fusion.detectors.get(&at.to_string()).map_or(more, towards_attack);
            raised[at] = raised[at].map(|score| score + change);
            prop_assert!(evaluate(&fusion, &raised).llr >= before.llr);
        }

        #[test]
        fn a_detector_that_is_missing_changes_its_own_contribution_alone(
            fusion in any_fusion(), scores in any_scores(), at in 0usize..6,
        ) {
            let (with, mut without) = (evaluate(&fusion, &scores), scores.clone());
            without[at] = None;
            let without = evaluate(&fusion, &without);
            let name = at.to_string();
            let (own, others): (Vec<_>, Vec<_>) =
                with.contributions.into_iter().partition(|c| c.detector == name);
            // A score may be infinite, so contributions are compared as text.
            prop_assert_eq!(format!("{others:?}"), format!("{:?}", without.contributions));
            let lost: f64 = own.iter().map(|c| c.llr).sum();
            prop_assert!((with.llr - lost - without.llr).abs() < 1e-9);
            for Missing { detector, least_llr } in &without.missing {
                prop_assert!(own.iter().all(|c| c.detector != *detector || c.llr >= *least_llr));
            }
        }
    }
}
