use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use voicegate_audio::{Pcm, SAMPLE_RATE, log_mel};
use voicegate_core::{Embedding, EmbeddingError};

use super::{EmbedError, Embedded};
use crate::registry::{Metadata, Refusal};
use crate::{ModelSession, Runtime, SessionError, self_test};

/// Least audio an embedding is computed from; what a decision needs is the policy's to say, and is more.
pub const MIN_SECONDS: f32 = 0.25;

/// Audio above this is cut into equal windows whose embeddings are averaged, which bounds memory and keeps each
/// window near the lengths the network was trained on.
pub const WINDOW_SECONDS: f32 = 20.0;

/// ECAPA-TDNN (Desplanques et al., 2020, arXiv:2005.07143) on log-mel features. Used by one thread at a time.
pub struct EcapaTdnnExtractor {
    session: ModelSession,
    mel_bins: usize,
}

impl EcapaTdnnExtractor {
    /// Loads the network out of `bytes`; `threads` work inside one run.
    ///
    /// # Errors
    /// [`Refusal::Session`] if the graph does not load or does not fit `metadata`; [`Refusal::SelfTest`] if it answers
    /// its test signal with something else than `metadata` says.
    pub fn new(
        runtime: &Runtime,
        bytes: &[u8],
        metadata: &Metadata,
        threads: NonZeroUsize,
    ) -> Result<Self, Refusal> {
        let (mel_bins, dimensions) = (metadata.input.mel_bins as usize, metadata.output.dimensions as usize);
        let session = ModelSession::new(runtime, bytes, threads, [None, Some(mel_bins), None], dimensions)?;
        let mut extractor = Self { session, mel_bins };
        if let Some(test) = &metadata.self_test {
            let answer = extractor.embed(&test.signal.pcm()).map_err(|error| match error {
                EmbedError::Session(error) => Refusal::Session(error),
                error => Refusal::Session(SessionError::Run(error.to_string())),
            })?;
            self_test::compare(test, &answer.embedding)?;
        }
        Ok(extractor)
    }

    /// The embedding of `pcm`.
    ///
    /// # Errors
    /// [`EmbedError::TooShort`] under [`MIN_SECONDS`]; [`EmbedError::Session`] or [`EmbedError::Answer`] if the network
    /// fails.
    pub fn embed(&mut self, pcm: &Pcm) -> Result<Embedded, EmbedError> {
        if pcm.duration_s() < MIN_SECONDS {
            return Err(EmbedError::TooShort { seconds: pcm.duration_s() });
        }
        let mut done = Timing::default();
        let mut windows = windows(pcm.samples());
        let first = windows.next().ok_or(EmbedError::TooShort { seconds: 0.0 })?;
        let embedding = if first.len() == pcm.samples().len() {
            self.window(pcm, &mut done)?
        } else {
            let embeddings = std::iter::once(first)
                .chain(windows)
                .map(|window| self.window(&Pcm::new(window.to_vec()), &mut done))
                .collect::<Result<Vec<_>, _>>()?;
            Embedding::mean(&embeddings).ok_or(EmbeddingError::Zero)?
        };
        Ok(Embedded { embedding, waited: Duration::ZERO, features: done.features, inference: done.inference })
    }

    fn window(&mut self, pcm: &Pcm, done: &mut Timing) -> Result<Embedding, EmbedError> {
        let start = Instant::now();
        let features = log_mel(pcm);
        let input = features.bin_major();
        let extracted = Instant::now();
        let output = self.session.run([1, self.mel_bins, features.frames()], &input)?;
        let embedding = Embedding::new(output)?;
        done.features += extracted - start;
        done.inference += extracted.elapsed();
        Ok(embedding)
    }
}

#[derive(Default)]
struct Timing {
    features: Duration,
    inference: Duration,
}

/// Equal windows of at most [`WINDOW_SECONDS`]; the last is shorter by less than one sample per window.
fn windows(samples: &[f32]) -> impl Iterator<Item = &[f32]> {
    let longest = (WINDOW_SECONDS * SAMPLE_RATE as f32) as usize;
    let count = samples.len().div_ceil(longest).max(1);
    samples.chunks(samples.len().div_ceil(count).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_everything_evenly() {
        for (seconds, expected) in [(1, 1), (20, 1), (21, 2), (60, 3), (61, 4)] {
            let samples = vec![0.0; seconds * 16_000 + 1 - usize::from(seconds == 20 || seconds == 60)];
            let lengths: Vec<usize> = windows(&samples).map(<[f32]>::len).collect();
            assert_eq!(lengths.iter().sum::<usize>(), samples.len());
            assert_eq!(lengths.len(), expected, "{seconds} s: {lengths:?}");
            let (least, most) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
            assert!(most - least <= lengths.len() && *most <= 320_000, "{lengths:?}");
        }
    }
}
