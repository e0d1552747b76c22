//! What the points mean.

use serde::{Deserialize, Serialize};

use super::{Contribution, RiskLevel, RiskWeights, score};

/// What an operator makes of risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskPolicy {
    /// What each factor weighs.
    pub weights: RiskWeights,
    /// Score from which on the risk is elevated.
    pub elevated_from: u8,
    /// Score from which on it is high; at least [`Self::elevated_from`].
    pub high_from: u8,
    /// Score from which on a login is turned away, if several factors make it; at least [`Self::high_from`]. Above 100
    /// none ever is.
    pub deny_from: u8,
}

/// Why numbers are no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("each weight of the risk must be 0 or more, and the levels must rise: 0 < elevated ≤ high ≤ deny")]
pub struct RiskPolicyError;

impl Default for RiskPolicy {
    fn default() -> Self {
        Self { weights: RiskWeights::default(), elevated_from: 30, high_from: 60, deny_from: 85 }
    }
}

impl RiskPolicy {
    /// Checks numbers that were read.
    ///
    /// # Errors
    /// [`RiskPolicyError`] if a weight is negative or not finite, or the levels do not rise from above zero.
    pub fn check(&self) -> Result<(), RiskPolicyError> {
        let weigh = super::FactorName::ALL.iter().all(|factor| {
            let weight = self.weights.of(*factor);
            weight.is_finite() && weight >= 0.0
        });
        let rise = (1..=self.high_from).contains(&self.elevated_from) && self.high_from <= self.deny_from;
        if weigh && rise { Ok(()) } else { Err(RiskPolicyError) }
    }

    /// The level of a score.
    #[must_use]
    pub fn level(&self, score: u8) -> RiskLevel {
        if score >= self.high_from {
            RiskLevel::High
        } else if score >= self.elevated_from {
            RiskLevel::Elevated
        } else {
            RiskLevel::Low
        }
    }

    /// Whether a login is turned away. No single factor can do that, however it is weighed: without the weightiest, what
    /// is left must be elevated still.
    pub(super) fn denies(&self, contributions: &[Contribution]) -> bool {
        let points = || contributions.iter().map(|contribution| contribution.points);
        let weightiest = points().enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other));
        let Some((weightiest, _)) = weightiest else { return false };
        let others = points().enumerate().filter(|(place, _)| *place != weightiest);
        score(points()) >= self.deny_from && score(others.map(|(_, points)| points)) >= self.elevated_from
    }
}
