//! The audit log.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an audit record speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Samples were offered for enrolment.
    Enroll,
    /// Samples were added to, or replaced, an enrolled voice.
    Update,
    /// A verification attempt.
    Verify,
    /// A challenge was given out.
    ChallengeIssued,
    /// A profile was revoked.
    Revoke,
    /// The configuration was changed.
    Config,
    /// An API key was made.
    ApiKeyCreated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// The master key was rotated.
    MasterKeyRotated,
    /// A login with the voice.
    Login,
    /// An account was made, or its secrets changed.
    Account,
    /// A session was begun with a password, renewed, stepped up, or ended.
    Session,
    /// Further audio in a session was scored.
    Rescore,
    /// A device was bound, bound again, renamed or revoked.
    Device,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// Somebody on the machine, through the command line.
    Operator,
    /// The program itself.
    System,
    /// The holder of an API key.
    ApiKey(Uuid),
    /// A person who is logged in; the identity is the session's.
    Session(Uuid),
    /// Anybody.
    Public,
}

/// One audit record.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditRecord {
    /// Number, from 1.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Who did it.
    pub actor: Actor,
    /// Pseudonym of the person concerned; the link to the name ends when the person is deleted.
    pub person_ref: Option<Uuid>,
    /// How it ended: an outcome, or `ok`.
    pub outcome: String,
    /// Id of the request.
    pub request_id: Option<String>,
    /// Numbers and codes that explain it.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
}

/// One page of audit records.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AuditPage {
    /// The records, oldest first.
    pub records: Vec<AuditRecord>,
    /// Send it as `after` to get the next page; `null` if this page was not full.
    pub next_after: Option<u64>,
}
