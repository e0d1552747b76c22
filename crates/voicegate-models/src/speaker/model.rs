use std::sync::Arc;

use voicegate_audio::Pcm;

use super::{EcapaTdnnExtractor, EmbedError, Embedded};
use crate::registry::{Metadata, Refusal};
use crate::{Answer, Pool, PoolError, Runtime, Settings};

/// A speaker model at work: its metadata and the threads that run it.
pub struct SpeakerModel {
    metadata: Metadata,
    pool: Pool<Arc<Pcm>, Result<Embedded, EmbedError>>,
}

impl SpeakerModel {
    /// Loads one session per worker. The self-test runs on each.
    pub(crate) fn load(
        runtime: &Runtime,
        metadata: Metadata,
        bytes: &[u8],
        settings: &Settings,
    ) -> Result<Result<Self, std::io::Error>, Refusal> {
        let workers = (0..settings.workers.get())
            .map(|_| {
                let mut extractor =
                    EcapaTdnnExtractor::new(runtime, bytes, &metadata, settings.threads_per_worker)?;
                Ok(move |pcm: Arc<Pcm>| extractor.embed(&pcm))
            })
            .collect::<Result<Vec<_>, Refusal>>()?;
        Ok(Pool::start("vg-speaker", workers, settings.pool).map(|pool| Self { metadata, pool }))
    }

    /// What is known of the model.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The embedding of `pcm`; blocks the calling thread.
    ///
    /// # Errors
    /// [`EmbedError`]; [`PoolError::Overloaded`] at once if the queue is full.
    pub fn embed(&self, pcm: Arc<Pcm>) -> Result<Embedded, EmbedError> {
        flatten(self.pool.submit(pcm)?.wait())
    }

    /// The embedding of `pcm`, for async callers; dropping the future cancels work that has not started.
    ///
    /// # Errors
    /// [`EmbedError`]; [`PoolError::Overloaded`] at once if the queue is full.
    pub async fn embed_async(&self, pcm: Arc<Pcm>) -> Result<Embedded, EmbedError> {
        flatten(self.pool.submit(pcm)?.ready().await)
    }

    /// Utterances waiting now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }
}

fn flatten(answer: Result<Answer<Result<Embedded, EmbedError>>, PoolError>) -> Result<Embedded, EmbedError> {
    let Answer { result, waited } = answer?;
    result.map(|embedded| Embedded { waited, ..embedded })
}
