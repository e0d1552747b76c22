//! Accounts and sessions as the store keeps them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::decide::StepUp;
use voicegate_core::device::DeviceId;
use voicegate_core::session::Confidence;

/// What a person who has an account here knows and has beside the voice.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Whose.
    pub person: PersonId,
    /// What proves that it is them.
    pub secrets: AccountSecrets,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows by one with each change; 0 for one that is not stored yet.
    pub version: u64,
}

/// What proves the holder of an account. Stored sealed as a whole.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountSecrets {
    /// Argon2id hash of the password as a PHC string.
    pub password: String,
    /// The generator of one-time passwords, if there is one.
    pub totp: Option<Totp>,
    /// SHA-256 of the recovery codes that were not used yet.
    pub recovery: Vec<[u8; 32]>,
}

/// A generator of time-based one-time passwords (RFC 6238).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Totp {
    /// The shared secret.
    pub secret: Vec<u8>,
    /// Whether a first password came from it; before that it is not asked for.
    pub confirmed: bool,
    /// The newest time step whose password was taken: none is taken twice.
    pub last_step: Option<u64>,
}

impl fmt::Debug for AccountSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountSecrets(..)")
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp(..)")
    }
}

/// How a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedInBy {
    /// With the voice.
    Voice,
    /// With the password.
    Password,
}

/// A person who is logged in.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Identity of the session; not the token.
    pub id: Uuid,
    /// Who.
    pub person: PersonId,
    /// What is kept beside.
    pub content: SessionContent,
    /// When it began.
    pub created_at: Timestamp,
    /// When its token was last used, to some seconds.
    pub last_used_at: Timestamp,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
    /// Grows by one with each change of the content or the token.
    pub version: u64,
}

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionContent {
    /// How it began.
    pub by: SignedInBy,
    /// The device that signed the login, or that asks to be bound again.
    pub device: Option<DeviceId>,
    /// What has to be given before the session counts; `None` if it counts.
    pub step_up: Option<StepUp>,
    /// Whether the device is bound again once that is given. It takes the password first; waiting for another factor with this
    /// means that the password was given.
    pub rebinds: bool,
    /// Whether a password, one-time password or recovery code was given.
    pub other_factor: bool,
    /// How sure it is that the same person still speaks; `None` for a session without a voice.
    pub confidence: Option<Confidence>,
}

impl SessionContent {
    /// Whether nothing but a voice stands behind it.
    #[must_use]
    pub fn is_voice_alone(&self) -> bool {
        self.by == SignedInBy::Voice && !self.other_factor
    }
}

/// What a token leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenOf {
    /// The session whose token it is.
    Current(Session),
    /// The session whose token it was before the last renewal: somebody kept a copy.
    Former(Session),
}
