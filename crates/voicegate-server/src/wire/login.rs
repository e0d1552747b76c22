//! Logging in, and staying logged in.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::advisor::{AdvisedRisk, Recommendation, TrustLevel};
use super::biometric::{Adjustment, Outcome, Reason, StepUp};
use super::liveness::Liveness;

/// The answer to a login.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoginAnswer {
    /// The answer.
    pub outcome: Outcome,
    /// What has to be given before the session counts; `null` unless the outcome is STEP_UP.
    pub step_up: Option<StepUp>,
    /// Why, the weightiest first. Of a rejection only what does not tell whether the person exists.
    pub reasons: Vec<Reason>,
    /// The session; `null` unless the voice was accepted.
    pub session: Option<LoginSession>,
    /// The device that signed; `null` if none did that is, or was, bound to the person.
    pub device: Option<LoginDevice>,
    /// What the decision rests on; `null` unless the outcome is ACCEPT.
    pub details: Option<LoginDetails>,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Number of the audit record, which holds everything.
    pub audit_record: u64,
}

/// A session that has begun.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoginSession {
    /// Identity of the session; not the token.
    pub session_id: Uuid,
    /// What its requests are sent with, as `Authorization: Bearer vgs_…`. Shown this once.
    #[schema(pattern = "^vgs_[A-Za-z0-9_-]{43}$")]
    pub token: String,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
    /// Seconds without use after which it ends.
    pub idle_s: u32,
}

/// What became of the device.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoginDevice {
    /// Which.
    pub device_id: Uuid,
    /// How far it is trusted now.
    pub trust_level: TrustLevel,
    /// Whether this login bound it again.
    pub rebound: bool,
}

/// What a decision rests on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoginDetails {
    /// Calibrated similarity, one tenth per factor of ten in odds.
    #[schema(minimum = 0, maximum = 1)]
    pub similarity: Option<f32>,
    /// What it was compared with.
    #[schema(minimum = 0.65, maximum = 0.9)]
    pub threshold: f32,
    /// The operator's threshold, before the circumstances moved it.
    #[schema(minimum = 0.65, maximum = 0.9)]
    pub base_threshold: f32,
    /// What moved it.
    pub adjustments: Vec<Adjustment>,
    /// The risk and what it is made of.
    pub risk: Risk,
    /// What a language model said; `null` if none was asked.
    pub advisor: Option<AdviceReport>,
    /// Whether a living person spoke, here and now.
    pub liveness: Liveness,
}

/// The risk of a login and what it is made of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Risk {
    /// The sum of the points.
    #[schema(minimum = 0, maximum = 100)]
    pub score: u8,
    /// What the score means by the configuration.
    pub level: RiskLevel,
    /// Whether the score turns the login away.
    pub denies: bool,
    /// What speaks against the login.
    pub contributions: Vec<RiskContribution>,
    /// What could not be looked at, and adds nothing.
    pub not_measured: Vec<NotMeasured>,
    /// How unlike the person's own logins this one is; `null` before five of them are known.
    #[schema(minimum = 0, maximum = 1)]
    pub anomaly: Option<f32>,
}

/// What a score of risk means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Nothing more is asked for.
    Low,
    /// A live challenge must have been passed.
    Elevated,
    /// Another factor is asked for besides.
    High,
}

/// What one factor adds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RiskContribution {
    /// Its name.
    #[schema(example = "new_network")]
    pub factor: String,
    /// How much it found.
    #[schema(minimum = 0, maximum = 1)]
    pub evidence: f32,
    /// The points of full evidence.
    pub weight: f32,
    /// What it adds to the score.
    pub points: f32,
    /// What it found, as a sentence.
    pub because: String,
}

/// A factor that could not be looked at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotMeasured {
    /// Its name.
    pub factor: String,
    /// Why.
    #[schema(example = "not_enough_history")]
    pub why: String,
}

/// What a language model said and what that changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AdviceReport {
    /// What Ollama calls the model.
    pub model: Option<String>,
    /// What it said; `null` if it gave no advice.
    pub advice: Option<Advice>,
    /// Why it gave none.
    #[schema(example = "timeout")]
    pub no_advice: Option<String>,
    /// What the advice did to the decision.
    pub effect: AdviceEffect,
}

/// The advice of a language model.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Advice {
    /// How sure it is.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: f32,
    /// How risky it finds the login.
    pub risk_level: AdvisedRisk,
    /// What it recommends.
    pub recommendation: Recommendation,
    /// Why, in its own words, cut after 500 characters.
    pub reasoning: String,
}

/// What an advice did to a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdviceEffect {
    /// Nothing.
    None,
    /// It rejected.
    Tightened,
    /// It accepted.
    Loosened,
}

/// The answer to further audio in a session.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RescoreAnswer {
    /// How sure it is that the person of the session still speaks, on the scale of similarities, to a tenth; `null` while the session does
    /// not count.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: Option<f32>,
    /// Below this the session has to prove itself anew.
    #[schema(minimum = 0, maximum = 1)]
    pub step_up_below: f32,
    /// What has to be given before the session counts again; `null` if it counts.
    pub step_up: Option<StepUp>,
    /// What was made of the recording, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Number of the audit record.
    pub audit_record: u64,
}
