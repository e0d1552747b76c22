//! Voice activity detection: where somebody speaks.
//!
//! A small network looks at each frame of 16 ms through a few spectral measures that do not depend on the recording's
//! level. `docs/decisions/0002-vad.md` compares it with the detectors that were not chosen.

mod measures;
mod network;
mod weights;

use std::ops::Range;

pub use self::measures::MEASURES;
pub(crate) use self::measures::{BANDS, Sound};
use crate::pcm::{Pcm, SAMPLE_RATE};

/// Samples per decision: 16 ms.
pub const FRAME: usize = 256;

/// Score from which a frame is speech.
const THRESHOLD: f32 = 0.5;
/// Pauses shorter than this belong to the words around them, in frames: 0.14 s.
const SHORTEST_PAUSE: usize = 9;
/// Speech shorter than this is a click or a bang, in frames: 0.08 s.
const SHORTEST_SPEECH: usize = 5;

/// Which parts of a recording are speech.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Speech {
    segments: Vec<Range<usize>>,
    sounds: Vec<Sound>,
}

impl Speech {
    /// Speech segments in samples, in order and apart from each other.
    pub fn segments(&self) -> &[Range<usize>] {
        &self.segments
    }

    /// Net speech in seconds.
    pub fn net_s(&self) -> f32 {
        self.segments.iter().map(Range::len).sum::<usize>() as f32 / SAMPLE_RATE as f32
    }

    /// What each frame of [`FRAME`] samples sounds like, speech or not.
    pub(crate) fn sounds(&self) -> &[Sound] {
        &self.sounds
    }

    /// For each frame of [`FRAME`] samples, whether it is speech.
    pub(crate) fn frames(&self) -> Vec<bool> {
        let mut frames = vec![false; self.sounds.len()];
        for segment in &self.segments {
            frames[segment.start / FRAME..segment.end / FRAME].fill(true);
        }
        frames
    }

    /// The recording with everything that is not speech left out.
    pub fn cut(&self, pcm: &Pcm) -> Pcm {
        let mut samples = Vec::new();
        for segment in &self.segments {
            samples.extend_from_slice(&pcm.samples()[segment.clone()]);
        }
        Pcm::new(samples)
    }
}

/// What the network looks at, for each whole frame of [`FRAME`] samples. Only fitting the network needs this.
pub fn measures(samples: &[f32]) -> Vec<[f32; MEASURES]> {
    measures::measures(&measures::listen(samples))
}

/// Speech score of each whole frame of [`FRAME`] samples, 0 to 1.
pub fn scores(samples: &[f32]) -> Vec<f32> {
    measures(samples).iter().map(network::score).collect()
}

/// Finds the speech in a recording.
pub fn detect_speech(pcm: &Pcm) -> Speech {
    let mut frames: Vec<Range<usize>> = Vec::new();
    let sounds = measures::listen(pcm.samples());
    for (n, measures) in measures::measures(&sounds).iter().enumerate() {
        if measures::is_steady(measures) || network::score(measures) < THRESHOLD {
            continue;
        }
        match frames.last_mut() {
            Some(last) if n - last.end < SHORTEST_PAUSE => last.end = n + 1,
            _ => frames.push(n..n + 1),
        }
    }
    let segments = frames
        .into_iter()
        .filter(|frames| frames.len() >= SHORTEST_SPEECH)
        .map(|frames| frames.start * FRAME..frames.end * FRAME)
        .collect();
    Speech { segments, sounds }
}
