//! Speech into speaker embeddings.

mod ge2e;
mod model;
mod network;
mod rendering;
mod set;

use std::num::NonZeroUsize;
use std::time::Duration;

use voicegate_audio::Pcm;
use voicegate_core::{Embedding, EmbeddingError};

pub use ge2e::Ge2eExtractor;
pub use model::SpeakerModel;
pub(crate) use model::worker;
pub use network::{EcapaTdnnExtractor, ResNet34SeExtractor, WINDOW_SECONDS};
pub use rendering::{quality_measures, renderings};
pub use set::{Heard, SpeakerModels, System};

use crate::registry::{Architecture, Metadata, Refusal, Task};
use crate::{PoolError, Runtime, SessionError, self_test};

/// Least audio an embedding is computed from; what a decision needs is the policy's to say, and is more.
pub const MIN_SECONDS: f32 = 0.25;

/// A network with its own front end.
pub trait SpeakerExtractor: Send {
    /// The embedding of `pcm`.
    ///
    /// # Errors
    /// [`EmbedError::TooShort`] under [`MIN_SECONDS`]; [`EmbedError::Session`] or [`EmbedError::Answer`] if the network
    /// fails.
    fn embed(&mut self, pcm: &Pcm) -> Result<Embedded, EmbedError>;
}

/// Loads the extractor that `metadata` asks for, and runs its self-test.
///
/// # Errors
/// [`Refusal::Session`] if the graph does not load or does not fit `metadata`; [`Refusal::SelfTest`] if it answers its
/// test signal with something else than `metadata` says.
pub fn extractor(
    runtime: &Runtime,
    bytes: &[u8],
    metadata: &Metadata,
    threads: NonZeroUsize,
) -> Result<Box<dyn SpeakerExtractor>, Refusal> {
    let mut extractor: Box<dyn SpeakerExtractor> = match metadata.architecture {
        Architecture::EcapaTdnn => Box::new(EcapaTdnnExtractor::new(runtime, bytes, metadata, threads)?),
        Architecture::ResNet34Se => Box::new(ResNet34SeExtractor::new(runtime, bytes, metadata, threads)?),
        Architecture::Ge2e => Box::new(Ge2eExtractor::new(runtime, bytes, metadata, threads)?),
        Architecture::Aasist | Architecture::SpoofResnet | Architecture::CtcConv => {
            return Err(Refusal::Task { expected: Task::SpeakerVerification, found: metadata.task });
        }
    };
    if let Some(test) = &metadata.self_test {
        let answer = extractor.embed(&test.signal.pcm()).map_err(|error| match error {
            EmbedError::Session(error) => Refusal::Session(error),
            error => Refusal::Session(SessionError::Run(error.to_string())),
        })?;
        self_test::compare(test, answer.embedding.values())?;
    }
    Ok(extractor)
}

/// An embedding and the time it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Direction of the voice.
    pub embedding: Embedding,
    /// Time in the queue (zero without one).
    pub waited: Duration,
    /// Time for the features.
    pub features: Duration,
    /// Time in the network.
    pub inference: Duration,
}

/// Why there is no embedding.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EmbedError {
    /// Less audio than the network can use.
    #[error("{seconds:.2} s of audio; an embedding needs at least {MIN_SECONDS} s")]
    TooShort {
        /// What was given.
        seconds: f32,
    },
    /// The queue refused, timed out or is shutting down.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The network failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The network's answer is no embedding.
    #[error(transparent)]
    Answer(#[from] EmbeddingError),
}
