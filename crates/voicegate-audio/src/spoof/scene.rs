//! What all detectors look at, computed once.

use super::splices::strongest_click_db;
use super::voicing::{Cycle, cycles};
use super::{Unmeasured, decibels, pop_noise, residual};
use crate::pcm::{Pcm, SAMPLE_RATE};
use crate::quality::Quality;
use crate::vad::{self, Speech};

/// Length of a frame in samples: 32 ms.
pub(super) const FRAME: usize = 512;
/// Step from frame to frame in samples: 8 ms.
pub(super) const HOP: usize = 128;
/// Frequencies of a spectrum.
pub(super) const BINS: usize = FRAME / 2 + 1;
pub(super) const FRAMES_PER_S: f32 = SAMPLE_RATE as f32 / HOP as f32;

/// Periodicity from which a frame of speech is voiced.
const VOICED: f32 = 0.6;
/// Frames of the speech detector next to speech that are no pause: they hold its onset, its decay and the room's answer.
const GUARD: usize = 6;
/// Speech that a long-term spectrum needs, in frames: 0.4 s.
const FEWEST: usize = 50;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Voiced,
    Unvoiced,
    /// Neither speech nor next to it.
    Pause,
    /// Next to speech.
    Edge,
}

impl Kind {
    pub(super) fn is_speech(self) -> bool {
        matches!(self, Self::Voiced | Self::Unvoiced)
    }
}

/// A recording as the detectors see it.
pub(super) struct Scene<'a> {
    pub(super) samples: &'a [f32],
    pub(super) quality: &'a Quality,
    /// What each frame holds.
    pub(super) kinds: Vec<Kind>,
    /// Level of each bin of each frame, in dB, [`BINS`] for each frame.
    pub(super) levels: Vec<f32>,
    /// Mean power of the speech in each bin, in dB.
    pub(super) long_term: Result<[f32; BINS], Unmeasured>,
    /// Excess kurtosis of the prediction residual in voiced speech, frame by frame.
    pub(super) kurtosis: Vec<f32>,
    /// Strongest isolated impulse, in dB.
    pub(super) click_db: f32,
    /// Bursts of breath, in dB.
    pub(super) pops: Result<Vec<f32>, Unmeasured>,
    /// Glottal cycles of voiced speech.
    pub(super) cycles: Vec<Cycle>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(pcm: &'a Pcm, speech: &'a Speech, quality: &'a Quality) -> Self {
        let samples = pcm.samples();
        let kinds = kinds(samples.len(), speech);
        let mut levels = Vec::with_capacity(kinds.len() * BINS);
        let (mut sum, mut count) = ([0.0_f32; BINS], 0);
        let mut predictor = residual::Predictor::new();
        let mut frame = 0;
        super::stft::stft(samples, FRAME, HOP, |spectrum| {
            let power: [f32; BINS] = std::array::from_fn(|bin| spectrum[bin].norm_sqr());
            levels.extend(power.iter().map(|&power| decibels(power)));
            if kinds[frame].is_speech() {
                sum.iter_mut().zip(power).for_each(|(sum, power)| *sum += power);
                count += 1;
            }
            // The residual is computed once for each frame of the speech detector.
            if frame % 2 == 0 {
                predictor.push(samples, frame * HOP, &power);
            }
            frame += 1;
        });
        let residual = predictor.finish(samples.len());
        let long_term = if count < FEWEST {
            Err(Unmeasured::TooShort)
        } else {
            Ok(sum.map(|sum| decibels(sum / count as f32)))
        };
        Self {
            samples,
            quality,
            levels,
            long_term,
            kurtosis: residual::kurtosis(&residual, &kinds),
            click_db: strongest_click_db(&residual),
            pops: pop_noise::bursts(samples, speech, quality),
            cycles: cycles(samples, speech, &kinds),
            kinds,
        }
    }

    /// Level of each bin of a frame, in dB.
    pub(super) fn level(&self, frame: usize) -> &[f32] {
        &self.levels[frame * BINS..][..BINS]
    }

    /// The long-term spectrum, where the source is not band-limited as a telephone is.
    pub(super) fn wideband(&self) -> Result<&[f32; BINS], Unmeasured> {
        if self.quality.telephone_band {
            Err(Unmeasured::BandLimited)
        } else {
            self.long_term.as_ref().map_err(|reason| *reason)
        }
    }
}

/// The bin nearest to a frequency.
pub(super) const fn bin(hertz: usize) -> usize {
    (hertz * FRAME + SAMPLE_RATE as usize / 2) / SAMPLE_RATE as usize
}

/// Frequency of a bin, in Hz.
pub(super) fn hertz(bin: usize) -> f32 {
    bin as f32 * SAMPLE_RATE as f32 / FRAME as f32
}

/// What each frame holds at its middle.
fn kinds(samples: usize, speech: &Speech) -> Vec<Kind> {
    let is_speech = speech.frames();
    let frames = samples.checked_sub(FRAME).map_or(0, |rest| rest / HOP + 1);
    let kind = |frame: usize| {
        let middle = ((frame * HOP + FRAME / 2) / vad::FRAME).min(is_speech.len().saturating_sub(1));
        let near = middle.saturating_sub(GUARD)..(middle + GUARD + 1).min(is_speech.len());
        if is_speech[middle] {
            if speech.sounds()[middle].periodicity > VOICED { Kind::Voiced } else { Kind::Unvoiced }
        } else if is_speech[near].contains(&true) {
            Kind::Edge
        } else {
            Kind::Pause
        }
    };
    (0..frames).map(kind).collect()
}
