//! How each model is, for the health endpoint and for `doctor`.

use serde::Serialize;

use crate::loading::LoadState;
use crate::registry::{Metadata, ModelId, Refusal, Registry, Task};

/// What a model is assigned to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// The health of every model and fusion of `registry`, by id.
pub(crate) fn of(registry: &Registry, LoadState { loaded, refused }: &LoadState) -> Vec<ModelHealth> {
    let entry = |id: &ModelId, found: Result<Option<&Metadata>, &Refusal>| {
        let (task, role) = assigned(registry, id).unwrap_or((None, Role::Unassigned));
        let state = match found.err().or_else(|| refused.get(id)) {
            Some(refusal) => ModelState::Refused { reason: refusal.to_string() },
            None if loaded.contains(id) => ModelState::Loaded,
            None => ModelState::Verified,
        };
        let task = found.ok().flatten().map_or(task, |metadata| Some(metadata.task));
        ModelHealth { id: id.clone(), task, role, state }
    };
    let models = registry.models().iter().map(|(id, found)| entry(id, found.as_ref().map(Some)));
    let fusions = registry.systems().keys().chain(registry.countermeasures().keys());
    let mut health: Vec<ModelHealth> = models.chain(fusions.map(|id| entry(id, Ok(None)))).collect();
    health.sort_by(|a, b| a.id.cmp(&b.id));
    health
}

impl Registry {
    /// What the model or fusion `id` is there for.
    #[must_use]
    pub fn role(&self, id: &ModelId) -> Role {
        assigned(self, id).map_or(Role::Unassigned, |(_, role)| role)
    }
}

/// What `id` is assigned to, by itself or as a member of a fusion.
fn assigned(registry: &Registry, id: &ModelId) -> Option<(Option<Task>, Role)> {
    let direct = registry.tasks().iter().find_map(|(task, assignment)| {
        let role = match id {
            id if *id == assignment.active => Role::Active,
            id if Some(id) == assignment.fallback.as_ref() => Role::Fallback,
            _ => return None,
        };
        Some((Some(*task), role))
    });
    direct.or_else(|| {
        let speakers = registry.systems().iter().filter(|(_, system)| system.members.contains_key(id));
        let others = registry.countermeasures().iter().filter(|(_, entry)| entry.models.contains(id));
        let fusions = speakers.map(|(fusion, _)| fusion).chain(others.map(|(fusion, _)| fusion));
        fusions.filter_map(|fusion| assigned(registry, fusion)).map(|(task, _)| (task, Role::Member)).next()
    })
}
