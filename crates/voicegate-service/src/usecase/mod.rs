//! One use case per file.

pub mod api_keys;
pub mod challenge;
pub mod configuration;
pub mod enroll;
pub mod experiment;
mod heard;
pub mod import;
pub mod profile;
pub mod revoke;
pub mod sample;
pub mod verify;

use crate::ports::Actor;

/// Who asks, and under which request id; goes into the audit record.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who asks.
    pub actor: Actor,
    /// Id of the request.
    pub request_id: Option<String>,
}
