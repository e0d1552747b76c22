use garde::Validate;
use serde::{Deserialize, Serialize};
use voicegate_core::decide::Policy;
use voicegate_core::threshold;

use super::{AdjustmentsConfig, AgeingConfig};

/// What a verification needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct VerificationConfig {
    /// Seconds of speech needed.
    #[garde(range(min = 0.3, max = 60.0))]
    pub min_net_speech_s: f32,
    /// Least similarity that is accepted before adjustments: at 0.75 at most one stranger in 1000 passes, and a tenth
    /// more or less is a factor of ten.
    #[garde(range(min = *threshold::BOUNDS.start(), max = *threshold::BOUNDS.end()))]
    pub threshold: f32,
    /// Registry id of the loaded model or fusion that judges; `null` is the serving one.
    #[garde(inner(length(chars, min = 1, max = 64)))]
    pub system: Option<String>,
    /// Version of that system's calibration to insist on; `null` takes the one that it has.
    #[garde(inner(length(chars, min = 1, max = 64)))]
    pub calibration: Option<String>,
    /// How much each circumstance moves the threshold, always inside 0.65 to 0.90.
    #[garde(dive)]
    pub adjustments: AdjustmentsConfig,
    /// What accepted attempts may teach a voice profile.
    #[garde(dive)]
    pub ageing: AgeingConfig,
}

impl VerificationConfig {
    /// What the decision asks of an attempt.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy { base: self.threshold, adjustments: self.adjustments.table(), ..Policy::default() }
    }
}

impl Default for VerificationConfig {
    fn default() -> Self {
        Self {
            min_net_speech_s: 1.5,
            threshold: threshold::BASE,
            system: None,
            calibration: None,
            adjustments: AdjustmentsConfig::default(),
            ageing: AgeingConfig::default(),
        }
    }
}
