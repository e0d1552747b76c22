//! Models and their health.

use serde::Serialize;
use utoipa::ToSchema;

/// What a model is assigned to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// First choice for its task.
    Active,
    /// Second choice for its task.
    Fallback,
    /// Part of a fusion that is first or second choice.
    Member,
    /// Listed, assigned to nothing.
    Unassigned,
}

/// What became of a model at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelStatus {
    /// Loaded, self-test passed, answering.
    Loaded,
    /// File verified, not needed now.
    Verified,
    /// Not used; the reason says why.
    Refused,
}

/// One model's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Model {
    /// Its name in the registry.
    pub id: String,
    /// Its task; `null` if its metadata could not be read and nothing is assigned to it.
    #[schema(example = "speaker_verification")]
    pub task: Option<String>,
    /// Its role.
    pub role: Role,
    /// Its state.
    pub status: ModelStatus,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
