//! One use case per file.

pub mod account;
pub mod api_keys;
pub mod challenge;
mod circumstances;
pub mod configuration;
pub mod deliver;
pub mod device;
pub mod enroll;
pub mod experiment;
mod heard;
pub mod import;
mod learning;
mod limits;
pub mod login;
pub mod measure;
pub mod notice;
pub mod profile;
pub mod revoke;
pub mod sample;
pub mod session;
pub mod verify;

use jiff::Timestamp;
use voicegate_core::PersonId;

use crate::ports::{Actor, AuditEvent, AuditKind};

/// Who asks, and under which request id; goes into the audit record.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who asks.
    pub actor: Actor,
    /// Id of the request.
    pub request_id: Option<String>,
}

impl Caller {
    /// The record that this caller did something to `person`.
    pub(crate) fn event(
        &self,
        (at, kind): (Timestamp, AuditKind),
        person: &PersonId,
        outcome: &str,
        details: serde_json::Value,
    ) -> AuditEvent {
        AuditEvent {
            at,
            kind,
            actor: self.actor.clone(),
            person: Some(person.clone()),
            outcome: outcome.to_owned(),
            request_id: self.request_id.clone(),
            details,
        }
    }
}
