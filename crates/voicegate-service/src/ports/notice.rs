//! What a person is told, and what is sent to the operator's webhook.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use voicegate_core::PersonId;

/// Something that happened to an account or voice that its owner should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Identity; the same in every delivery.
    pub id: Uuid,
    /// Whom it concerns.
    pub person: PersonId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: NoticeKind,
    /// What more there is to say: names and identities of devices, reasons. Never audio, embeddings or secrets.
    pub details: serde_json::Value,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A login was accepted.
    LoggedIn,
    /// A login was rejected.
    LoginRejected,
    /// A login from a device that is not bound was accepted.
    NewDevice,
    /// A device was bound.
    DeviceBound,
    /// A revoked device was bound again.
    DeviceRebound,
    /// A device was revoked.
    DeviceRevoked,
    /// Somebody tried too often.
    Locked,
    /// The password was changed.
    PasswordChanged,
    /// One-time passwords were switched on or off.
    OtherFactorChanged,
}

impl NoticeKind {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoggedIn => "logged_in",
            Self::LoginRejected => "login_rejected",
            Self::NewDevice => "new_device",
            Self::DeviceBound => "device_bound",
            Self::DeviceRebound => "device_rebound",
            Self::DeviceRevoked => "device_revoked",
            Self::Locked => "locked",
            Self::PasswordChanged => "password_changed",
            Self::OtherFactorChanged => "other_factor_changed",
        }
    }

    /// Whether it goes to the webhook as well. Logins alone would be many; those stand in the activity list.
    #[must_use]
    pub fn is_sent(self) -> bool {
        !matches!(self, Self::LoggedIn | Self::LoginRejected)
    }
}

/// A notice that waits for its delivery to the webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// What is delivered.
    pub notice: Notice,
    /// Attempts that failed so far.
    pub failures: u32,
}

/// How an attempt to deliver a notice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It was taken.
    Done,
    /// It failed and is tried again at this time.
    Retry(Timestamp),
    /// It is not tried any more; it stays for the operator to look at.
    Dead,
}
