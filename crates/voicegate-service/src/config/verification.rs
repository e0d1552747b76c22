use garde::Validate;
use serde::{Deserialize, Serialize};

/// What a verification needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct VerificationConfig {
    /// Seconds of speech needed.
    #[garde(range(min = 0.3, max = 60.0))]
    pub min_net_speech_s: f32,
    /// Least score that is accepted, a cosine in [-1, 1]; `null` takes the model's own operating point.
    #[garde(inner(range(min = -1.0, max = 1.0)))]
    pub score_threshold: Option<f32>,
}

impl Default for VerificationConfig {
    fn default() -> Self {
        Self { min_net_speech_s: 1.5, score_threshold: None }
    }
}
