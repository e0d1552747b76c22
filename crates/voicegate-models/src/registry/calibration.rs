//! The calibration of a model or fusion, as the registry keeps it.

use garde::Validate;
use serde::{Deserialize, Serialize};
use voicegate_core::Calibration;

/// A calibration with where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct FittedCalibration {
    /// Its version; answers and records name it.
    #[garde(length(chars, min = 1, max = 64))]
    pub id: String,
    /// From scores and quality to the log-likelihood ratio.
    #[garde(custom(usable))]
    pub llr: Calibration,
    /// Least mean similarity at which recordings count as one voice when they are enrolled, a cosine in [-1, 1].
    #[garde(range(min = -1.0, max = 1.0))]
    pub enrolment_agreement: f32,
    /// Trials of owners it was fitted on.
    #[garde(range(min = 1))]
    pub owner_trials: u64,
    /// Trials of strangers.
    #[garde(range(min = 1))]
    pub stranger_trials: u64,
    /// Which speakers and which command.
    #[garde(length(chars, min = 1, max = 2000))]
    pub fitted_on: String,
}

fn usable(calibration: &Calibration, (): &()) -> garde::Result {
    calibration.check().map_err(|error| garde::Error::new(error.to_string()))
}

impl FittedCalibration {
    /// Whether it takes the scores of exactly these models.
    pub(crate) fn is_for<'a>(&self, mut models: impl Iterator<Item = &'a str>) -> bool {
        let mut own = self.llr.models();
        models.all(|model| self.llr.scores.contains_key(model) && own.next().is_some())
            && own.next().is_none()
    }
}
