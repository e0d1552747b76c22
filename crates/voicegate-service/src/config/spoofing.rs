use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::decide::{Requirement, StepUp};

/// What is done against replayed and made-up speech.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct SpoofingConfig {
    /// Networks and signal detectors: `off` runs none; `optional` lets pass what they could not measure, `step_up` asks
    /// for a live challenge then, `required` says nothing about it.
    #[garde(skip)]
    pub countermeasures: CountermeasureRequirement,
    /// From this natural-log likelihood ratio on it is an attack; `null` takes the one that was fitted.
    #[garde(inner(range(min = -20.0, max = 20.0)))]
    pub threshold_llr: Option<f64>,
    /// From this one on something more is asked for; `null` takes the one that was fitted.
    #[garde(inner(range(min = -20.0, max = 20.0)), custom(below(&self.threshold_llr)))]
    pub suspicious_llr: Option<f64>,
    /// What a suspicion asks for.
    #[garde(skip)]
    pub suspicious: StepUp,
    /// Recordings that come again.
    #[garde(dive)]
    pub duplicates: DuplicatesConfig,
}

/// How much a deployment cares for countermeasures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountermeasureRequirement {
    /// None is run.
    Off,
    /// An attempt that could not be measured is judged by the rest.
    Optional,
    /// It is asked for a live challenge.
    StepUp,
    /// It is inconclusive.
    #[default]
    Required,
}

impl CountermeasureRequirement {
    /// Whether they are run.
    #[must_use]
    pub fn is_on(self) -> bool {
        self != Self::Off
    }

    /// The same for the decision.
    #[must_use]
    pub fn requirement(self) -> Requirement {
        match self {
            Self::Off | Self::Optional => Requirement::Optional,
            Self::StepUp => Requirement::Or(StepUp::LiveChallenge),
            Self::Required => Requirement::Required,
        }
    }
}

fn below(threshold: &Option<f64>) -> impl FnOnce(&Option<f64>, &()) -> garde::Result {
    move |suspicious, ()| match (suspicious, threshold) {
        (Some(suspicious), Some(threshold)) if suspicious > threshold => {
            Err(garde::Error::new(format!("must be at most {threshold}, from where on it is an attack")))
        }
        _ => Ok(()),
    }
}

/// Recordings that come again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct DuplicatesConfig {
    /// Whether a recording that was heard before is refused.
    #[garde(skip)]
    pub refuse: bool,
    /// Days for which the fingerprint of an attempt is kept.
    #[garde(range(min = 1, max = 365))]
    pub keep_days: u32,
}

impl DuplicatesConfig {
    /// For how long the fingerprint of an attempt is kept.
    #[must_use]
    pub fn keep(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.keep_days))
    }
}

impl Default for DuplicatesConfig {
    fn default() -> Self {
        Self { refuse: true, keep_days: 30 }
    }
}
