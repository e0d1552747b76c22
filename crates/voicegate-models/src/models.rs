//! The models that serve, chosen out of a registry.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::registry::{Metadata, ModelId, Refusal, Registry, Task};
use crate::{ModelHealth, PoolSettings, Runtime, SpeakerModel, SpeakerModels, System, health};

/// How models run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Sessions that run side by side, each with its own copy of the weights.
    pub workers: NonZeroUsize,
    /// Threads inside one run.
    pub threads_per_worker: NonZeroUsize,
    /// Queue and deadline.
    pub pool: PoolSettings,
    /// Whether the quantized form of a model serves where there is one.
    pub quantized: Quantized,
}

/// Whether the quantized form of a model serves where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantized {
    /// Where the processor has instructions for it ([`int8_is_fast`]).
    #[default]
    Auto,
    /// Never.
    Never,
    /// Always: the answers are the same on every processor, only slower on some.
    Always,
}

/// Whether the processor multiplies and adds 8-bit integers in one instruction (VNNI on x86-64, DotProd on aarch64).
/// Without it, the runtime's kernels are slower, and on x86-64 saturate in between.
#[must_use]
pub fn int8_is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx512vnni") || std::is_x86_feature_detected!("avxvnni");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("dotprod");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
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
            quantized: Quantized::Auto,
        }
    }
}

/// The loaded models, or why there are none.
pub struct Models {
    speakers: Result<SpeakerModels, String>,
    health: Vec<ModelHealth>,
}

/// Why the program cannot work with these models.
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
    /// Loads the active model or fusion of each task; the fallback where that one cannot be used whole.
    ///
    /// # Errors
    /// [`LoadError`] if a task that is needed has no usable model.
    pub fn load(runtime: &Runtime, registry: &Registry, settings: &Settings) -> Result<Self, LoadError> {
        let task = Task::SpeakerVerification;
        let assignment = registry.tasks().get(&task).ok_or(LoadError::Unassigned(task))?;
        let mut loading =
            Loading { runtime, registry, settings, loaded: Vec::new(), refused: BTreeMap::new() };
        for id in std::iter::once(&assignment.active).chain(&assignment.fallback) {
            if let Some(serving) = loading.system(id)? {
                let health = health::of(registry, &loading.loaded, &serving.id, &loading.refused);
                let listed = registry.systems().iter().map(|(id, entry)| System::listed(id, entry));
                let speakers = SpeakerModels::new(loading.loaded, serving, listed, *id == assignment.active);
                return Ok(Self { speakers: Ok(speakers), health });
            }
        }
        Err(LoadError::AllRefused { task, refused: loading.refused.into_iter().collect() })
    }

    /// No models: everything that needs one is refused with `reason`, and the rest of the program works.
    #[must_use]
    pub fn none(reason: String) -> Self {
        Self { speakers: Err(reason), health: Vec::new() }
    }

    /// The models that make embeddings.
    ///
    /// # Errors
    /// Why there are none, as a sentence.
    pub fn speakers(&self) -> Result<&SpeakerModels, &str> {
        self.speakers.as_ref().map_err(String::as_str)
    }

    /// The health of every listed model and fusion, by id.
    #[must_use]
    pub fn health(&self) -> &[ModelHealth] {
        &self.health
    }
}

/// Loading, with what came of it so far.
struct Loading<'a> {
    runtime: &'a Runtime,
    registry: &'a Registry,
    settings: &'a Settings,
    loaded: Vec<SpeakerModel>,
    refused: BTreeMap<ModelId, Refusal>,
}

impl Loading<'_> {
    /// The model or fusion `id`, if all of it can be used.
    fn system(&mut self, id: &ModelId) -> Result<Option<System>, LoadError> {
        let Some(listed) = self.registry.systems().get(id) else {
            return Ok(self.model(id)?.map(System::alone));
        };
        let mut missing = Vec::new();
        for member in listed.members.keys() {
            if self.model(member)?.is_none() {
                missing.push(member.clone());
            }
        }
        if !missing.is_empty() {
            let refusal = Refusal::Members(missing);
            tracing::error!(system = %id, %refusal, "fusion refused");
            self.refused.insert(id.clone(), refusal);
            return Ok(None);
        }
        Ok(Some(System::listed(id, listed)))
    }

    /// The metadata of the model `id`, which is loaded if it is not yet.
    fn model(&mut self, id: &ModelId) -> Result<Option<&Metadata>, LoadError> {
        if self.refused.contains_key(id) {
            return Ok(None);
        }
        if !self.loaded.iter().any(|model| model.metadata().id == *id) {
            let loaded = self.read(id);
            match loaded {
                Ok(model) => {
                    let model = model?;
                    tracing::info!(model = %id, file = %model.running().id, "model loaded");
                    self.loaded.push(model);
                }
                Err(refusal) => {
                    tracing::error!(model = %id, %refusal, "model refused");
                    self.refused.insert(id.clone(), refusal);
                }
            }
        }
        Ok(self.loaded.iter().map(SpeakerModel::metadata).find(|metadata| metadata.id == *id))
    }

    /// The model `id`, in its quantized form where that is wanted and usable.
    fn read(&mut self, id: &ModelId) -> Result<Result<SpeakerModel, std::io::Error>, Refusal> {
        let task = Task::SpeakerVerification;
        let (metadata, bytes) = self.registry.read(id, task)?;
        let wanted = match self.settings.quantized {
            Quantized::Auto => int8_is_fast(),
            Quantized::Never => false,
            Quantized::Always => true,
        };
        if let Some(quantized) = metadata.quantized.as_ref().filter(|_| wanted) {
            let loaded = self.registry.read(quantized, task).and_then(|(form, bytes)| {
                SpeakerModel::load(self.runtime, metadata.clone(), form.clone(), &bytes, self.settings)
            });
            match loaded {
                Ok(model) => return Ok(model),
                Err(refusal) => {
                    tracing::error!(model = %quantized, %refusal, "quantized model refused");
                    self.refused.insert(quantized.clone(), refusal);
                }
            }
        }
        SpeakerModel::load(self.runtime, metadata.clone(), metadata.clone(), &bytes, self.settings)
    }
}

fn list(refused: &[(ModelId, Refusal)]) -> String {
    refused.iter().map(|(id, refusal)| format!("{id}: {refusal}")).collect::<Vec<_>>().join("; ")
}
