//! Networks that give one embedding of a whole window: ECAPA-TDNN and ResNet34-SE. They take log-mel features, or the
//! audio itself where the graph holds the front end that the network was trained with.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use voicegate_audio::{Pcm, SAMPLE_RATE, log_mel};
use voicegate_core::{Embedding, EmbeddingError};

use super::{EmbedError, Embedded, MIN_SECONDS, SpeakerExtractor};
use crate::registry::Metadata;
use crate::{Answers, ModelSession, Runtime, SessionError};

/// Audio above this is cut into equal windows whose embeddings are averaged, which bounds memory and keeps each
/// window near the lengths the networks were trained on.
pub const WINDOW_SECONDS: f32 = 20.0;

/// ECAPA-TDNN (Desplanques et al., 2020, arXiv:2005.07143). Used by one thread at a time.
pub struct EcapaTdnnExtractor(Network);

/// ResNet34 with squeeze-excitation (Chung et al., 2020, arXiv:2003.11982). Used by one thread at a time.
pub struct ResNet34SeExtractor(Network);

macro_rules! network_extractor {
    ($name:ident) => {
        impl $name {
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
                Network::new(runtime, bytes, metadata, threads).map(Self)
            }
        }

        impl SpeakerExtractor for $name {
            fn embed(&mut self, pcm: &Pcm) -> Result<Embedded, EmbedError> {
                self.0.embed(pcm)
            }
        }
    };
}

network_extractor!(EcapaTdnnExtractor);
network_extractor!(ResNet34SeExtractor);

struct Network {
    session: ModelSession,
    /// Mel bins of the features; none where it takes the audio itself.
    mel_bins: Option<usize>,
}

impl Network {
    fn new(
        runtime: &Runtime,
        bytes: &[u8],
        metadata: &Metadata,
        threads: NonZeroUsize,
    ) -> Result<Self, SessionError> {
        let mel_bins = metadata.input.mel_bins.map(|bins| bins as usize);
        let dimensions = metadata.output.dimensions as usize;
        let answers = (Answers::PerItem, dimensions);
        let session = match mel_bins {
            Some(_) => ModelSession::new(runtime, bytes, threads, [None, mel_bins, None], answers),
            None => ModelSession::new(runtime, bytes, threads, [None, None], answers),
        }?;
        Ok(Self { session, mel_bins })
    }

    fn embed(&mut self, pcm: &Pcm) -> Result<Embedded, EmbedError> {
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
        let features = self.mel_bins.map(|bins| {
            let features = log_mel(pcm);
            ([1, bins, features.frames()], features.bin_major())
        });
        let extracted = Instant::now();
        let output = match &features {
            Some((shape, values)) => self.session.run(*shape, values)?,
            None => self.session.run([1, pcm.samples().len()], pcm.samples())?,
        };
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
