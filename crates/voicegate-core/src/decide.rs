//! Evidence × policy → decision. The only place where an outcome is made.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::score::SpeakerScore;

/// The answer to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// The claimed person spoke.
    Accept,
    /// Somebody else spoke.
    Reject,
    /// Nothing can be said; not a failed attempt.
    Inconclusive,
}

impl Outcome {
    /// The name used in answers and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Reject => "REJECT",
            Self::Inconclusive => "INCONCLUSIVE",
        }
    }
}

/// One reason of a decision: a stable code for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable snake_case code.
    pub code: Cow<'static, str>,
    /// A sentence that a person can act on.
    pub message: String,
}

impl Reason {
    /// A reason with `code` and `message`.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// A measurement, or why there is none. What was not measured is never counted as bad.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured<T> {
    /// The value.
    Value(T),
    /// Why it could not be measured; at least one reason.
    Missing(Vec<Reason>),
}

/// Everything that was found out about one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The speaker comparison.
    pub speaker: Measured<SpeakerScore>,
}

/// What an operator asks of an attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Least [`SpeakerScore::value`] that is accepted, in [-1, 1].
    pub score_threshold: f32,
}

/// An outcome with what led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// Why, the weightiest first; never empty.
    pub reasons: Vec<Reason>,
    /// The compared score in [-1, 1]; absent if there was no measurement.
    pub score: Option<f32>,
    /// What the score was compared with, in [-1, 1].
    pub threshold: f32,
}

/// Decides about one attempt.
#[must_use]
pub fn decide(evidence: &Evidence, policy: &Policy) -> Decision {
    let threshold = policy.score_threshold;
    let score = match &evidence.speaker {
        Measured::Missing(reasons) => {
            return Decision {
                outcome: Outcome::Inconclusive,
                reasons: reasons.clone(),
                score: None,
                threshold,
            };
        }
        Measured::Value(score) => score.value(),
    };
    let (outcome, reason) = if score >= threshold {
        (Outcome::Accept, Reason::new("voice_matches", "The voice matches the enrolled voice."))
    } else if score.is_nan() {
        (Outcome::Inconclusive, Reason::new("no_score", "The comparison gave no number; please try again."))
    } else {
        (
            Outcome::Reject,
            Reason::new("voice_differs", "The voice does not match the enrolled voice closely enough."),
        )
    };
    Decision { outcome, reasons: vec![reason], score: Some(score).filter(|s| !s.is_nan()), threshold }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decide_score(score: f32, score_threshold: f32) -> Decision {
        let speaker = Measured::Value(SpeakerScore { to_mean: score, to_nearest: score });
        decide(&Evidence { speaker }, &Policy { score_threshold })
    }

    #[test]
    fn the_threshold_itself_accepts() {
        assert_eq!(decide_score(0.5, 0.5).outcome, Outcome::Accept);
        assert_eq!(decide_score(0.499, 0.5).outcome, Outcome::Reject);
        assert_eq!(decide_score(f32::NAN, 0.5).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn wire_names_are_the_same_everywhere() {
        for outcome in [Outcome::Accept, Outcome::Reject, Outcome::Inconclusive] {
            assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{}\"", outcome.as_str()));
        }
    }

    proptest! {
        #[test]
        fn more_evidence_never_turns_accept_into_reject(
            score in -1f32..1.0, more in 0f32..1.0, threshold in -1f32..1.0,
        ) {
            if decide_score(score, threshold).outcome == Outcome::Accept {
                prop_assert_eq!(decide_score(score + more, threshold).outcome, Outcome::Accept);
            }
        }

        #[test]
        fn missing_evidence_never_accepts_or_rejects(threshold in -1f32..1.0, code in "[a-z_]{1,12}") {
            let why = vec![Reason::new(code, "why")];
            let evidence = Evidence { speaker: Measured::Missing(why.clone()) };
            let decision = decide(&evidence, &Policy { score_threshold: threshold });
            prop_assert_eq!(decision.outcome, Outcome::Inconclusive);
            prop_assert_eq!(decision.reasons, why);
        }
    }
}
