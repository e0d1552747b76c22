//! What is answered on the wire.

use serde::{Deserialize, Serialize};

use crate::threshold::RiskLevel;

/// How a verification is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// How sure the advisor is, in [0, 1]. It is passed on, and changes nothing.
    pub confidence: f32,
    /// How risky the verification is.
    pub risk_level: AdvisedRisk,
    /// What to do.
    pub recommendation: Recommendation,
    /// Why, in words. It is passed on, and changes nothing.
    pub reasoning: String,
}

/// How risky an advisor finds a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdvisedRisk {
    /// Nothing stands out.
    Low,
    /// Something does.
    Medium,
    /// Much does.
    High,
}

/// What an advisor recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recommendation {
    /// To accept.
    Accept,
    /// To reject.
    Reject,
    /// To ask for another proof. The score decides.
    RequestAdditionalVerification,
}

/// Why numbers are no advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the confidence must be a number from 0 to 1")]
pub struct AdviceError;

impl Advice {
    /// Checks numbers that were read.
    ///
    /// # Errors
    /// [`AdviceError`] if the confidence is out of range.
    pub fn check(&self) -> Result<(), AdviceError> {
        if (0.0..=1.0).contains(&self.confidence) { Ok(()) } else { Err(AdviceError) }
    }
}

impl AdvisedRisk {
    /// Every level there is.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

impl From<RiskLevel> for AdvisedRisk {
    fn from(level: RiskLevel) -> Self {
        match level {
            RiskLevel::Low => Self::Low,
            RiskLevel::Elevated => Self::Medium,
            RiskLevel::High => Self::High,
        }
    }
}

impl Recommendation {
    /// Every recommendation there is.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Reject, Self::RequestAdditionalVerification];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Reject => "REJECT",
            Self::RequestAdditionalVerification => "REQUEST_ADDITIONAL_VERIFICATION",
        }
    }
}
