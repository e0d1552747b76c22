//! Who hears whether the words of a challenge were said.

mod network;
mod whisper;

use std::sync::Arc;

use voicegate_audio::Pcm;
use voicegate_core::challenge::posteriors::Unusable;
use voicegate_core::challenge::verdict::DeafTo;
use voicegate_core::challenge::{Heard, Prompt};

pub use network::CtcNetwork;
pub(crate) use network::worker;
pub use whisper::{WhisperClient, WhisperError, WhisperServer};

use crate::{PoolError, SessionError};

/// Longest recording that is listened to: a challenge is a few words.
const MAX_SECONDS: f32 = 60.0;

/// Why nothing was heard. Nothing of what was said stands in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HearError {
    /// More than it listens to.
    #[error("{seconds:.0} s of audio; the words of a challenge are looked for in at most {MAX_SECONDS} s")]
    TooLong {
        /// What was given.
        seconds: f32,
    },
    /// The queue refused, timed out or is shutting down.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The network failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The network's answers are no posteriors.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The network cannot hear this prompt.
    #[error(transparent)]
    Deaf(#[from] DeafTo),
    /// The server gave no transcript.
    #[error(transparent)]
    Whisper(#[from] WhisperError),
}

/// Who hears whether the words of a challenge were said.
pub enum Recogniser {
    /// A network of the registry.
    Network(Box<CtcNetwork>),
    /// A server of whisper.cpp.
    Whisper(WhisperServer),
}

impl Recogniser {
    /// Its name: the registry id of the network, or `whisper`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Network(network) => network.metadata().id.as_str(),
            Self::Whisper(_) => "whisper",
        }
    }

    /// Listens to `pcm` for the words of `prompt`; dropping the future cancels work that has not started.
    ///
    /// # Errors
    /// [`HearError`].
    pub async fn hear_async(&self, pcm: Arc<Pcm>, prompt: &Prompt) -> Result<Heard, HearError> {
        short_enough(&pcm)?;
        match self {
            Self::Network(network) => network.judge(&network.submit(pcm)?.ready().await?.result?, prompt),
            Self::Whisper(server) => Ok(server.submit(pcm, prompt)?.ready().await?.result?),
        }
    }

    /// Listens to `pcm` for the words of `prompt`; blocks the calling thread.
    ///
    /// # Errors
    /// [`HearError`].
    pub fn hear(&self, pcm: Arc<Pcm>, prompt: &Prompt) -> Result<Heard, HearError> {
        short_enough(&pcm)?;
        match self {
            Self::Network(network) => network.judge(&network.submit(pcm)?.wait()?.result?, prompt),
            Self::Whisper(server) => Ok(server.submit(pcm, prompt)?.wait()?.result?),
        }
    }
}

fn short_enough(pcm: &Pcm) -> Result<(), HearError> {
    match pcm.duration_s() {
        seconds if seconds > MAX_SECONDS => Err(HearError::TooLong { seconds }),
        _ => Ok(()),
    }
}
