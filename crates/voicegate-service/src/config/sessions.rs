use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::decide::StepUp;
use voicegate_core::session::{ConfidencePolicy, Lifetime};

/// How long a person stays logged in, and on what proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsConfig {
    /// Minutes without use after which a session ends.
    #[garde(range(min = 1, max = 1440))]
    pub idle_minutes: u32,
    /// Hours after which a session ends, however much it is used.
    #[garde(range(min = 1, max = 720))]
    pub absolute_hours: u32,
    /// Most sessions of a person that count, and most that wait; the oldest gives way to a new one.
    #[garde(range(min = 1, max = 100))]
    pub max_per_person: u32,
    /// Minutes in which what a voice proved loses half its weight.
    #[garde(range(min = 1, max = 43_200))]
    pub half_life_minutes: u32,
    /// Similarity below which a session begun with the voice has to prove itself anew.
    #[garde(range(min = 0.0, max = 1.0))]
    pub step_up_below: f32,
    /// What is asked for then.
    #[garde(skip)]
    pub step_up: StepUp,
}

impl SessionsConfig {
    /// The limits in time.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        Lifetime {
            idle: SignedDuration::from_mins(self.idle_minutes.into()),
            absolute: SignedDuration::from_hours(self.absolute_hours.into()),
        }
    }

    /// When the confidence of a session no longer suffices.
    #[must_use]
    pub fn confidence(&self) -> ConfidencePolicy {
        ConfidencePolicy {
            half_life: SignedDuration::from_mins(self.half_life_minutes.into()),
            step_up_below: self.step_up_below,
            step_up: self.step_up,
        }
    }
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            idle_minutes: 30,
            absolute_hours: 12,
            max_per_person: 10,
            half_life_minutes: 480,
            step_up_below: 0.6,
            step_up: StepUp::LiveChallenge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rules() {
        let config = SessionsConfig::default();
        assert_eq!(config.lifetime(), Lifetime::default());
        assert_eq!(config.confidence(), ConfidencePolicy::default());
    }
}
