//! What the configuration means for one speaker system. Pure, so that an evaluation follows the same rules as the service.

use voicegate_core::enrolment::{EnrolmentPolicy, Needs};
use voicegate_models::{FittedCalibration, SpeakerModels, System};

use crate::ServiceError;
use crate::config::VoiceAuthConfig;

/// What the scores of `system` mean.
///
/// # Errors
/// [`ServiceError::ModelUnavailable`] if nobody found out yet.
pub fn calibration(system: &System) -> Result<&FittedCalibration, ServiceError> {
    system.calibration.as_ref().ok_or_else(|| {
        ServiceError::ModelUnavailable(format!(
            "'{}' has no calibration; `voicegate eval fit` makes one",
            system.id
        ))
    })
}

/// What a complete profile needs.
#[must_use]
pub fn needs(config: &VoiceAuthConfig) -> Needs {
    let enrolment = &config.enrolment;
    Needs { min_samples: enrolment.min_samples, min_net_speech_s: enrolment.min_net_speech_s }
}

/// The rule of enrolment for `system`.
///
/// # Errors
/// [`ServiceError::ModelUnavailable`] if neither the configuration nor the system says how much samples must agree.
pub fn enrolment_policy(
    config: &VoiceAuthConfig,
    speakers: &SpeakerModels,
    system: &System,
) -> Result<EnrolmentPolicy, ServiceError> {
    let enrolment = &config.enrolment;
    let operators = enrolment.min_agreement.filter(|_| speakers.is_first_choice(system));
    let min_agreement = match operators {
        Some(cosine) => cosine,
        None => calibration(system)?.enrolment_agreement,
    };
    Ok(EnrolmentPolicy { needs: needs(config), max_samples: enrolment.max_samples, min_agreement })
}
