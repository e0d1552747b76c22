//! The models that serve, chosen out of a registry.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::registry::{ModelId, Refusal, Registry, Task};
use crate::{ModelHealth, ModelState, PoolSettings, Role, Runtime, SpeakerModel};

/// How models run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Sessions that run side by side, each with its own copy of the weights.
    pub workers: NonZeroUsize,
    /// Threads inside one run.
    pub threads_per_worker: NonZeroUsize,
    /// Queue and deadline.
    pub pool: PoolSettings,
}

impl Default for Settings {
    /// One worker per two cores with one thread each, 64 waiting, 10 s: on two cores one stays free for decoding,
    /// the database and the network.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let at_least_one = |n| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        Self {
            workers: at_least_one(cores / 2),
            threads_per_worker: NonZeroUsize::MIN,
            pool: PoolSettings { queue: at_least_one(64), deadline: Duration::from_secs(10) },
        }
    }
}

/// The loaded models.
pub struct Models {
    speaker: SpeakerModel,
    health: Vec<ModelHealth>,
}

/// Why the program cannot start with these models.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The registry assigns nothing to a task that is needed.
    #[error("the model registry assigns no model to {0}")]
    Unassigned(Task),
    /// Active model and fallback are both refused.
    #[error("no model for {task} can be used: {}", list(.refused))]
    AllRefused {
        /// The task.
        task: Task,
        /// Each model tried with its refusal.
        refused: Vec<(ModelId, Refusal)>,
    },
    /// The system gives no more threads.
    #[error("the threads of the models cannot be started: {0}")]
    Threads(#[from] std::io::Error),
}

impl Models {
    /// Loads the active model of each task; the fallback where that one is refused.
    ///
    /// # Errors
    /// [`LoadError`] if a task that is needed has no usable model.
    pub fn load(runtime: &Runtime, registry: &Registry, settings: &Settings) -> Result<Self, LoadError> {
        let task = Task::SpeakerVerification;
        let assignment = registry.tasks().get(&task).ok_or(LoadError::Unassigned(task))?;
        let mut refused = BTreeMap::new();
        for id in std::iter::once(&assignment.active).chain(&assignment.fallback) {
            let loaded = registry.read(id, task).and_then(|(metadata, bytes)| {
                SpeakerModel::load(runtime, metadata.clone(), &bytes, settings)
            });
            match loaded {
                Ok(speaker) => {
                    let speaker = speaker?;
                    tracing::info!(model = %id, %task, "model loaded");
                    let health = health(registry, &speaker.metadata().id, &refused);
                    return Ok(Self { speaker, health });
                }
                Err(refusal) => {
                    tracing::error!(model = %id, %refusal, "model refused");
                    refused.insert(id.clone(), refusal);
                }
            }
        }
        Err(LoadError::AllRefused { task, refused: refused.into_iter().collect() })
    }

    /// The model that makes embeddings.
    #[must_use]
    pub fn speaker(&self) -> &SpeakerModel {
        &self.speaker
    }

    /// Every listed model's health, by id.
    #[must_use]
    pub fn health(&self) -> &[ModelHealth] {
        &self.health
    }
}

fn health(registry: &Registry, loaded: &ModelId, refused: &BTreeMap<ModelId, Refusal>) -> Vec<ModelHealth> {
    let assigned = |id: &ModelId| {
        registry.tasks().iter().find_map(|(task, assignment)| match id {
            id if *id == assignment.active => Some((*task, Role::Active)),
            id if Some(id) == assignment.fallback.as_ref() => Some((*task, Role::Fallback)),
            _ => None,
        })
    };
    let entry = |(id, verified): (&ModelId, &Result<_, Refusal>)| {
        let (task, role) = assigned(id).map_or((None, Role::Unassigned), |(task, role)| (Some(task), role));
        let refusal = verified.as_ref().err().or_else(|| refused.get(id));
        let state = match refusal {
            Some(refusal) => ModelState::Refused { reason: refusal.to_string() },
            None if id == loaded => ModelState::Loaded,
            None => ModelState::Verified,
        };
        let task = verified.as_ref().map_or(task, |metadata: &crate::Metadata| Some(metadata.task));
        ModelHealth { id: id.clone(), task, role, state }
    };
    registry.models().iter().map(entry).collect()
}

fn list(refused: &[(ModelId, Refusal)]) -> String {
    refused.iter().map(|(id, refusal)| format!("{id}: {refusal}")).collect::<Vec<_>>().join("; ")
}
