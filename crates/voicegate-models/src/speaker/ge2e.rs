//! GE2E (Wan et al., 2018, arXiv:1710.10467) as Resemblyzer trained it.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use voicegate_audio::{Pcm, ge2e_partials};
use voicegate_core::{Embedding, EmbeddingError};

use super::{EmbedError, Embedded, MIN_SECONDS, SpeakerExtractor};
use crate::registry::Metadata;
use crate::{Answers, ModelSession, Runtime, SessionError};

/// Frames of a partial utterance: 1.6 s.
const PARTIAL_FRAMES: usize = 160;

/// Mel bins of a frame.
const MEL_BINS: usize = 40;

/// Partial utterances in one run: bounds the memory of long audio.
const BATCH: usize = 16;

/// Three LSTM layers over partial utterances of 1.6 s, whose embeddings are averaged. Used by one thread at a time.
pub struct Ge2eExtractor {
    session: ModelSession,
    dimensions: usize,
}

impl Ge2eExtractor {
    /// Loads the network out of `bytes`; `threads` work inside one run.
    ///
    /// # Errors
    /// [`SessionError`] if the graph does not load or does not fit `metadata`.
    pub fn new(
        runtime: &Runtime,
        bytes: &[u8],
        metadata: &Metadata,
        threads: NonZeroUsize,
    ) -> Result<Self, SessionError> {
        let dimensions = metadata.output.dimensions as usize;
        let input = [None, Some(PARTIAL_FRAMES), Some(MEL_BINS)];
        let session = ModelSession::new(runtime, bytes, threads, input, (Answers::PerItem, dimensions))?;
        Ok(Self { session, dimensions })
    }
}

impl SpeakerExtractor for Ge2eExtractor {
    fn embed(&mut self, pcm: &Pcm) -> Result<Embedded, EmbedError> {
        if pcm.duration_s() < MIN_SECONDS {
            return Err(EmbedError::TooShort { seconds: pcm.duration_s() });
        }
        let start = Instant::now();
        let partials = ge2e_partials(pcm);
        let features = start.elapsed();
        let start = Instant::now();
        let mut embeddings = Vec::with_capacity(partials.len());
        for batch in partials.chunks(BATCH) {
            let output = self.session.run([batch.len(), PARTIAL_FRAMES, MEL_BINS], &batch.concat())?;
            for values in output.chunks(self.dimensions) {
                embeddings.push(Embedding::new(values.to_vec())?);
            }
        }
        let embedding = Embedding::mean(&embeddings).ok_or(EmbeddingError::Zero)?;
        Ok(Embedded { embedding, waited: Duration::ZERO, features, inference: start.elapsed() })
    }
}
