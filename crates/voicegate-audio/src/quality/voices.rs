//! Whether more than one person seems to speak.
//!
//! The recording's speech is split at the moment where two halves differ most, by the Bayesian information criterion on
//! spectral shape (Chen and Gopalakrishnan, "Speaker, environment and channel change detection", 1998), and the voices of
//! both halves are compared: spectral shape and pitch.

use super::percentile;
use crate::pcm::SAMPLE_RATE;
use crate::vad::{BANDS, Sound, Speech};

/// Frames that each side of the split needs: 1 s of speech.
const SIDE: usize = 62;
/// Frames between the splits that are tried.
const STEP: usize = 8;
/// Periodicity from which a frame's pitch is believed.
const VOICED: f32 = 0.6;
/// Voiced frames that each side needs.
const FEWEST_VOICED: usize = 15;

/// Logistic fit on joined recordings of `train` speakers, of one person and of two. It is a weak detector: `docs/audio.md`
/// says how weak.
const OFFSET: f32 = -2.39;
const PER_LOG_SHAPE: f32 = 1.18;
const PER_OCTAVE: f32 = 3.04;
/// Larger pitch differences are mostly errors of the pitch estimate.
const MOST_OCTAVES: f32 = 0.6;

/// Suspicion, 0 to 1.
pub(super) fn suspicion(speech: &Speech) -> Option<f32> {
    let (shape, octaves) = differences(speech)?;
    let logit = OFFSET + PER_LOG_SHAPE * shape.max(0.1).ln() + PER_OCTAVE * octaves.min(MOST_OCTAVES);
    Some(1.0 / (1.0 + (-logit).exp()))
}

/// Distance of the two sides' spectral shapes, and of their pitches in octaves.
fn differences(speech: &Speech) -> Option<(f32, f32)> {
    let frames: Vec<&Sound> = speech
        .frames()
        .iter()
        .zip(speech.sounds())
        .filter(|(speech, _)| **speech)
        .map(|(_, sound)| sound)
        .collect();
    if frames.len() < 2 * SIDE {
        return None;
    }
    let mut sums = Sums::prefix(&frames);
    let whole = sums.pop()?;
    let best = (SIDE..=frames.len() - SIDE)
        .step_by(STEP)
        .map(|split| (split, distance(&sums[split], &whole)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let octave = |side: &[&Sound]| {
        let pitches: Vec<f32> = side
            .iter()
            .filter(|sound| sound.periodicity > VOICED)
            .map(|sound| (SAMPLE_RATE as f32 / sound.period).log2())
            .collect();
        (pitches.len() >= FEWEST_VOICED).then(|| percentile(pitches, 0.5))
    };
    let (before, after) = frames.split_at(best.0);
    let octaves = (octave(before)? - octave(after)?).abs();
    Some((best.1, octaves))
}

/// Running sums of the spectral shape (band levels less their mean) and of its squares.
#[derive(Clone, Copy)]
struct Sums {
    count: f32,
    sum: [f64; BANDS],
    square: [f64; BANDS],
}

impl Sums {
    /// The sums over the first 0, 1, … frames.
    fn prefix(frames: &[&Sound]) -> Vec<Self> {
        let mut sums = Self { count: 0.0, sum: [0.0; BANDS], square: [0.0; BANDS] };
        let mut all = vec![sums];
        for sound in frames {
            let levels = sound.bands.map(|power| f64::from(power.log10()));
            let mean = levels.iter().sum::<f64>() / BANDS as f64;
            sums.count += 1.0;
            for (band, level) in levels.iter().enumerate() {
                let shape = level - mean;
                sums.sum[band] += shape;
                sums.square[band] += shape * shape;
            }
            all.push(sums);
        }
        all
    }

    fn variance(&self, band: usize) -> f64 {
        let count = f64::from(self.count);
        (self.square[band] / count - (self.sum[band] / count).powi(2)).max(1e-6)
    }
}

/// Gain in log-likelihood per frame and band by modelling the two sides apart (diagonal Gaussians), in percent.
fn distance(left: &Sums, whole: &Sums) -> f32 {
    let right = Sums {
        count: whole.count - left.count,
        sum: std::array::from_fn(|band| whole.sum[band] - left.sum[band]),
        square: std::array::from_fn(|band| whole.square[band] - left.square[band]),
    };
    let gain: f64 = (0..BANDS)
        .map(|band| {
            f64::from(whole.count) * whole.variance(band).ln()
                - f64::from(left.count) * left.variance(band).ln()
                - f64::from(right.count) * right.variance(band).ln()
        })
        .sum();
    (50.0 * gain / (f64::from(whole.count) * BANDS as f64)) as f32
}
