use std::num::NonZeroUsize;
use std::sync::Arc;

use voicegate_audio::Pcm;

use super::{EmbedError, Embedded, extractor};
use crate::registry::{Metadata, Refusal};
use crate::served::{Served, Worker};
use crate::{Answer, PoolError, Runtime, Ticket};

type Answered = Result<Embedded, EmbedError>;

/// A claim on the embedding of one recording.
pub(super) type EmbedTicket = Ticket<Answered>;

/// A speaker model at work.
pub type SpeakerModel = Served<Answered>;

impl SpeakerModel {
    /// The embedding of `pcm`; blocks the calling thread.
    ///
    /// # Errors
    /// [`EmbedError`]; [`PoolError::Overloaded`] at once if the queue is full.
    pub fn embed(&self, pcm: Arc<Pcm>) -> Result<Embedded, EmbedError> {
        embedded(self.answer(pcm))
    }
}

/// One session of the extractor that `metadata` asks for.
pub(crate) fn worker(
    runtime: &Runtime,
    bytes: &[u8],
    metadata: &Metadata,
    threads: NonZeroUsize,
) -> Result<Worker<Answered>, Refusal> {
    let mut extractor = extractor(runtime, bytes, metadata, threads)?;
    Ok(Box::new(move |pcm| extractor.embed(&pcm)))
}

/// The embedding out of a pool's answer, with its time in the queue.
pub(super) fn embedded(answer: Result<Answer<Answered>, PoolError>) -> Answered {
    let Answer { result, waited } = answer?;
    result.map(|embedded| Embedded { waited, ..embedded })
}
