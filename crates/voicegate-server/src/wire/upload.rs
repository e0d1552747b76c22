//! Bodies of requests that carry recordings.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::person::UserId;

/// What shall happen to a voice that is enrolled already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrollIntent {
    /// Begin or continue an enrolment; an enrolled voice is left alone and the request refused.
    #[default]
    Enroll,
    /// Replace an enrolled voice. The samples of this request must make a complete profile, otherwise the old one stays.
    Replace,
}

/// What the samples of an update are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateMode {
    /// Add them to the profile.
    #[default]
    Add,
    /// Replace the profile by them.
    Replace,
}

/// A recording in JSON.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The recording in base64 (standard alphabet), or a `data:` URL of it.
    #[schema(content_encoding = "base64", example = "UklGRiQAAABXQVZFZm10IA==")]
    pub audio: String,
    /// Its content type, where the bytes leave doubt.
    #[schema(example = "audio/wav")]
    pub content_type: Option<String>,
    /// How the answer shall call it.
    #[schema(example = "phrase 1")]
    pub name: Option<String>,
}

/// Enrolment as a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrollForm {
    /// Under which name the person is enrolled.
    pub user_id: UserId,
    /// What shall happen to a voice that is enrolled already.
    #[schema(required = false, default = json!("enroll"))]
    pub intent: EnrollIntent,
    /// The recordings, one part each.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1, max_items = 20)]
    pub audio: Vec<Vec<u8>>,
}

/// Enrolment as JSON: either `audio` or `samples`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrollJson {
    /// Under which name the person is enrolled.
    pub user_id: UserId,
    /// What shall happen to a voice that is enrolled already.
    #[schema(required = false, default = json!("enroll"))]
    pub intent: EnrollIntent,
    /// One recording in base64, or a `data:` URL of it.
    #[schema(content_encoding = "base64")]
    pub audio: Option<String>,
    /// Content type of `audio`, where the bytes leave doubt.
    pub content_type: Option<String>,
    /// How the answer shall call `audio`.
    pub name: Option<String>,
    /// Several recordings.
    #[schema(min_items = 1, max_items = 20)]
    pub samples: Option<Vec<Sample>>,
}

/// Verification as a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyForm {
    /// Who the person claims to be.
    pub user_id: UserId,
    /// The challenge whose words the recording says. It is used up, whatever comes of the attempt.
    #[schema(required = false, pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: Option<String>,
    /// The device that the challenge was asked for on; the same as then.
    #[schema(required = false)]
    pub device_id: Option<String>,
    /// The recording.
    #[schema(value_type = String, format = Binary)]
    pub audio: Vec<u8>,
}

/// Verification as JSON.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyJson {
    /// Who the person claims to be.
    pub user_id: UserId,
    /// The challenge whose words the recording says. It is used up, whatever comes of the attempt.
    #[schema(required = false, pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: Option<String>,
    /// The device that the challenge was asked for on; the same as then.
    #[schema(required = false)]
    pub device_id: Option<String>,
    /// The recording in base64, or a `data:` URL of it.
    #[schema(content_encoding = "base64")]
    pub audio: String,
    /// Its content type, where the bytes leave doubt.
    pub content_type: Option<String>,
    /// How the answer shall call it.
    pub name: Option<String>,
}

/// Login as a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginForm {
    /// Who the person claims to be.
    pub user_id: UserId,
    /// The challenge whose words the recording says. It is used up, whatever comes of the attempt.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: String,
    /// Whether the calling program proved the person in another way; with an API key alone.
    #[schema(required = false, default = false)]
    pub factor_asserted: bool,
    /// The recording.
    #[schema(value_type = Option<String>, format = Binary)]
    pub audio: Option<Vec<u8>>,
}

/// Login as JSON.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginJson {
    /// Who the person claims to be.
    pub user_id: UserId,
    /// The challenge whose words the recording says. It is used up, whatever comes of the attempt.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: String,
    /// Whether the calling program proved the person in another way; with an API key alone.
    #[schema(required = false, default = false)]
    pub factor_asserted: bool,
    /// The recording in base64, or a `data:` URL of it.
    #[schema(content_encoding = "base64")]
    pub audio: Option<String>,
    /// Its content type, where the bytes leave doubt.
    pub content_type: Option<String>,
    /// How the answer shall call it.
    pub name: Option<String>,
}

/// Further audio in a session as a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescoreForm {
    /// A challenge (purpose `verify`) whose words the recording says.
    #[schema(required = false, pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: Option<String>,
    /// The recording.
    #[schema(value_type = String, format = Binary)]
    pub audio: Vec<u8>,
}

/// Further audio in a session as JSON.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescoreJson {
    /// A challenge (purpose `verify`) whose words the recording says.
    #[schema(required = false, pattern = "^[0-9a-f]{32}$")]
    pub challenge_id: Option<String>,
    /// The recording in base64, or a `data:` URL of it.
    #[schema(content_encoding = "base64")]
    pub audio: String,
    /// Its content type, where the bytes leave doubt.
    pub content_type: Option<String>,
    /// How the answer shall call it.
    pub name: Option<String>,
}

/// Update as a form.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateForm {
    /// What the samples are for.
    #[schema(required = false, default = json!("add"))]
    pub mode: UpdateMode,
    /// The recordings, one part each.
    #[schema(value_type = Vec<String>, format = Binary, min_items = 1, max_items = 20)]
    pub audio: Vec<Vec<u8>>,
}

/// Update as JSON: either `audio` or `samples`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateJson {
    /// What the samples are for.
    #[schema(required = false, default = json!("add"))]
    pub mode: UpdateMode,
    /// One recording in base64, or a `data:` URL of it.
    #[schema(content_encoding = "base64")]
    pub audio: Option<String>,
    /// Content type of `audio`, where the bytes leave doubt.
    pub content_type: Option<String>,
    /// How the answer shall call `audio`.
    pub name: Option<String>,
    /// Several recordings.
    #[schema(min_items = 1, max_items = 20)]
    pub samples: Option<Vec<Sample>>,
}
