//! Kaldi's filterbank features, for pulled models that were trained on them.

use std::sync::LazyLock;

use super::mel::MelFilters;
use super::spectrum::{FRAME, HOP, Spectrum};
use super::{Features, MEL_BINS};
use crate::pcm::Pcm;

const FFT: usize = 512;
const PRE_EMPHASIS: f32 = 0.97;
/// Kaldi works on 16-bit sample values.
const SCALE: f32 = 32_768.0;

/// The window over each frame. Both are symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Hamming.
    Hamming,
    /// Povey: a Hann window to the power 0.85, Kaldi's default.
    Povey,
}

/// Cepstral mean normalization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cmn {
    /// Leave the values as they are.
    Off,
    /// Take each filter's mean over the recording off.
    Utterance,
}

static FILTERS: LazyLock<MelFilters> = LazyLock::new(|| MelFilters::straight_in_mel(FFT, 20.0, 8000.0));
static HAMMING: LazyLock<Spectrum> =
    LazyLock::new(|| Spectrum::new(FFT, |phase| 0.54 - 0.46 * phase.cos(), FRAME - 1));
static POVEY: LazyLock<Spectrum> =
    LazyLock::new(|| Spectrum::new(FFT, |phase| (0.5 - 0.5 * phase.cos()).powf(0.85), FRAME - 1));

/// Filterbank as Kaldi's `compute-fbank-feats` makes it with 80 bins and no dither: 25 ms frames every 10 ms lying
/// wholly inside the recording (snip edges), on 16-bit sample values; each frame's mean taken off, pre-emphasis 0.97,
/// window, power of a transform of 512, filters from 20 to 8000 Hz, natural logarithm with a floor of
/// [`f32::EPSILON`].
///
/// Gives `1 + (n - 400) / 160` frames for `n` samples, and none for fewer than 400.
pub fn kaldi_fbank(pcm: &Pcm, window: Window, cmn: Cmn) -> Features {
    let samples = pcm.samples();
    let spectrum = match window {
        Window::Hamming => &*HAMMING,
        Window::Povey => &*POVEY,
    };
    let mut work = spectrum.workspace();
    let mut values = Vec::with_capacity(samples.len() / HOP * MEL_BINS);
    let mut emphasized = [0.0; FRAME];
    for frame in samples.windows(FRAME).step_by(HOP) {
        let mean = (frame.iter().map(|&sample| f64::from(sample)).sum::<f64>() / FRAME as f64) as f32;
        let centred = |sample: f32| (sample - mean) * SCALE;
        // Kaldi treats the sample before the frame as equal to its first.
        emphasized[0] = centred(frame[0]) * (1.0 - PRE_EMPHASIS);
        for (out, pair) in emphasized[1..].iter_mut().zip(frame.windows(2)) {
            *out = centred(pair[1]) - PRE_EMPHASIS * centred(pair[0]);
        }
        let power = spectrum.power(&emphasized, &mut work);
        values.extend(FILTERS.apply(power).map(|energy| energy.max(f32::EPSILON).ln()));
    }
    let mut features = Features { bins: MEL_BINS, values };
    match cmn {
        Cmn::Off => {}
        Cmn::Utterance => features.subtract_mean(),
    }
    features
}
