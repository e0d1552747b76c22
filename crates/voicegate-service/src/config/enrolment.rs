use garde::Validate;
use serde::{Deserialize, Serialize};

/// What an enrolment needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct EnrolmentConfig {
    /// Accepted samples needed before the profile can be used.
    #[garde(range(min = 1, max = 20))]
    pub min_samples: usize,
    /// Seconds of speech needed in all samples together.
    #[garde(range(min = 1.0, max = 300.0))]
    pub min_net_speech_s: f32,
    /// Seconds of speech needed in each sample.
    #[garde(range(min = 0.3, max = 30.0))]
    pub min_sample_speech_s: f32,
    /// Most samples a profile keeps.
    #[garde(range(min = 1, max = 100), custom(at_least(self.min_samples)))]
    pub max_samples: usize,
    /// Least mean similarity of two groups of samples taken for one voice; `null` takes the speaker system's own value.
    #[garde(inner(range(min = -1.0, max = 1.0)))]
    pub min_agreement: Option<f32>,
}

fn at_least(min: usize) -> impl Fn(&usize, &()) -> garde::Result {
    move |value, ()| {
        if *value < min { Err(garde::Error::new(format!("lower than min_samples ({min})"))) } else { Ok(()) }
    }
}

impl Default for EnrolmentConfig {
    fn default() -> Self {
        Self {
            min_samples: 3,
            min_net_speech_s: 6.0,
            min_sample_speech_s: 1.0,
            max_samples: 20,
            min_agreement: None,
        }
    }
}
