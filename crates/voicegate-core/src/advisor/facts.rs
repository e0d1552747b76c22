//! What a model is shown.

use serde::Serialize;

use super::Question;
use crate::device::TrustLevel;
use crate::risk::{FactorName, NotMeasured, Risk, RiskLevel};

/// What a model is shown of a verification: numbers and closed enumerations. There is no field that could hold text of a
/// caller, least of all the person's name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// Similarity of the voice, in [0, 1].
    pub similarity: f32,
    /// What it is compared with, in [0, 1].
    pub threshold: f32,
    /// How far the similarity is above the threshold; negative below.
    pub margin: f32,
    /// How far the device is trusted; `None` if that is not known.
    pub device: Option<TrustLevel>,
    /// The risk; `None` if it was not assessed.
    pub risk: Option<RiskFacts>,
}

/// A risk as a model is shown it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskFacts {
    /// 0 to 100.
    pub score: u8,
    /// What that means.
    pub level: RiskLevel,
    /// How unlike the person's own logins this one is, in [0, 1].
    pub anomaly: Option<f32>,
    /// What speaks against the login.
    pub factors: Vec<FactorFact>,
    /// What could not be looked at.
    pub not_measured: Vec<NotMeasured>,
}

/// One factor as a model is shown it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FactorFact {
    /// Which.
    pub factor: FactorName,
    /// How much it found, in (0, 1].
    pub evidence: f32,
    /// The points that it adds to the score.
    pub points: f32,
}

impl Facts {
    /// What is shown of a question.
    #[must_use]
    pub fn new(question: &Question, risk: Option<&Risk>) -> Self {
        let Question { similarity_score, threshold, user_context } = question;
        Self {
            similarity: rounded(*similarity_score),
            threshold: rounded(*threshold),
            margin: rounded(similarity_score - threshold),
            device: user_context.device(),
            risk: risk.map(RiskFacts::new),
        }
    }
}

impl RiskFacts {
    fn new(risk: &Risk) -> Self {
        let factors = risk.contributions.iter().map(|contribution| FactorFact {
            factor: contribution.factor,
            evidence: rounded(contribution.evidence),
            points: rounded(contribution.points),
        });
        Self {
            score: risk.score,
            level: risk.level,
            anomaly: risk.anomaly.map(rounded),
            factors: factors.collect(),
            not_measured: risk.not_measured.clone(),
        }
    }
}

/// Four digits say all that is known, and spare the model the noise of binary fractions.
fn rounded(value: f32) -> f32 {
    (value * 1e4).round() / 1e4
}
