//! What an advice may change.

use serde::{Deserialize, Serialize};

use super::{Advice, AdvisedRisk, Recommendation};
use crate::decide::{Decision, Evidence, Outcome, Reason, VOICE_DIFFERS};
use crate::threshold::BOUNDS;

/// How far below the threshold an advice may still accept: the odds that are asked for fall by a factor of √10 at most.
pub const MOST_LOOSENED: f32 = 0.05;

/// What an advice is allowed to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing.
    #[default]
    Off,
    /// To reject what would have been accepted or asked for more, by REJECT with HIGH.
    Tighten,
    /// That, and to accept by ACCEPT with LOW within [`MOST_LOOSENED`] below the threshold.
    Bounded,
}

/// What an advice did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    None,
    /// It rejected.
    Tightened,
    /// It accepted.
    Loosened,
}

/// A decision after an advice.
#[derive(Debug, Clone, PartialEq)]
pub struct Consulted {
    /// The decision that holds.
    pub decision: Decision,
    /// What the advice did to it.
    pub effect: Effect,
}

/// Lets an advice change a decision, as far as the mode allows.
///
/// Whatever it says, it accepts nothing below the threshold unless the voice was the only thing found wanting, lies within
/// [`MOST_LOOSENED`] of the threshold and inside [`BOUNDS`], and everything else was checked and held: countermeasures
/// without suspicion, a recording not heard before, challenge and signature. Nothing inconclusive is ever changed.
#[must_use]
pub fn consult(decision: Decision, evidence: &Evidence, advice: Option<&Advice>, mode: Mode) -> Consulted {
    let said = advice.map(|advice| (advice.recommendation, advice.risk_level));
    let (outcome, effect, reason) = match (mode, said, decision.outcome) {
        (
            Mode::Tighten | Mode::Bounded,
            Some((Recommendation::Reject, AdvisedRisk::High)),
            Outcome::Accept | Outcome::StepUp(_),
        ) => (
            Outcome::Reject,
            Effect::Tightened,
            Reason::new("advisor_rejects", "The circumstances of this attempt are too risky."),
        ),
        (Mode::Bounded, Some((Recommendation::Accept, AdvisedRisk::Low)), Outcome::Reject)
            if may_loosen(&decision, evidence) =>
        {
            (
                Outcome::Accept,
                Effect::Loosened,
                Reason::new(
                    "advisor_accepts",
                    "The voice nearly matches, and everything else speaks for the person.",
                ),
            )
        }
        _ => return Consulted { decision, effect: Effect::None },
    };
    Consulted { decision: Decision { outcome, reasons: vec![reason], ..decision }, effect }
}

/// Whether a rejected attempt is so close that an advice may accept it.
fn may_loosen(decision: &Decision, evidence: &Evidence) -> bool {
    let only_the_voice = matches!(decision.reasons.as_slice(), [reason] if reason.code == VOICE_DIFFERS);
    let least = (decision.threshold.value - MOST_LOOSENED).max(*BOUNDS.start());
    let close = decision.similarity.is_some_and(|similarity| similarity >= least);
    only_the_voice && close && evidence.is_live_and_signed()
}
