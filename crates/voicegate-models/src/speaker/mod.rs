//! Speech into speaker embeddings.

mod ecapa_tdnn;
mod model;

pub use ecapa_tdnn::{EcapaTdnnExtractor, MIN_SECONDS, WINDOW_SECONDS};
pub use model::SpeakerModel;

use std::time::Duration;

use voicegate_core::{Embedding, EmbeddingError};

use crate::{PoolError, SessionError};

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
