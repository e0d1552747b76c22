use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::challenge::{Language, PromptKind, PromptSpec};
use voicegate_core::decide::{Requirement, StepUp};

/// Words that a person has to say for one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct ChallengeConfig {
    /// What is asked for when a request does not say: `digits` or `words`.
    #[garde(skip)]
    pub kind: PromptKind,
    /// Words in a prompt of words.
    #[garde(custom(hard_to_guess(PromptKind::Words)))]
    pub words: usize,
    /// Digits in a prompt of digits.
    #[garde(custom(hard_to_guess(PromptKind::Digits)))]
    pub digits: usize,
    /// Seconds within which a challenge has to be answered.
    #[garde(range(min = 10, max = 600))]
    pub ttl_s: u32,
    /// Most challenges of a person that can be answered at a time; the oldest gives way to a new one.
    #[garde(range(min = 1, max = 100))]
    pub max_open: u32,
    /// What becomes of an attempt without a challenge: `optional` does nothing, `required` says nothing about it,
    /// `step_up` asks for one where the voice matches.
    #[garde(skip)]
    pub required: ChallengeRequirement,
}

/// How much a deployment cares for challenges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeRequirement {
    /// An attempt without one is judged by the rest.
    #[default]
    Optional,
    /// An attempt without one is inconclusive.
    Required,
    /// An attempt without one is asked for one.
    StepUp,
}

impl ChallengeRequirement {
    /// The same for the decision.
    #[must_use]
    pub fn requirement(self) -> Requirement {
        match self {
            Self::Optional => Requirement::Optional,
            Self::Required => Requirement::Required,
            Self::StepUp => Requirement::Or(StepUp::LiveChallenge),
        }
    }
}

impl ChallengeConfig {
    /// Words in a prompt of `kind`.
    #[must_use]
    pub fn length(&self, kind: PromptKind) -> usize {
        match kind {
            PromptKind::Digits => self.digits,
            PromptKind::Words => self.words,
        }
    }

    /// How long a challenge can be answered.
    #[must_use]
    pub fn ttl(&self) -> SignedDuration {
        SignedDuration::from_secs(self.ttl_s.into())
    }
}

fn hard_to_guess(kind: PromptKind) -> impl FnOnce(&usize, &()) -> garde::Result {
    move |&length, ()| {
        for language in Language::ALL {
            PromptSpec::new(language, kind, length).map_err(garde::Error::new)?;
        }
        Ok(())
    }
}

impl Default for ChallengeConfig {
    fn default() -> Self {
        Self {
            kind: PromptKind::default(),
            words: 6,
            digits: 8,
            ttl_s: 60,
            max_open: 5,
            required: ChallengeRequirement::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::Layers;

    /// P5.2
    #[test]
    fn a_challenge_that_is_easily_guessed_is_refused_with_the_reason() {
        let resolve = |challenge: serde_json::Value| {
            let file = json!({"challenge": challenge});
            Layers { file, ..Layers::default() }.resolve()
        };
        let rows = [
            (
                json!({"digits": 6}),
                "challenge.digits: 6 digits can be guessed too easily; at least 7 are needed",
            ),
            (json!({"digits": 17}), "challenge.digits: 17 digits are too many; at most 16 are asked for"),
            (json!({"words": 1}), "challenge.words: 1 words can be guessed too easily"),
            (json!({"words": 0}), "challenge.words: 0 words can be guessed too easily"),
            (json!({"ttl_s": 9}), "challenge.ttl_s: lower than 10"),
            (json!({"max_open": 0}), "challenge.max_open: lower than 1"),
            (json!({"kind": "poem"}), "challenge.kind: unknown variant"),
            (json!({"required": true}), "challenge.required"),
            (json!({"length": 9}), "challenge.length: unknown field"),
        ];
        for (challenge, expected) in rows {
            let refused = resolve(challenge.clone()).unwrap_err();
            assert!(refused.to_string().contains(expected), "{challenge}: {refused}");
        }
        resolve(json!({"kind": "words", "digits": 7, "required": "step_up"})).unwrap();
    }
}
