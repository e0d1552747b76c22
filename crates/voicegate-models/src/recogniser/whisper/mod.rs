//! The `server` program of whisper.cpp as a recogniser, where an operator runs one.

mod answer;
mod client;

use std::sync::Arc;

use voicegate_audio::Pcm;
use voicegate_core::challenge::transcript::judge;
use voicegate_core::challenge::{Heard, Prompt};

pub use client::WhisperClient;

use crate::{PeerError, Pool, PoolError, PoolSettings, Ticket};

/// Requests that are sent at a time. The server works on one and lets the others wait, within their time.
const AT_A_TIME: usize = 2;

/// Why a server gives no transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhisperError {
    /// It gives no answer.
    #[error("whisper: {0}")]
    Peer(#[from] PeerError),
    /// Its answer is no transcript.
    #[error("the whisper server answers with something else than a transcript")]
    Form,
}

/// A server of whisper.cpp, and the threads that wait for its answers.
pub struct WhisperServer(Pool<(Arc<Pcm>, Prompt), Result<Heard, WhisperError>>);

impl WhisperServer {
    /// The server behind `client`; of the recordings that wait to be sent there may be as many as `pool` says, for as long.
    ///
    /// # Errors
    /// If the system gives no more threads.
    pub fn start(client: &WhisperClient, pool: PoolSettings) -> std::io::Result<Self> {
        let worker = || {
            let client = client.clone();
            move |(pcm, prompt): (Arc<Pcm>, Prompt)| {
                let words = client.transcribe(&pcm, prompt.language)?;
                Ok(judge(&words, &prompt))
            }
        };
        Pool::start("vg-whisper", (0..AT_A_TIME).map(|_| worker()), pool).map(Self)
    }

    /// Has the server listen to `pcm` for `prompt`.
    pub(super) fn submit(
        &self,
        pcm: Arc<Pcm>,
        prompt: &Prompt,
    ) -> Result<Ticket<Result<Heard, WhisperError>>, PoolError> {
        self.0.submit((pcm, prompt.clone()))
    }
}
