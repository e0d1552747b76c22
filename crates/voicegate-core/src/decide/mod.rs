//! Evidence × policy × circumstances → decision. The only place where an outcome is made.
//!
//! In this order, and nothing later takes back what was said earlier:
//!
//! 1. A countermeasure, a challenge or a signature that failed, or a recording that was heard before, rejects, however
//!    well the voice matches.
//! 2. A voice that was not measured is inconclusive.
//! 3. A voice below the threshold is rejected; or inconclusive where it speaks for the person and no recording of this
//!    quality could have reached the threshold.
//! 4. A voice at the threshold or above is accepted, once everything is there that the policy asks for and nothing
//!    suspicious is left unanswered.

mod evidence;
mod outcome;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use evidence::{Countermeasures, Evidence, Measured, Policy, Proof, Requirement, Suspicion};
pub use outcome::{Outcome, Reason, StepUp};

use crate::score::SpeakerScore;
use crate::threshold::{Context, Threshold, advice};

/// An outcome with what led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// Why, the weightiest first; never empty.
    pub reasons: Vec<Reason>,
    /// The similarity in [0, 1]; absent if there was no measurement.
    pub similarity: Option<f32>,
    /// What it was compared with, and what moved that.
    pub threshold: Threshold,
}

/// Similarity below which a voice speaks against the person: somebody else is likelier to sound like that
/// ([`crate::similarity`]).
const SPEAKS_AGAINST: f32 = 0.45;

/// Code of the reason that the voice falls short of the threshold, and nothing else does.
pub(crate) const VOICE_DIFFERS: &str = "voice_differs";

/// Decides about one attempt.
#[must_use]
pub fn decide(evidence: &Evidence, policy: &Policy, context: &Context) -> Decision {
    let threshold = Threshold::new(policy.base, &policy.adjustments, context);
    let score = match &evidence.speaker {
        Measured::Value(score) if !score.similarity.is_nan() => Some(score),
        _ => None,
    };
    let (outcome, reasons) = match (evidence.failures(), score) {
        (failures, _) if !failures.is_empty() => (Outcome::Reject, failures),
        (_, None) => (Outcome::Inconclusive, unmeasured(&evidence.speaker)),
        (_, Some(score)) if score.similarity < threshold.value => below(score, threshold.value, context),
        _ => evidence.lacking(policy).unwrap_or_else(|| {
            (Outcome::Accept, vec![Reason::new("voice_matches", "The voice matches the enrolled voice.")])
        }),
    };
    Decision { outcome, reasons, similarity: score.map(|score| score.similarity), threshold }
}

/// Why there is no similarity.
fn unmeasured(speaker: &Measured<SpeakerScore>) -> Vec<Reason> {
    match speaker {
        Measured::Missing(reasons) if !reasons.is_empty() => reasons.clone(),
        _ => vec![Reason::new("no_score", "The comparison gave no number; please try again.")],
    }
}

/// What a similarity below the threshold means.
///
/// Where the recording is so poor that not even a perfect match would do, falling short says nothing about the speaker,
/// unless the comparison, which takes the quality into account, makes somebody else the likelier one.
fn below(score: &SpeakerScore, threshold: f32, context: &Context) -> (Outcome, Vec<Reason>) {
    if score.reachable < threshold && score.similarity >= SPEAKS_AGAINST {
        let because = "The recordings are too poor to tell this voice surely enough.";
        let message = format!("{because} {}", advice(context.quality.as_ref()));
        (Outcome::Inconclusive, vec![Reason::new("quality_cannot_reach_threshold", message)])
    } else {
        let message = "The voice does not match the enrolled voice closely enough.";
        (Outcome::Reject, vec![Reason::new(VOICE_DIFFERS, message)])
    }
}
