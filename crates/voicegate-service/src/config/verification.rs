use garde::Validate;
use serde::{Deserialize, Serialize};

/// What a verification needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct VerificationConfig {
    /// Seconds of speech needed.
    #[garde(range(min = 0.3, max = 60.0))]
    pub min_net_speech_s: f32,
    /// Least score that is accepted, a cosine above 0 and below 1; `null` takes the model's own operating point. At 0 and
    /// below everybody would be accepted, at 1 nobody.
    #[garde(inner(custom(between_0_and_1)))]
    pub score_threshold: Option<f32>,
}

fn between_0_and_1(value: &f32, (): &()) -> garde::Result {
    if *value > 0.0 && *value < 1.0 { Ok(()) } else { Err(garde::Error::new("must be above 0 and below 1")) }
}

impl Default for VerificationConfig {
    fn default() -> Self {
        Self { min_net_speech_s: 1.5, score_threshold: None }
    }
}
