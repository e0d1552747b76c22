//! Triangular filters on a mel scale, kept sparse: each filter covers a few neighbouring bins.

use super::MEL_BINS;
use super::spectrum::{FFT, POWER_BINS};
use crate::pcm::SAMPLE_RATE;

/// A bank of [`MEL_BINS`] triangular filters over a power spectrum.
pub(super) struct MelFilters {
    filters: Vec<Filter>,
}

struct Filter {
    first_bin: usize,
    weights: Vec<f32>,
}

impl MelFilters {
    /// Filters equally spaced on the HTK mel scale, `2595 · log10(1 + f / 700)`, whose sides are straight in Hz.
    pub(super) fn straight_in_hz(low_hz: f64, high_hz: f64) -> Self {
        let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
        let hz = |mel: f64| 700.0 * (10_f64.powf(mel / 2595.0) - 1.0);
        let (low, high) = (mel(low_hz), mel(high_hz));
        Self::triangles(low, high, POWER_BINS, hz, |bin_hz| bin_hz)
    }

    /// Filters equally spaced on Kaldi's mel scale, `1127 · ln(1 + f / 700)`, whose sides are straight in mel. Kaldi
    /// leaves the Nyquist bin out.
    pub(super) fn straight_in_mel(low_hz: f64, high_hz: f64) -> Self {
        let mel = |hz: f64| 1127.0 * (hz / 700.0).ln_1p();
        Self::triangles(mel(low_hz), mel(high_hz), POWER_BINS - 1, |mel| mel, mel)
    }

    /// `corner` takes an equally spaced mel value to the axis on which the sides are straight, `axis` a frequency.
    fn triangles(
        low_mel: f64,
        high_mel: f64,
        bins: usize,
        corner: impl Fn(f64) -> f64,
        axis: impl Fn(f64) -> f64,
    ) -> Self {
        let step = (high_mel - low_mel) / (MEL_BINS + 1) as f64;
        let corners: Vec<f64> = (0..MEL_BINS + 2).map(|n| corner(low_mel + step * n as f64)).collect();
        let bin_hz = f64::from(SAMPLE_RATE) / FFT as f64;
        let filters = corners
            .windows(3)
            .map(|corner| {
                let weight = |bin: usize| {
                    let x = axis(bin_hz * bin as f64);
                    let rise = (x - corner[0]) / (corner[1] - corner[0]);
                    let fall = (corner[2] - x) / (corner[2] - corner[1]);
                    rise.min(fall).max(0.0) as f32
                };
                let first_bin = (0..bins).find(|&bin| weight(bin) > 0.0).unwrap_or(bins);
                let weights = (first_bin..bins).map(weight).take_while(|&weight| weight > 0.0).collect();
                Filter { first_bin, weights }
            })
            .collect();
        Self { filters }
    }

    /// The energy in each filter.
    pub(super) fn apply<'a>(&'a self, power: &'a [f32; POWER_BINS]) -> impl Iterator<Item = f32> + 'a {
        self.filters.iter().map(|filter| {
            let power = &power[filter.first_bin..];
            filter.weights.iter().zip(power).map(|(weight, power)| weight * power).sum()
        })
    }
}
