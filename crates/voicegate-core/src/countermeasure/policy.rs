//! The ratio → a verdict.

use std::collections::BTreeSet;

use serde::Serialize;

use super::SpoofEvidence;

/// Where a deployment draws the lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpoofPolicy {
    /// From this log-likelihood ratio on it is an attack.
    pub threshold_llr: f64,
    /// From this one on, up to the threshold, something more is asked for. At the threshold there is no such zone.
    pub suspicious_llr: f64,
    /// Detectors without whose answer nothing passes.
    pub required: BTreeSet<String>,
}

/// What is made of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing speaks for an attack.
    Passed,
    /// Something does, but not enough.
    Suspicious,
    /// It is an attack.
    Failed,
    /// It could not be told, for want of these detectors.
    Unmeasured(Vec<String>),
}

/// Why numbers are no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the thresholds must be finite, and that of suspicion no higher than the other")]
pub struct SpoofPolicyError;

impl SpoofPolicy {
    /// Checks numbers that were read.
    ///
    /// # Errors
    /// [`SpoofPolicyError`] if a threshold is not finite or the zone between them is upside down.
    pub fn check(&self) -> Result<(), SpoofPolicyError> {
        let finite = self.threshold_llr.is_finite() && self.suspicious_llr.is_finite();
        if finite && self.suspicious_llr <= self.threshold_llr { Ok(()) } else { Err(SpoofPolicyError) }
    }

    /// Judges the evidence.
    ///
    /// A required detector that did not answer never lets a recording pass, and never makes an attack of one: it fails
    /// only where no answer of that detector could have brought the ratio below the threshold.
    #[must_use]
    pub fn judge(&self, evidence: &SpoofEvidence) -> Verdict {
        let answered = |name: &String| evidence.contributions.iter().any(|c| c.detector == *name);
        let lacking: Vec<String> = self.required.iter().filter(|name| !answered(name)).cloned().collect();
        let at_best: f64 = evidence
            .missing
            .iter()
            .filter(|missing| lacking.contains(&missing.detector))
            .map(|missing| missing.least_llr.min(0.0))
            .sum();
        if evidence.contributions.is_empty() {
            return Verdict::Unmeasured(evidence.missing.iter().map(|m| m.detector.clone()).collect());
        }
        if evidence.llr + at_best >= self.threshold_llr {
            Verdict::Failed
        } else if !lacking.is_empty() {
            Verdict::Unmeasured(lacking)
        } else if evidence.llr >= self.suspicious_llr {
            Verdict::Suspicious
        } else {
            Verdict::Passed
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Contribution, Missing};
    use super::*;

    fn policy(suspicious_llr: f64, threshold_llr: f64, required: &[&str]) -> SpoofPolicy {
        let required = required.iter().map(|name| (*name).to_owned()).collect();
        SpoofPolicy { threshold_llr, suspicious_llr, required }
    }

    /// Detector `a` answered, `b` not.
    fn evidence(llr: f64, least_llr: f64) -> SpoofEvidence {
        SpoofEvidence {
            llr,
            contributions: vec![Contribution { detector: "a".into(), score: 0.0, llr }],
            missing: vec![Missing { detector: "b".into(), least_llr }],
        }
    }

    #[test]
    fn the_zone_between_the_thresholds_is_suspicious() {
        let policy = policy(1.0, 3.0, &["a"]);
        let found = [0.9, 1.0, 2.9, 3.0].map(|llr| policy.judge(&evidence(llr, -1.0)));
        assert_eq!(found, [Verdict::Passed, Verdict::Suspicious, Verdict::Suspicious, Verdict::Failed]);
    }

    #[test]
    fn a_required_detector_that_is_missing_neither_passes_nor_accuses() {
        let policy = policy(1.0, 3.0, &["a", "b"]);
        let lacking = Verdict::Unmeasured(vec!["b".into()]);
        assert_eq!(policy.judge(&evidence(-9.0, -1.0)), lacking);
        assert_eq!(policy.judge(&evidence(3.9, -1.0)), lacking, "b could have cleared it");
        assert_eq!(policy.judge(&evidence(4.0, -1.0)), Verdict::Failed, "b could not have");
        assert_eq!(policy.judge(&evidence(2.9, 9.0)), lacking, "what b would have added is not known");
        let nobody = SpoofEvidence { contributions: Vec::new(), ..evidence(0.0, -1.0) };
        assert_eq!(policy.judge(&nobody), lacking);
        let strange = self::policy(1.0, 3.0, &["c"]);
        assert_eq!(strange.judge(&evidence(0.0, 0.0)), Verdict::Unmeasured(vec!["c".into()]));
    }

    #[test]
    fn thresholds_that_make_no_sense_are_refused() {
        assert_eq!(policy(1.0, 1.0, &[]).check(), Ok(()));
        for (suspicious, threshold) in [(2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(policy(suspicious, threshold, &[]).check(), Err(SpoofPolicyError));
        }
    }

    fn rank(verdict: &Verdict) -> u8 {
        match verdict {
            Verdict::Passed | Verdict::Unmeasured(_) => 0,
            Verdict::Suspicious => 1,
            Verdict::Failed => 2,
        }
    }

    proptest! {
        #[test]
        fn more_evidence_or_a_lower_threshold_is_never_milder(
            llr in -20f64..20.0, more in 0f64..10.0, least in -5f64..5.0,
            suspicious in -5f64..5.0, zone in 0f64..5.0, lower in 0f64..5.0, required in any::<bool>(),
        ) {
            let required: &[&str] = if required { &["a", "b"] } else { &[] };
            let usual = policy(suspicious, suspicious + zone, required);
            let strict = policy(suspicious - lower, suspicious + zone - lower, required);
            let verdict = usual.judge(&evidence(llr, least));
            prop_assert!(rank(&usual.judge(&evidence(llr + more, least))) >= rank(&verdict));
            prop_assert!(rank(&strict.judge(&evidence(llr, least))) >= rank(&verdict));
            prop_assert!(required.is_empty() || verdict != Verdict::Passed);
        }
    }
}
