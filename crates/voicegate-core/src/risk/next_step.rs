//! What is asked for at a risk: nothing, a live challenge, another factor, or that it be given up.

use super::{Risk, RiskLevel};
use crate::decide::{Decision, Outcome, Reason, StepUp};

/// What becomes of a decision at a risk. Only ever stricter: an ACCEPT may become a STEP_UP or a REJECT, a STEP_UP another
/// one or a REJECT; nothing else changes.
///
/// At elevated risk a live challenge must have been passed; at high risk another factor besides; where the risk denies, no
/// proof helps. `proven` are the factors that were shown beyond the voice, `available` those that this person can be asked
/// for, the one preferred first. Where none is available, it is the caller who must find another factor.
#[must_use]
pub fn next_step(decision: Decision, risk: &Risk, proven: &[StepUp], available: &[StepUp]) -> Decision {
    if !matches!(decision.outcome, Outcome::Accept | Outcome::StepUp(_)) {
        return decision;
    }
    if risk.denies {
        let message = "Too much about this login is unusual. Please try again later, from a device that you \
                       use often.";
        return Decision {
            outcome: Outcome::Reject,
            reasons: vec![Reason::new("risk_too_high", message)],
            ..decision
        };
    }
    // What the decision itself asks for comes first.
    if decision.outcome.step_up().is_some_and(|asked| !shown(asked, proven)) {
        return decision;
    }
    let other = available.iter().copied().find(|what| *what != StepUp::LiveChallenge);
    let (asked, why) = match risk.level {
        RiskLevel::Low => return decision,
        RiskLevel::Elevated => (
            vec![StepUp::LiveChallenge],
            Reason::new("risk_elevated", "Something about this login is unusual."),
        ),
        RiskLevel::High => (
            vec![StepUp::LiveChallenge, other.unwrap_or(StepUp::OtherFactor)],
            Reason::new("risk_high", "Several things about this login are unusual."),
        ),
    };
    match asked.into_iter().find(|what| !shown(*what, proven)) {
        None => decision,
        Some(missing) => {
            Decision { outcome: Outcome::StepUp(missing), reasons: vec![missing.reason(), why], ..decision }
        }
    }
}

/// Whether a factor was shown. The password is another factor, and any other factor stands for it.
fn shown(what: StepUp, proven: &[StepUp]) -> bool {
    match what {
        StepUp::LiveChallenge => proven.contains(&what),
        StepUp::Password | StepUp::OtherFactor => proven.iter().any(|shown| *shown != StepUp::LiveChallenge),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::threshold::Threshold;

    const FACTORS: [StepUp; 3] = [StepUp::LiveChallenge, StepUp::Password, StepUp::OtherFactor];

    fn decision(outcome: Outcome) -> Decision {
        let reasons = vec![Reason::new("before", "…")];
        Decision { outcome, reasons, similarity: Some(0.8), threshold: Threshold::fixed(0.75) }
    }

    fn risk(level: RiskLevel, denies: bool) -> Risk {
        Risk { score: 0, level, denies, contributions: vec![], not_measured: vec![], anomaly: None }
    }

    /// Before, the risk, what is proven and available; after, with its reasons.
    type Row<'a> = (Outcome, Risk, &'a [StepUp], &'a [StepUp], Outcome, &'a [&'a str]);

    #[test]
    fn the_higher_the_risk_the_more_is_asked_for() {
        use Outcome::{Accept, Inconclusive, Reject};
        use RiskLevel::{Elevated, High, Low};
        use StepUp::{LiveChallenge, OtherFactor, Password};
        let step = Outcome::StepUp;
        let rows: [Row; 15] = [
            (Accept, risk(Low, false), &[], &[], Accept, &["before"]),
            (
                Accept,
                risk(Elevated, false),
                &[],
                &[],
                step(LiveChallenge),
                &["live_challenge_needed", "risk_elevated"],
            ),
            (Accept, risk(Elevated, false), &[LiveChallenge], &[], Accept, &["before"]),
            (
                Accept,
                risk(Elevated, false),
                &[Password],
                &[],
                step(LiveChallenge),
                &["live_challenge_needed", "risk_elevated"],
            ),
            (
                Accept,
                risk(High, false),
                &[],
                &[Password],
                step(LiveChallenge),
                &["live_challenge_needed", "risk_high"],
            ),
            (
                Accept,
                risk(High, false),
                &[LiveChallenge],
                &[Password],
                step(Password),
                &["password_needed", "risk_high"],
            ),
            (
                Accept,
                risk(High, false),
                &[LiveChallenge],
                &[OtherFactor, Password],
                step(OtherFactor),
                &["other_factor_needed", "risk_high"],
            ),
            (
                Accept,
                risk(High, false),
                &[LiveChallenge],
                &[LiveChallenge],
                step(OtherFactor),
                &["other_factor_needed", "risk_high"],
            ),
            (Accept, risk(High, false), &[LiveChallenge, OtherFactor], &[Password], Accept, &["before"]),
            (Accept, risk(High, true), &FACTORS, &FACTORS, Reject, &["risk_too_high"]),
            (step(Password), risk(High, true), &[], &[], Reject, &["risk_too_high"]),
            (step(Password), risk(High, false), &[], &[], step(Password), &["before"]),
            (
                step(Password),
                risk(High, false),
                &[Password],
                &[],
                step(LiveChallenge),
                &["live_challenge_needed", "risk_high"],
            ),
            (Inconclusive, risk(High, true), &[], &[], Inconclusive, &["before"]),
            (Reject, risk(High, true), &FACTORS, &[], Reject, &["before"]),
        ];
        for (before, risk, proven, available, after, codes) in rows {
            let found = next_step(decision(before), &risk, proven, available);
            let found_codes: Vec<&str> = found.reasons.iter().map(|reason| reason.code.as_ref()).collect();
            assert_eq!(
                (found.outcome, found_codes.as_slice()),
                (after, codes),
                "{before:?} {risk:?} {proven:?}"
            );
        }
    }

    /// How strict an outcome is; `None` is not compared.
    fn strictness(outcome: Outcome) -> Option<u8> {
        match outcome {
            Outcome::Accept => Some(0),
            Outcome::StepUp(_) => Some(1),
            Outcome::Reject => Some(2),
            Outcome::Inconclusive => None,
        }
    }

    proptest! {
        #[test]
        fn it_only_ever_tightens(
            outcome in prop::sample::select(
                [Outcome::Accept, Outcome::Reject, Outcome::Inconclusive].into_iter()
                    .chain(FACTORS.map(Outcome::StepUp)).collect::<Vec<_>>()),
            level in 0usize..3, more in 0usize..3, denies in any::<bool>(),
            proven in prop::sample::subsequence(FACTORS.to_vec(), 0..=3),
            available in prop::sample::subsequence(FACTORS.to_vec(), 0..=3),
        ) {
            let levels = [RiskLevel::Low, RiskLevel::Elevated, RiskLevel::High];
            let of = |level: usize, proven: &[StepUp]| {
                next_step(decision(outcome), &risk(levels[level.min(2)], denies), proven, &available)
            };
            let after = of(level, &proven);
            prop_assert!(!after.reasons.is_empty());
            prop_assert_eq!(strictness(after.outcome).is_none(), outcome == Outcome::Inconclusive);
            prop_assert!(strictness(after.outcome) >= strictness(outcome));
            prop_assert!(strictness(of(level + more, &proven).outcome) >= strictness(after.outcome));
            prop_assert!(strictness(of(level, &FACTORS).outcome) <= strictness(after.outcome));
            if after.outcome == Outcome::Accept {
                prop_assert!(!denies);
                prop_assert!(level < 1 || proven.contains(&StepUp::LiveChallenge));
                prop_assert!(level < 2 || proven.iter().any(|what| *what != StepUp::LiveChallenge));
            }
        }
    }
}
