//! How risky a login is, apart from whether the voice matches. Deterministic: the same login before the same history has
//! the same risk.
//!
//! Each [`FactorName`] finds evidence in [0, 1] or says why it finds none; its points are evidence × weight, and the score
//! is their sum, 100 at most. What is not known adds nothing: a missing measurement is never a bad one. What is judged
//! against the person's own habits says nothing before five accepted logins.
//!
//! [`next_step`] turns the risk into what is asked for beyond the voice.

mod factor;
mod findings;
mod history;
mod level;
mod next_step;
mod observed;
mod policy;
mod robust;
#[cfg(test)]
mod tests;
mod travel;

use serde::Serialize;

pub use factor::{FactorName, RiskWeights};
pub use history::{History, PastLogin};
pub use next_step::next_step;
pub use observed::{NetworkTag, Observed};
pub use policy::{RiskPolicy, RiskPolicyError};
pub use travel::Coordinates;

pub use crate::threshold::RiskLevel;

/// The risk of one login and what it is made of.
///
/// A factor that is neither in `contributions` nor in `not_measured` was looked at and found in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Risk {
    /// The rounded sum of the points, 0 to 100.
    pub score: u8,
    /// What the score means by the policy.
    pub level: RiskLevel,
    /// Whether the score is one that is turned away: high enough, and made by several factors.
    pub denies: bool,
    /// What speaks against the login, in the order of [`FactorName`].
    pub contributions: Vec<Contribution>,
    /// What could not be looked at, in the same order.
    pub not_measured: Vec<NotMeasured>,
    /// How unlike the person's own logins this one is, in [0, 1]; `None` before five of them are known. It sums up what
    /// the habits among the contributions say already, and adds no points.
    pub anomaly: Option<f32>,
}

/// What one factor adds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// Which.
    pub factor: FactorName,
    /// How much it found, in (0, 1].
    pub evidence: f32,
    /// The points of full evidence.
    pub weight: f32,
    /// `evidence` × `weight`.
    pub points: f32,
    /// What was found, with its numbers; one of our own sentences.
    pub because: String,
}

/// A factor that found nothing out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NotMeasured {
    /// Which.
    pub factor: FactorName,
    /// Why.
    pub why: WhyNot,
}

/// Why a factor found nothing out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNot {
    /// What it looks at is not known of this login or of those before.
    NotKnown,
    /// Too few accepted logins to tell the person's habits.
    NotEnoughHistory,
}

/// The highest score.
const MOST: f32 = 100.0;

impl Risk {
    /// The risk of a login after those that were accepted before.
    #[must_use]
    pub fn assess(observed: &Observed, history: &History, policy: &RiskPolicy) -> Self {
        let findings = FactorName::ALL.map(|factor| (factor, factor.find(observed, history)));
        let mut contributions = Vec::new();
        let mut not_measured = Vec::new();
        for (factor, finding) in &findings {
            match finding {
                Ok(found) if found.evidence > 0.0 && policy.weights.of(*factor) > 0.0 => {
                    let (evidence, weight) = (found.evidence, policy.weights.of(*factor));
                    let (points, because) = (evidence * weight, found.because.clone());
                    contributions.push(Contribution { factor: *factor, evidence, weight, points, because });
                }
                Ok(_) => {}
                Err(why) => not_measured.push(NotMeasured { factor: *factor, why: *why }),
            }
        }
        let score = score(contributions.iter().map(|contribution| contribution.points));
        let level = policy.level(score);
        let denies = policy.denies(&contributions);
        let habits = findings.iter().filter(|(factor, _)| factor.is_habit());
        let anomaly = anomaly(habits.filter_map(|(_, finding)| Some(finding.as_ref().ok()?.evidence)));
        Self { score, level, denies, contributions, not_measured, anomaly }
    }
}

/// The sum of points as a score.
fn score(points: impl Iterator<Item = f32>) -> u8 {
    points.sum::<f32>().min(MOST).round() as u8
}

/// Several pieces of evidence taken together (noisy or): 0 if each is 0, and never less than the strongest of them.
fn anomaly(evidence: impl Iterator<Item = f32>) -> Option<f32> {
    let in_order = evidence.map(|evidence| 1.0 - evidence).reduce(|product, next| product * next)?;
    Some(1.0 - in_order)
}
