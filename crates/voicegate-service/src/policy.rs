//! What the configuration means for one speaker system. Pure, so that an evaluation follows the same rules as the service.

use voicegate_core::enrolment::{EnrolmentPolicy, Needs};
use voicegate_models::{SpeakerModels, System};

use crate::ServiceError;
use crate::config::VoiceAuthConfig;

/// How far below the verification threshold two single samples of one person may agree, where the system does not say:
/// a mean of several samples, which the threshold is made for, is closer to each sample than the samples are to each
/// other.
const AGREEMENT_BELOW_THRESHOLD: f32 = 0.15;

/// The least score that is accepted: the operator's for the system that is active, or else the system's own.
///
/// # Errors
/// [`ServiceError::ModelUnavailable`] if neither is there.
pub fn score_threshold(
    config: &VoiceAuthConfig,
    speakers: &SpeakerModels,
    system: &System,
) -> Result<f32, ServiceError> {
    let operators = config.verification.score_threshold.filter(|_| speakers.is_first_choice(system));
    let own = system.operating_point.as_ref().map(|point| point.cosine_threshold);
    operators.or(own).ok_or_else(|| {
        ServiceError::ModelUnavailable(format!(
            "'{}' has no operating point; set verification.score_threshold",
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
    let own = system.operating_point.as_ref().and_then(|point| point.enrolment_agreement);
    let operators = enrolment.min_agreement.filter(|_| speakers.is_first_choice(system));
    let min_agreement = match operators.or(own) {
        Some(cosine) => cosine,
        None => score_threshold(config, speakers, system)? - AGREEMENT_BELOW_THRESHOLD,
    };
    Ok(EnrolmentPolicy { needs: needs(config), max_samples: enrolment.max_samples, min_agreement })
}
