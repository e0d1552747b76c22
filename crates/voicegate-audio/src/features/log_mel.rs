//! The features of the models trained in this project.

use std::sync::LazyLock;

use super::mel::MelFilters;
use super::spectrum::{FRAME, HOP, Spectrum};
use super::{Features, MEL_BINS};
use crate::pcm::Pcm;

const FFT: usize = 512;
const PRE_EMPHASIS: f32 = 0.97;
const FLOOR: f32 = 1e-6;
/// Silence before the window within the transform, which centres it.
const LEAD: usize = (FFT - FRAME) / 2;

static RECIPE: LazyLock<(Spectrum, MelFilters)> = LazyLock::new(|| {
    let hamming = |phase: f64| 0.54 - 0.46 * phase.cos();
    (Spectrum::new(FFT, hamming, FRAME), MelFilters::straight_in_hz(FFT, 20.0, 7600.0))
});

/// Log-mel filterbank: pre-emphasis 0.97 with the first sample kept; frames of 400 samples every 160 under a periodic
/// Hamming window, centred on the sample `160 · frame` with reflection at both ends; power of a transform of 512; 80
/// triangular filters from 20 to 7600 Hz, equally spaced on the HTK mel scale and without area normalization;
/// `ln(x + 1e-6)`; each filter's mean over the recording taken off.
///
/// Gives `1 + n / 160` frames for `n` samples, and none for fewer than 257, which cannot be reflected.
pub fn log_mel(pcm: &Pcm) -> Features {
    let samples = pcm.samples();
    let pad = FFT / 2;
    if samples.len() <= pad {
        return Features { bins: MEL_BINS, values: Vec::new() };
    }
    let emphasized = reflected(samples, pad - LEAD);
    let (spectrum, filters) = &*RECIPE;
    let mut work = spectrum.workspace();
    let frames = 1 + samples.len() / HOP;
    let mut values = Vec::with_capacity(frames * MEL_BINS);
    for frame in 0..frames {
        let frame = emphasized[frame * HOP..].first_chunk().expect("the padding covers the last frame");
        let power = spectrum.power(frame, &mut work);
        values.extend(filters.apply(power).map(|energy| (energy + FLOOR).ln()));
    }
    let mut features = Features { bins: MEL_BINS, values };
    features.subtract_mean();
    features
}

/// The pre-emphasized samples with `pad` mirrored ones before and after. The end sample itself is not repeated.
fn reflected(samples: &[f32], pad: usize) -> Vec<f32> {
    let mut padded = Vec::with_capacity(samples.len() + 2 * pad);
    padded.resize(pad, 0.0);
    padded.push(samples[0]);
    padded.extend(samples.windows(2).map(|pair| pair[1] - PRE_EMPHASIS * pair[0]));
    for n in 0..pad {
        padded[pad - 1 - n] = padded[pad + 1 + n];
        padded.push(padded[pad + samples.len() - 2 - n]);
    }
    padded
}
