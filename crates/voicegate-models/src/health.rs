//! How each model is, for the health endpoint and for `doctor`.

use serde::Serialize;

use crate::registry::{ModelId, Task};

/// What a model is assigned to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// First choice for its task.
    Active,
    /// Second choice for its task.
    Fallback,
    /// Listed, assigned to nothing.
    Unassigned,
}

/// What became of a model at start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ModelState {
    /// Loaded, self-test passed, answering.
    Loaded,
    /// File verified, not needed now.
    Verified,
    /// Not used.
    Refused {
        /// Why, as a sentence.
        reason: String,
    },
}

/// One model's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelHealth {
    /// Its name.
    pub id: ModelId,
    /// Its task; `None` if its metadata could not be read and nothing is assigned to it.
    pub task: Option<Task>,
    /// Its role.
    pub role: Role,
    /// Its state.
    #[serde(flatten)]
    pub state: ModelState,
}

impl ModelHealth {
    /// Whether the task runs on something else than its first choice because of this model.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.role == Role::Active && matches!(self.state, ModelState::Refused { .. })
    }
}
