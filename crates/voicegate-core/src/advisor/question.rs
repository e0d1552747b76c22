//! What is asked on the wire.

use serde::{Deserialize, Serialize};

use crate::device::TrustLevel;

/// One verification to be judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Similarity of the voice, in [0, 1].
    pub similarity_score: f32,
    /// What it is compared with, in [0, 1].
    pub threshold: f32,
    /// Whose verification it is, and from where.
    pub user_context: UserContext,
}

/// Whose verification it is, and from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserContext {
    /// The person. Kept out of everything that a model is shown.
    pub user_id: String,
    /// How far the device is trusted; absent or null if that is not known.
    #[serde(default)]
    pub device_trust_level: Option<TrustLevel>,
    /// Whether the device is new for the person.
    pub is_new_device: bool,
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The similarity is out of range.
    #[error("similarity_score must be a number from 0 to 1")]
    Similarity,
    /// The threshold is out of range.
    #[error("threshold must be a number from 0 to 1")]
    Threshold,
}

impl Question {
    /// Checks numbers that were read.
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub fn check(&self) -> Result<(), QuestionError> {
        let is_share = |value: f32| (0.0..=1.0).contains(&value);
        if !is_share(self.similarity_score) {
            Err(QuestionError::Similarity)
        } else if !is_share(self.threshold) {
            Err(QuestionError::Threshold)
        } else {
            Ok(())
        }
    }
}

impl UserContext {
    /// How far the device is trusted, as the less trusting of the two fields has it: a device that is new is not bound yet,
    /// whatever else is said of it, unless that is worse.
    #[must_use]
    pub fn device(&self) -> Option<TrustLevel> {
        match self.device_trust_level {
            None | Some(TrustLevel::Trusted) if self.is_new_device => Some(TrustLevel::Pending),
            level => level,
        }
    }
}
