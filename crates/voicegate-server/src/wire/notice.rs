//! Notices.

use serde::Serialize;
use utoipa::ToSchema;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
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
