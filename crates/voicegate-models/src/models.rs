//! The models that serve, chosen out of a registry.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::loading::{LoadState, Loader, Loading};
use crate::registry::{ModelId, Refusal, Registry, Task};
use crate::{
    Countermeasures, CtcNetwork, ModelHealth, PeerError, PeerSettings, PoolSettings, Recogniser, Runtime,
    SpeakerModels, System, WhisperClient, WhisperServer, antispoofing, health, recogniser, speaker,
};

/// How models run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Sessions that run side by side, each with its own copy of the weights.
    pub workers: NonZeroUsize,
    /// Threads inside one run.
    pub threads_per_worker: NonZeroUsize,
    /// Queue and deadline.
    pub pool: PoolSettings,
    /// Whether the quantized form of a model serves where there is one.
    pub quantized: Quantized,
    /// A server that hears the words of challenges in place of the registry's network.
    pub whisper: Option<PeerSettings>,
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
            whisper: None,
        }
    }
}

/// The loaded models of each task, or why there are none.
pub struct Models {
    speakers: Result<SpeakerModels, String>,
    countermeasures: Result<Countermeasures, String>,
    recogniser: Result<Recogniser, String>,
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
    /// Nobody knows what its answers mean.
    #[error("the model for {0} was not fitted")]
    Unfitted(Task),
    /// The settings name no server that may hear recordings.
    #[error("the words of challenges cannot be sent away: {0}")]
    Whisper(#[from] PeerError),
    /// The system gives no more threads.
    #[error("the threads of the models cannot be started: {0}")]
    Threads(#[from] std::io::Error),
}

impl Models {
    /// Loads the active model or fusion of each task; the fallback where that one cannot be used whole. Without a
    /// countermeasure or a recogniser the rest works, and whoever needs one is told why it is missing.
    ///
    /// # Errors
    /// [`LoadError`] if there is no usable speaker model, or no thread for one of the models.
    pub fn load(runtime: &Runtime, registry: &Registry, settings: &Settings) -> Result<Self, LoadError> {
        let mut state = LoadState::default();
        let loader = Loader { runtime, registry, settings };
        let speakers = speakers(loader, &mut state)?;
        let countermeasures = or_reason(countermeasures(loader, &mut state))?;
        let recogniser = or_reason(recogniser(loader, &mut state))?;
        let health = health::of(registry, &state);
        Ok(Self { speakers: Ok(speakers), countermeasures, recogniser, health })
    }

    /// No models: everything that needs one is refused with `reason`, and the rest of the program works.
    #[must_use]
    pub fn none(reason: String) -> Self {
        Self {
            speakers: Err(reason.clone()),
            countermeasures: Err(reason.clone()),
            recogniser: Err(reason),
            health: Vec::new(),
        }
    }

    /// The models that make embeddings.
    ///
    /// # Errors
    /// Why there are none, as a sentence.
    pub fn speakers(&self) -> Result<&SpeakerModels, &str> {
        self.speakers.as_ref().map_err(String::as_str)
    }

    /// The models that tell bona fide speech from replayed and synthetic speech.
    ///
    /// # Errors
    /// Why there are none, as a sentence.
    pub fn countermeasures(&self) -> Result<&Countermeasures, &str> {
        self.countermeasures.as_ref().map_err(String::as_str)
    }

    /// Who hears the words of a challenge.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    pub fn recogniser(&self) -> Result<&Recogniser, &str> {
        self.recogniser.as_ref().map_err(String::as_str)
    }

    /// The health of every listed model and fusion, by id.
    #[must_use]
    pub fn health(&self) -> &[ModelHealth] {
        &self.health
    }
}

fn speakers(loader: Loader<'_>, state: &mut LoadState) -> Result<SpeakerModels, LoadError> {
    let systems = loader.registry.systems();
    let loading = Loading::new(loader, Task::SpeakerVerification, speaker::worker);
    let serving = loading.serve(state, |loading, id| match systems.get(id) {
        None => Ok(loading.model(id)?.map(System::alone)),
        Some(listed) => Ok(loading.whole(id, listed.members.keys())?.then(|| System::listed(id, listed))),
    })?;
    let listed = systems.iter().map(|(id, entry)| System::listed(id, entry));
    Ok(SpeakerModels::new(serving.models, serving.system, listed, serving.first_choice))
}

fn countermeasures(loader: Loader<'_>, state: &mut LoadState) -> Result<Countermeasures, LoadError> {
    let fusions = loader.registry.countermeasures();
    let loading = Loading::new(loader, Task::Antispoofing, antispoofing::worker);
    let serving = loading.serve(state, |loading, id| match fusions.get(id) {
        None => Ok(None),
        Some(listed) => Ok(loading.whole(id, &listed.models)?.then(|| (id.clone(), listed.fitted.clone()))),
    })?;
    let (id, fitted) = serving.system;
    Ok(Countermeasures::new(id, fitted, serving.models))
}

fn recogniser(loader: Loader<'_>, state: &mut LoadState) -> Result<Recogniser, LoadError> {
    if let Some(settings) = &loader.settings.whisper {
        let pool = PoolSettings { deadline: settings.timeout, ..loader.settings.pool };
        return Ok(Recogniser::Whisper(WhisperServer::start(&WhisperClient::new(settings)?, pool)?));
    }
    let loading = Loading::new(loader, Task::SpeechRecognition, recogniser::worker);
    let serving = loading.serve(state, |loading, id| Ok(loading.model(id)?.map(|_| ())))?;
    // The first that could be loaded serves, and no other was tried.
    let model = serving.models.into_iter().next();
    model
        .and_then(CtcNetwork::new)
        .map(|network| Recogniser::Network(Box::new(network)))
        .ok_or(LoadError::Unfitted(Task::SpeechRecognition))
}

/// What a missing model means where the program can do without.
fn or_reason<T>(loaded: Result<T, LoadError>) -> Result<Result<T, String>, LoadError> {
    match loaded {
        Err(LoadError::Threads(error)) => Err(LoadError::Threads(error)),
        other => Ok(other.map_err(|error| {
            tracing::warn!(%error, "some checks cannot be made");
            error.to_string()
        })),
    }
}

fn list(refused: &[(ModelId, Refusal)]) -> String {
    refused.iter().map(|(id, refusal)| format!("{id}: {refusal}")).collect::<Vec<_>>().join("; ")
}
