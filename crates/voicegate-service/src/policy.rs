//! What the configuration means for one speaker model. Pure, so that an evaluation follows the same rules as the service.

use voicegate_core::enrolment::EnrolmentPolicy;
use voicegate_models::Metadata;

use crate::ServiceError;
use crate::config::VoiceAuthConfig;

/// How far below the verification threshold two single samples of one person may agree: a mean of several samples,
/// which the threshold is made for, is closer to each sample than the samples are to each other.
const AGREEMENT_BELOW_THRESHOLD: f32 = 0.15;

/// The least score that is accepted: the operator's, or else the model's own operating point.
///
/// # Errors
/// [`ServiceError::ModelUnavailable`] if neither is there.
pub fn score_threshold(config: &VoiceAuthConfig, model: &Metadata) -> Result<f32, ServiceError> {
    let own = model.operating_point.as_ref().map(|point| point.cosine_threshold);
    config.verification.score_threshold.or(own).ok_or_else(|| {
        ServiceError::ModelUnavailable(format!(
            "model '{}' has no operating point; set verification.score_threshold",
            model.id
        ))
    })
}

/// The rule of enrolment for `model`.
///
/// # Errors
/// [`ServiceError::ModelUnavailable`] if neither the configuration nor the model says how much samples must agree.
pub fn enrolment_policy(config: &VoiceAuthConfig, model: &Metadata) -> Result<EnrolmentPolicy, ServiceError> {
    let enrolment = &config.enrolment;
    let min_agreement = match enrolment.min_agreement {
        Some(cosine) => cosine,
        None => score_threshold(config, model)? - AGREEMENT_BELOW_THRESHOLD,
    };
    Ok(EnrolmentPolicy {
        min_samples: enrolment.min_samples,
        min_net_speech_s: enrolment.min_net_speech_s,
        max_samples: enrolment.max_samples,
        min_agreement,
    })
}
