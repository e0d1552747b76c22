//! Devices.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::advisor::TrustLevel;
use super::biometric::{Outcome, Reason, StepUp};
use super::person::UserId;

/// Why a device was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// The device is gone.
    Lost,
    /// Another took its place.
    Replaced,
    /// Somebody else may hold its key. It is bound again with the password alone.
    Compromised,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Device {
    /// Its handle.
    pub device_id: Uuid,
    /// What the person calls it.
    #[schema(example = "Zoë's phone")]
    pub device_name: String,
    /// How far it is trusted.
    pub trust_level: TrustLevel,
    /// When it was bound last; `null` if it never was.
    pub bound_at: Option<Timestamp>,
    /// When it was revoked; `null` unless it is REVOKED.
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked; `null` unless it is REVOKED.
    pub revoked_because: Option<RevocationReason>,
    /// When a voice was last accepted with it.
    pub last_verified_at: Option<Timestamp>,
    /// When it was named first.
    pub created_at: Timestamp,
    /// What is known of the voice that was last accepted with it; `null` if none was. The vector itself never leaves the
    /// server.
    pub voice_signature_vector: Option<SignatureVector>,
}

/// What is shown of a signature vector.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SignatureVector {
    /// The speaker models that heard the voice.
    pub models: Vec<String>,
}

/// The answer to an attempt to bind a device.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BindAnswer {
    /// Whose voice was claimed.
    pub user_id: UserId,
    /// The answer; the device is bound if it is ACCEPT.
    pub outcome: Outcome,
    /// What is asked for beyond that; `null` unless the outcome is STEP_UP.
    pub step_up: Option<StepUp>,
    /// Why, the weightiest first; never empty.
    pub reasons: Vec<Reason>,
    /// The device as it stands; `null` if nothing is kept of it.
    pub device: Option<Device>,
    /// What lowers the worth of the recording without making it unusable.
    pub warnings: Vec<Reason>,
    /// Number of the audit record.
    pub audit_record: u64,
}

/// The public key of a device as a JSON Web Key (RFC 7518 section 6.2.1), as `crypto.subtle.exportKey` writes it. Other
/// members are ignored; a private key is refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceJwk {
    /// `EC`.
    #[schema(example = "EC")]
    pub kty: String,
    /// `P-256`.
    #[schema(example = "P-256")]
    pub crv: String,
    /// 32 bytes in base64url.
    #[schema(example = "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA")]
    pub x: String,
    /// 32 bytes in base64url.
    #[schema(example = "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0")]
    pub y: String,
}

/// Binding a device as a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindForm {
    /// Whose it shall be; only with an API key.
    #[schema(required = false)]
    pub user_id: Option<UserId>,
    /// The challenge (purpose `bind`, for this device) whose words the recording says. It is used up, whatever comes of the
    /// attempt.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: String,
    /// What it shall be called.
    #[schema(min_length = 1, max_length = 64, example = "Zoë's phone")]
    pub device_name: String,
    /// Its public key, the JSON of a `DeviceJwk`.
    pub public_key: String,
    /// The password, where binding takes it.
    #[schema(required = false, format = Password)]
    pub password: Option<String>,
    /// Whether a program with an API key vouches for what stands in for it.
    #[schema(required = false, default = false)]
    pub factor_asserted: bool,
    /// The recording.
    #[schema(value_type = String, format = Binary)]
    pub audio: Vec<u8>,
}

/// Binding a device as JSON.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindJson {
    /// Whose it shall be; only with an API key.
    #[schema(required = false)]
    pub user_id: Option<UserId>,
    /// The challenge (purpose `bind`, for this device) whose words the recording says. It is used up, whatever comes of the
    /// attempt.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: String,
    /// What it shall be called.
    #[schema(min_length = 1, max_length = 64, example = "Zoë's phone")]
    pub device_name: String,
    /// Its public key.
    pub public_key: DeviceJwk,
    /// The password, where binding takes it.
    #[schema(required = false, format = Password)]
    pub password: Option<String>,
    /// Whether a program with an API key vouches for what stands in for it.
    #[schema(required = false, default = false)]
    pub factor_asserted: bool,
    /// The recording in base64, or a `data:` URL of it.
    #[schema(content_encoding = "base64")]
    pub audio: String,
    /// Its content type, where the bytes leave doubt.
    pub content_type: Option<String>,
    /// How the answer shall call it.
    pub name: Option<String>,
}
