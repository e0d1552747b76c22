//! Networks that take the audio itself and answer with the logits of an attack and of bona fide speech.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use voicegate_audio::Pcm;

use crate::registry::{Metadata, Refusal};
use crate::served::Worker;
use crate::{Answers, ModelSession, Runtime, SessionError, self_test};

/// Windows of a long recording that are looked at, spread evenly: bounds the time of one attempt.
const MOST_WINDOWS: usize = 4;

/// Least audio a network is asked about: what it says of less is noise.
const MIN_SECONDS: f32 = 0.5;

/// What a network makes of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Logit of an attack minus logit of bona fide speech, the mean over windows: the higher, the likelier an attack.
    /// What it means in odds is the calibration's to say.
    pub score: f64,
    /// Time in the network.
    pub inference: Duration,
}

/// Why there is no score.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// Less audio than the network can judge.
    #[error("{seconds:.2} s of audio; a countermeasure needs at least {MIN_SECONDS} s")]
    TooShort {
        /// What was given.
        seconds: f32,
    },
    /// The network failed.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// One session of the network in `bytes`.
pub(crate) fn worker(
    runtime: &Runtime,
    bytes: &[u8],
    metadata: &Metadata,
    threads: NonZeroUsize,
) -> Result<Worker<Result<Scored, ScoreError>>, Refusal> {
    let mut network = Network::new(runtime, bytes, metadata, threads)?;
    if let Some(test) = &metadata.self_test {
        self_test::compare(test, &network.logits(&test.signal.pcm())?)?;
    }
    Ok(Box::new(move |pcm| network.score(&pcm)))
}

struct Network {
    session: ModelSession,
    /// Samples that it takes at a time; none if any number will do.
    window: Option<usize>,
}

impl Network {
    fn new(
        runtime: &Runtime,
        bytes: &[u8],
        metadata: &Metadata,
        threads: NonZeroUsize,
    ) -> Result<Self, SessionError> {
        let window = metadata.input.window_samples.map(|samples| samples as usize);
        let session = ModelSession::new(runtime, bytes, threads, [None, window], (Answers::PerItem, 2))?;
        Ok(Self { session, window })
    }

    fn score(&mut self, pcm: &Pcm) -> Result<Scored, ScoreError> {
        if pcm.duration_s() < MIN_SECONDS {
            return Err(ScoreError::TooShort { seconds: pcm.duration_s() });
        }
        let start = Instant::now();
        let logits = self.logits(pcm)?;
        let score = f64::from(logits[0]) - f64::from(logits[1]);
        if !score.is_finite() {
            return Err(SessionError::Run("the score is not a number".to_owned()).into());
        }
        Ok(Scored { score, inference: start.elapsed() })
    }

    /// The logits of an attack and of bona fide speech, their mean over windows.
    fn logits(&mut self, pcm: &Pcm) -> Result<[f32; 2], SessionError> {
        let windows = windows(pcm.samples(), self.window);
        let mut sum = [0.0; 2];
        for window in &windows {
            let logits = self.session.run([1, window.len()], window)?;
            sum.iter_mut().zip(logits).for_each(|(sum, logit)| *sum += logit / windows.len() as f32);
        }
        Ok(sum)
    }
}

/// What a network that takes `length` samples is shown: the recording repeated until it is long enough (as its authors
/// did), or windows that cover it evenly, at most [`MOST_WINDOWS`]. Without a length, the whole recording.
fn windows(samples: &[f32], length: Option<usize>) -> Vec<Vec<f32>> {
    let Some(length) = length else { return vec![samples.to_vec()] };
    if samples.len() <= length {
        return vec![samples.iter().copied().cycle().take(length).collect()];
    }
    let count = samples.len().div_ceil(length).min(MOST_WINDOWS);
    let room = samples.len() - length;
    let start = |n: usize| room * n / (count - 1);
    (0..count).map(|n| samples[start(n)..start(n) + length].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_repeat_what_is_short_and_cover_what_is_long() {
        let ramp = |n: usize| (0..n).map(|i| i as f32).collect::<Vec<_>>();
        assert_eq!(windows(&ramp(3), None), [[0.0, 1.0, 2.0]]);
        assert_eq!(windows(&ramp(3), Some(7)), [[0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0]]);
        assert_eq!(windows(&ramp(4), Some(4)).len(), 1);
        for (samples, expected) in [(5, 2), (8, 2), (9, 3), (16, 4), (1000, 4)] {
            let windows = windows(&ramp(samples), Some(4));
            assert_eq!(windows.len(), expected, "{samples}");
            assert!(windows.iter().all(|window| window.len() == 4));
            assert_eq!(windows[0][0], 0.0);
            assert_eq!(*windows.last().unwrap().last().unwrap(), (samples - 1) as f32);
        }
        assert!(windows(&[], Some(4))[0].is_empty(), "no panic; the length is checked before");
    }
}
