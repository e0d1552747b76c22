//! The features of Resemblyzer's GE2E encoder.

use std::sync::LazyLock;

use super::Features;
use super::mel::MelFilters;
use super::spectrum::{FRAME, HOP, Spectrum};
use crate::pcm::Pcm;

/// Number of mel filters of [`ge2e_mel`].
pub const GE2E_BINS: usize = 40;
/// Number of frames in a window of [`ge2e_partials`]: 1.6 s.
pub const GE2E_FRAMES: usize = 160;

const FFT: usize = FRAME;
/// Mean square to which quieter recordings are raised: -30 dBFS.
const LEVEL: f64 = 1e-3;
/// Mean square that a recording is taken to have at least, so that near silence is not raised without end: -120 dBFS.
const LEVEL_FLOOR: f64 = 1e-12;
/// Frames from window to window: 1.3 windows a second, rounded to whole frames.
const STEP: usize = 77;
/// Samples of the recording that a last window must hold, unless it is the only one: three quarters.
const COVERAGE: usize = GE2E_FRAMES * HOP / 4 * 3;

static RECIPE: LazyLock<(Spectrum, MelFilters)> = LazyLock::new(|| {
    let hann = |phase: f64| 0.5 - 0.5 * phase.cos();
    (Spectrum::new(FFT, hann, FRAME), MelFilters::slaney(FFT, GE2E_BINS))
});

/// Mel power as the GE2E encoder of Resemblyzer 0.1.4 takes it (Wan et al. 2018, arXiv:1710.10467): a recording quieter
/// than -30 dBFS raised to it; frames of 400 samples every 160 under a periodic Hann window, centred on the sample
/// `160 · frame` with silence beyond both ends; power of a transform of 400; [`GE2E_BINS`] filters of Slaney's Auditory
/// Toolbox from 0 to 8000 Hz, each of area 1. No logarithm: the values are powers.
///
/// Gives `1 + n / 160` frames for `n` samples; one of zeros for none.
pub fn ge2e_mel(pcm: &Pcm) -> Features {
    let samples = pcm.samples();
    let gain = gain(samples);
    let mut padded = vec![0.0; FRAME / 2];
    padded.extend(samples.iter().map(|sample| sample * gain));
    padded.resize(samples.len() + FRAME, 0.0);

    let (spectrum, filters) = &*RECIPE;
    let mut work = spectrum.workspace();
    let mut values = Vec::with_capacity((1 + samples.len() / HOP) * GE2E_BINS);
    for start in (0..=samples.len()).step_by(HOP) {
        let frame = padded[start..].first_chunk().expect("the padding covers the last frame");
        values.extend(filters.apply(spectrum.power(frame, &mut work)));
    }
    Features { bins: GE2E_BINS, values }
}

/// The windows of [`ge2e_mel`] that the encoder takes one by one, each ([`GE2E_FRAMES`], [`GE2E_BINS`]) values frame
/// by frame. They start every 77 frames, so that neighbours overlap by half; the last is dropped if it holds less than
/// 75 % of speech and is not the only one, and is otherwise filled up with zeros. There is at least one window.
///
/// A recording's embedding is the mean of its windows' embeddings, brought to unit length. Its cosine with Resemblyzer's
/// is above 0.9999 and not 1, as Resemblyzer fills up the samples rather than the frames, which leaves a little of the
/// recording in one more frame.
pub fn ge2e_partials(pcm: &Pcm) -> Vec<Vec<f32>> {
    let mel = ge2e_mel(pcm);
    let window = |start: usize| {
        let from_start = mel.frame_major().get(start * GE2E_BINS..).unwrap_or_default();
        let mut values: Vec<f32> = from_start.iter().take(GE2E_FRAMES * GE2E_BINS).copied().collect();
        values.resize(GE2E_FRAMES * GE2E_BINS, 0.0);
        values
    };
    starts(pcm.samples().len()).map(window).collect()
}

/// Factor that raises samples to [`LEVEL`]; 1 for louder ones.
fn gain(samples: &[f32]) -> f32 {
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    let level = (energy / samples.len().max(1) as f64).max(LEVEL_FLOOR);
    (LEVEL / level).sqrt().max(1.0) as f32
}

/// First frame of each window over a recording of `samples`, as Resemblyzer's `compute_partial_slices` gives them.
fn starts(samples: usize) -> impl Iterator<Item = usize> {
    let frames = (samples + 1).div_ceil(HOP);
    let end = (frames + STEP + 1).saturating_sub(GE2E_FRAMES).max(1);
    let covered = move |start: usize| start == 0 || samples >= start * HOP + COVERAGE;
    // Only the last can fail: the one before it starts 77 frames earlier and has that many more.
    (0..end).step_by(STEP).filter(move |&start| covered(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row: length in samples, and how many windows `partials` of `training/embed.py` makes of it and where the
    /// last of them starts.
    #[test]
    fn windows_start_where_the_reference_starts_them() {
        const ROWS: [(usize, usize, usize); 14] = [
            (0, 1, 0),
            (1, 1, 0),
            (4_800, 1, 0),
            (16_000, 1, 0),
            (25_600, 1, 0),
            (31_519, 1, 0),
            (31_520, 2, 77),
            (38_240, 2, 77),
            (48_000, 3, 154),
            (64_000, 4, 231),
            (80_000, 5, 308),
            (123_456, 9, 616),
            (160_000, 12, 847),
            (320_000, 25, 1_848),
        ];
        for (samples, count, last) in ROWS {
            let starts: Vec<usize> = starts(samples).collect();
            assert_eq!((starts.len(), starts.last()), (count, Some(&last)), "{samples} samples");
            assert!(starts.iter().copied().eq((0..=last).step_by(77)), "{samples} samples: {starts:?}");
        }
    }
}
