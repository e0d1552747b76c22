//! The threshold that meets a wanted false-accept rate.

use serde::Serialize;
use voicegate_core::decide::Policy;
use voicegate_core::metrics::Resampling;
use voicegate_core::threshold::BOUNDS;

use super::super::report::{AtThreshold, Case, Counts, needed};

/// What can be proposed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Proposal {
    /// The lowest threshold whose false-accept rate keeps the wanted one, with the upper end of its interval.
    Threshold(AtThreshold),
    /// Even without an error so few trials of strangers could not show such a rate.
    TooFewTrials { needed: u64, trials: u64 },
    /// No threshold inside the bounds keeps it; this is what the highest does.
    OutOfReach(AtThreshold),
}

/// A hundredth: finer steps are finer than what can be measured.
const STEPS_PER_UNIT: f32 = 100.0;

impl Proposal {
    pub(super) fn new(
        cases: &[Case],
        strangers: Counts,
        far: f64,
        policy: &Policy,
        plan: &Resampling,
    ) -> Self {
        let (needed, trials) = (needed(far), strangers.decided() as u64);
        if trials < needed {
            return Self::TooFewTrials { needed, trials };
        }
        let step = |bound: f32| (bound * STEPS_PER_UNIT).round() as u16;
        let found = |step: u16| AtThreshold::new(cases, f32::from(step) / STEPS_PER_UNIT, policy, plan);
        let keeps = |at: &AtThreshold| at.false_accept.is_some_and(|share| share.high <= far);
        // From the highest down as long as it holds, so that it also holds everywhere above.
        let mut steps = (step(*BOUNDS.start())..=step(*BOUNDS.end())).rev().map(found);
        let highest = steps.next().unwrap_or_else(|| found(step(*BOUNDS.end())));
        if !keeps(&highest) {
            return Self::OutOfReach(highest);
        }
        Self::Threshold(steps.take_while(keeps).last().unwrap_or(highest))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use voicegate_core::QualityMeasures;
    use voicegate_core::decide::Outcome;
    use voicegate_core::score::SpeakerScore;
    use voicegate_core::similarity::llr;

    use super::*;
    use crate::commands::eval::report::plan;

    fn score(similarity: f32) -> SpeakerScore {
        SpeakerScore { cosines: BTreeMap::new(), llr: llr(similarity), similarity, reachable: 1.0 }
    }

    /// Twenty speakers, each against each in `each` attempts; every hundredth stranger has the similarity `worst`.
    fn propose(each: usize, worst: f32, far: f64) -> Proposal {
        let (owner, stranger, near) = (score(0.95), score(0.2), score(worst));
        let mut cases = Vec::new();
        for trial in 0..20 * 20 * each {
            let (own, tested) = (trial as u32 % 20, trial as u32 / 20 % 20);
            let target = own == tested;
            let score = if target {
                &owner
            } else if trial % 100 == 1 {
                &near
            } else {
                &stranger
            };
            cases.push(Case {
                owner: own,
                tested,
                dataset: "d",
                target,
                outcome: Outcome::Reject,
                score: Some(score),
                quality: QualityMeasures { net_speech_s: 3.0, snr_db: Some(30.0), telephone_band: None },
                owner_sex: None,
                tested_sex: None,
                owner_age: None,
            });
        }
        let strangers = Counts { reject: 380 * each, ..Counts::default() };
        Proposal::new(&cases, strangers, far, &Policy::default(), &plan(50))
    }

    #[test]
    fn the_lowest_threshold_that_keeps_the_rate_is_proposed() {
        let Proposal::Threshold(at) = propose(10, 0.705, 0.001) else { panic!() };
        assert!((at.threshold - 0.71).abs() < 1e-6 && at.false_reject.unwrap().rate == 0.0, "{at:?}");
        assert!(at.false_accept.unwrap().high <= 0.001);
        let Proposal::Threshold(at) = propose(10, 0.3, 0.001) else { panic!() };
        assert!((at.threshold - 0.65).abs() < 1e-6);
    }

    #[test]
    fn what_cannot_be_shown_or_reached_is_said() {
        assert!(matches!(propose(5, 0.3, 0.001), Proposal::TooFewTrials { needed: 3000, trials: 1900 }));
        assert!(matches!(propose(10, 0.93, 0.001), Proposal::OutOfReach(_)));
    }
}
