//! What an attempt can end in, and why.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

/// The answer to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The claimed person spoke.
    Accept,
    /// Somebody else spoke, or something else did.
    Reject,
    /// The voice matches, and something more is asked for.
    StepUp(StepUp),
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
            Self::StepUp(_) => "STEP_UP",
            Self::Inconclusive => "INCONCLUSIVE",
        }
    }

    /// What is asked for beyond the voice.
    #[must_use]
    pub fn step_up(self) -> Option<StepUp> {
        match self {
            Self::StepUp(what) => Some(what),
            Self::Accept | Self::Reject | Self::Inconclusive => None,
        }
    }

    /// Whether the attempt counts against whoever made it; only a rejected one does.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self == Self::Reject
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What can be asked for where the voice alone is not enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepUp {
    /// To say words that are made up for this attempt.
    #[default]
    LiveChallenge,
    /// The password.
    Password,
    /// Another factor of the caller's choice.
    OtherFactor,
}

impl StepUp {
    /// The reason that asks for it.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::LiveChallenge => {
                Reason::new("live_challenge_needed", "Please say the words that are shown.")
            }
            Self::Password => Reason::new("password_needed", "Please give the password as well."),
            Self::OtherFactor => {
                Reason::new("other_factor_needed", "Please prove yourself in another way as well.")
            }
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
