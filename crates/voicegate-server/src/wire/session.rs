//! Sessions.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use voicegate_core::decide;
use voicegate_service::usecase::session::OpenedSession;

use super::biometric::StepUp;

/// A session that has just begun, or was given a new token.
#[derive(Serialize, ToSchema)]
pub struct NewSession {
    /// Identity of the session.
    pub session_id: Uuid,
    /// What its requests are sent with: `Authorization: Bearer vgs_…`. It is shown this once and not stored.
    #[schema(pattern = "^vgs_[A-Za-z0-9_-]{43}$")]
    pub token: String,
    /// When the session ends, however much it is used.
    pub ends_at: Timestamp,
    /// Seconds without use after which it ends.
    #[schema(example = 1800)]
    pub idle_s: u32,
    /// What has to be given before the session counts; `null` if it counts.
    #[schema(value_type = Option<super::biometric::StepUp>)]
    pub step_up: Option<decide::StepUp>,
}

impl NewSession {
    /// As it is told: `opened`, in which `step_up` is asked for.
    #[must_use]
    pub fn new(opened: &OpenedSession, step_up: Option<decide::StepUp>) -> Self {
        Self {
            session_id: opened.id,
            token: opened.token.reveal().to_owned(),
            ends_at: opened.ends_at,
            idle_s: opened.idle_s,
            step_up,
        }
    }
}

/// How a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignedInBy {
    /// With the voice.
    Voice,
    /// With the password.
    Password,
}

/// A session of a person; never its token.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Session {
    /// Identity of the session.
    pub id: Uuid,
    /// How it began.
    pub signed_in_by: SignedInBy,
    /// The device that signed the login; `null` if none did.
    pub device_id: Option<Uuid>,
    /// What has to be given before the session counts; `null` if it counts.
    pub step_up: Option<StepUp>,
    /// Whether a password, one-time password or recovery code was given.
    pub other_factor: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When its token was last used, to some seconds.
    pub last_used_at: Timestamp,
    /// When it ends if it is not used again.
    pub expires_at: Timestamp,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
