use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::ageing::AgeingPolicy;

/// What accepted attempts may teach a voice profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AgeingConfig {
    /// Whether a profile follows a voice that changes over the years.
    #[garde(skip)]
    pub enabled: bool,
    /// How far above the threshold an attempt's similarity to the enrolled recordings must be.
    #[garde(range(min = 0.05, max = 0.25))]
    pub margin: f32,
    /// Most learnt recordings in a profile; a further one replaces the oldest.
    #[garde(range(min = 1, max = 20))]
    pub max_learnt: usize,
    /// Least days from one learnt recording to the next.
    #[garde(range(min = 1, max = 3650))]
    pub min_days: u32,
    /// Least cosine, for each speaker model, of a profile's mean to the mean of what was enrolled.
    #[garde(range(min = 0.9, max = 1.0))]
    pub min_mean_cosine: f32,
}

impl AgeingConfig {
    /// The same for the rule.
    #[must_use]
    pub fn policy(&self) -> AgeingPolicy {
        AgeingPolicy {
            enabled: self.enabled,
            margin: self.margin,
            max_learnt: self.max_learnt,
            min_interval: SignedDuration::from_hours(24 * i64::from(self.min_days)),
            min_mean_cosine: self.min_mean_cosine,
        }
    }
}

impl Default for AgeingConfig {
    fn default() -> Self {
        let policy = AgeingPolicy::default();
        Self {
            enabled: policy.enabled,
            margin: policy.margin,
            max_learnt: policy.max_learnt,
            min_days: 7,
            min_mean_cosine: policy.min_mean_cosine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rule() {
        assert_eq!(AgeingConfig::default().policy(), AgeingPolicy::default());
    }
}
