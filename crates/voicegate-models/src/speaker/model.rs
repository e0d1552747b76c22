use std::sync::Arc;

use voicegate_audio::Pcm;

use super::{EmbedError, Embedded, extractor};
use crate::registry::{Metadata, Refusal};
use crate::{Answer, Pool, PoolError, Runtime, Settings, Ticket};

type Answered = Result<Embedded, EmbedError>;

/// A claim on the embedding of one recording.
pub(super) type EmbedTicket = Ticket<Answered>;

/// A speaker model at work: its metadata and the threads that run it.
pub struct SpeakerModel {
    metadata: Metadata,
    running: Metadata,
    pool: Pool<Arc<Pcm>, Answered>,
}

impl SpeakerModel {
    /// Loads the network of `running` out of `bytes`, one session per worker, to serve as `metadata`. The self-test runs
    /// on each.
    pub(crate) fn load(
        runtime: &Runtime,
        metadata: Metadata,
        running: Metadata,
        bytes: &[u8],
        settings: &Settings,
    ) -> Result<Result<Self, std::io::Error>, Refusal> {
        let workers = (0..settings.workers.get())
            .map(|_| {
                let mut extractor = extractor(runtime, bytes, &running, settings.threads_per_worker)?;
                Ok(move |pcm: Arc<Pcm>| extractor.embed(&pcm))
            })
            .collect::<Result<Vec<_>, Refusal>>()?;
        Ok(Pool::start("vg-speaker", workers, settings.pool).map(|pool| Self { metadata, running, pool }))
    }

    /// What is known of the model.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What is known of the network that runs: the same, or its quantized form.
    #[must_use]
    pub fn running(&self) -> &Metadata {
        &self.running
    }

    /// The embedding of `pcm`; blocks the calling thread.
    ///
    /// # Errors
    /// [`EmbedError`]; [`PoolError::Overloaded`] at once if the queue is full.
    pub fn embed(&self, pcm: Arc<Pcm>) -> Result<Embedded, EmbedError> {
        embedded(self.submit(pcm)?.wait())
    }

    /// Utterances waiting now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    pub(super) fn submit(&self, pcm: Arc<Pcm>) -> Result<EmbedTicket, PoolError> {
        self.pool.submit(pcm)
    }
}

/// The embedding out of a pool's answer, with its time in the queue.
pub(super) fn embedded(answer: Result<Answer<Answered>, PoolError>) -> Answered {
    let Answer { result, waited } = answer?;
    result.map(|embedded| Embedded { waited, ..embedded })
}
