//! The answer without a model.

use super::{Advice, AdvisedRisk, Question, Recommendation};
use crate::device::TrustLevel;
use crate::risk::Risk;
use crate::similarity;

impl Advice {
    /// How the rules judge a verification: by the voice, by the device, and by the risk if one was assessed.
    ///
    /// They never recommend to accept a voice below the threshold, nor one at more than low risk, nor one from a device
    /// that is not trusted. The confidence is that of the voice alone: how sure a similarity this far from the threshold
    /// is to be on its side of it, from 0.5 at the threshold to ten to one at a distance of a tenth
    /// ([`crate::similarity`]).
    #[must_use]
    pub fn from_rules(question: &Question, risk: Option<&Risk>) -> Self {
        use Recommendation::{Accept, Reject, RequestAdditionalVerification};
        let device = question.user_context.device();
        let by_risk = risk.map_or(AdvisedRisk::Low, |risk| risk.level.into());
        let level = by_risk.max(of_device(device));
        let matches = question.similarity_score >= question.threshold;
        let (risk_level, recommendation, reasoning) = if device == Some(TrustLevel::Revoked) {
            (AdvisedRisk::High, Reject, "The device was revoked; it must be bound again first.")
        } else if risk.is_some_and(|risk| risk.denies) {
            (AdvisedRisk::High, Reject, "Too much about this login is unusual.")
        } else if !matches {
            (level, Reject, "The voice is less similar than the threshold asks for.")
        } else {
            let (recommendation, reasoning) = match level {
                AdvisedRisk::Low => (Accept, "The voice matches, and nothing else stands out."),
                AdvisedRisk::Medium => {
                    (RequestAdditionalVerification, "The voice matches, but something else is unusual.")
                }
                AdvisedRisk::High => {
                    (RequestAdditionalVerification, "The voice matches, but much else is unusual.")
                }
            };
            (level, recommendation, reasoning)
        };
        let confidence = confidence(question.similarity_score - question.threshold);
        Self { confidence, risk_level, recommendation, reasoning: reasoning.to_owned() }
    }
}

/// The risk of a device by itself.
fn of_device(level: Option<TrustLevel>) -> AdvisedRisk {
    match level {
        None | Some(TrustLevel::Trusted) => AdvisedRisk::Low,
        Some(TrustLevel::Pending | TrustLevel::Suspicious) => AdvisedRisk::Medium,
        Some(TrustLevel::Revoked) => AdvisedRisk::High,
    }
}

/// The odds of a distance on the scale of the answers, as a probability; even odds for no number.
fn confidence(margin: f32) -> f32 {
    let odds = similarity::llr_of_step(margin.abs()).exp();
    if odds.is_nan() { 0.5 } else { (1.0 / (1.0 + odds.recip())) as f32 }
}
