//! API keys.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One permission of an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Enrol and update voices.
    Enroll,
    /// Verify voices.
    Verify,
    /// Read what is known of a profile (never the template).
    ReadProfile,
    /// Revoke profiles.
    RevokeProfile,
    /// Read the configuration and the health of models.
    ReadConfig,
    /// Change the configuration.
    WriteConfig,
    /// Read the audit log and verify its chain.
    ReadAudit,
    /// Log people in, and see to their devices and sessions.
    Login,
    /// Create and revoke API keys; implies every other scope.
    Admin,
}

/// An API key; never its secret.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ApiKey {
    /// Identity of the key.
    pub id: Uuid,
    /// What the operator calls it.
    #[schema(example = "front desk")]
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
