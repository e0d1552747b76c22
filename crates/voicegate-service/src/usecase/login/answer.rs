//! What is told of a login.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;
use voicegate_core::decide::{Outcome, Reason, StepUp};
use voicegate_core::device::{DeviceId, TrustLevel};
use voicegate_core::risk::Risk;
use voicegate_core::threshold::Adjustment;

use super::AdviceReport;
use crate::usecase::measure::Liveness;

/// The answer to a login.
#[derive(Debug, Serialize)]
pub struct LoginAnswer {
    /// The answer.
    pub outcome: Outcome,
    /// What has to be given before the session counts; `null` unless the outcome is STEP_UP.
    pub step_up: Option<StepUp>,
    /// Why, the weightiest first. Of a rejection only what does not tell whether the person exists.
    pub reasons: Vec<Reason>,
    /// The session, if the voice was accepted.
    pub session: Option<LoginSession>,
    /// The device that signed; `null` if none did that is, or was, bound to the person.
    pub device: Option<LoginDevice>,
    /// What the decision rests on; `null` unless the outcome is ACCEPT.
    pub details: Option<LoginDetails>,
    /// What a language model said, for whoever counts that.
    #[serde(skip)]
    pub advice: Option<AdviceReport>,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Number of the audit record, which holds everything.
    pub audit_record: u64,
}

/// A session that has begun.
#[derive(Debug, Serialize)]
pub struct LoginSession {
    /// Identity of the session.
    pub session_id: Uuid,
    /// What its requests are sent with, as `Authorization: Bearer …`. Shown this once.
    pub token: String,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
    /// Seconds without use after which it ends.
    pub idle_s: u32,
}

/// What became of the device.
#[derive(Debug, Clone, Serialize)]
pub struct LoginDevice {
    /// Which.
    pub device_id: DeviceId,
    /// How far it is trusted now.
    pub trust_level: TrustLevel,
    /// Whether this login bound it again.
    pub rebound: bool,
}

/// What a decision rests on.
#[derive(Debug, Clone, Serialize)]
pub struct LoginDetails {
    /// Calibrated similarity in [0, 1].
    pub similarity: Option<f32>,
    /// What it was compared with, in [0.65, 0.90].
    pub threshold: f32,
    /// The operator's threshold, before the circumstances moved it.
    pub base_threshold: f32,
    /// What moved it.
    pub adjustments: Vec<Adjustment>,
    /// The risk and what it is made of.
    pub risk: Risk,
    /// What a language model said, if one was asked.
    pub advisor: Option<AdviceReport>,
    /// Whether a living person spoke, here and now.
    pub liveness: Liveness,
}
