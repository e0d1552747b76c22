use std::num::NonZeroUsize;
use std::sync::Arc;

use voicegate_audio::Pcm;

use crate::registry::{Metadata, Refusal};
use crate::{Answer, Pool, PoolError, Runtime, Settings, Ticket};

/// One session's work: a recording in, an answer out.
pub(crate) type Worker<R> = Box<dyn FnMut(Arc<Pcm>) -> R + Send>;

/// Makes a worker out of a model's bytes, after its self-test. The number says how many threads work inside one run.
pub(crate) type MakeWorker<R> = fn(&Runtime, &[u8], &Metadata, NonZeroUsize) -> Result<Worker<R>, Refusal>;

/// A model at work: its metadata and the threads that run it. `R` is what comes out of a recording.
pub struct Served<R> {
    metadata: Metadata,
    running: Metadata,
    pool: Pool<Arc<Pcm>, R>,
}

impl<R: Send + 'static> Served<R> {
    /// Loads the network of `running` out of `bytes`, one session per worker, to serve as `metadata`. The self-test runs
    /// on each.
    pub(crate) fn load(
        runtime: &Runtime,
        (metadata, running): (Metadata, Metadata),
        bytes: &[u8],
        settings: &Settings,
        make: MakeWorker<R>,
    ) -> Result<Result<Self, std::io::Error>, Refusal> {
        let workers = (0..settings.workers.get())
            .map(|_| make(runtime, bytes, &running, settings.threads_per_worker))
            .collect::<Result<Vec<_>, Refusal>>()?;
        Ok(Pool::start("vg-model", workers, settings.pool).map(|pool| Self { metadata, running, pool }))
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

    /// Utterances waiting now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// Asks for the answer to `pcm`.
    ///
    /// # Errors
    /// [`PoolError::Overloaded`] at once if the queue is full.
    pub fn submit(&self, pcm: Arc<Pcm>) -> Result<Ticket<R>, PoolError> {
        self.pool.submit(pcm)
    }

    /// The answer to `pcm`; blocks the calling thread.
    ///
    /// # Errors
    /// [`PoolError`].
    pub fn answer(&self, pcm: Arc<Pcm>) -> Result<Answer<R>, PoolError> {
        self.submit(pcm)?.wait()
    }
}
