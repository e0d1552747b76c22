//! Triangular filters on a mel scale, kept sparse: each filter covers a few neighbouring bins.

use super::MEL_BINS;
use crate::pcm::SAMPLE_RATE;

/// A bank of triangular filters over a power spectrum.
pub(super) struct MelFilters {
    filters: Vec<Filter>,
}

struct Filter {
    first_bin: usize,
    weights: Vec<f32>,
}

impl MelFilters {
    /// [`MEL_BINS`] filters equally spaced on the HTK mel scale, `2595 · log10(1 + f / 700)`, whose sides are straight
    /// in Hz, for a transform of `fft`.
    pub(super) fn straight_in_hz(fft: usize, low_hz: f64, high_hz: f64) -> Self {
        let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
        let hz = |mel: f64| 700.0 * (10_f64.powf(mel / 2595.0) - 1.0);
        let corners = equally_spaced(MEL_BINS, mel(low_hz), mel(high_hz), hz);
        Self::triangles(&corners, bin_hz(fft), fft / 2 + 1, |bin_hz| bin_hz)
    }

    /// [`MEL_BINS`] filters equally spaced on Kaldi's mel scale, `1127 · ln(1 + f / 700)`, whose sides are straight in
    /// mel, for a transform of `fft`. Kaldi leaves the Nyquist bin out.
    pub(super) fn straight_in_mel(fft: usize, low_hz: f64, high_hz: f64) -> Self {
        let mel = |hz: f64| 1127.0 * (hz / 700.0).ln_1p();
        let corners = equally_spaced(MEL_BINS, mel(low_hz), mel(high_hz), |mel| mel);
        Self::triangles(&corners, bin_hz(fft), fft / 2, mel)
    }

    /// `count` filters from 0 Hz to the Nyquist frequency, equally spaced on the scale of Slaney's Auditory Toolbox
    /// (Technical Report 1998-010, Interval Research), for a transform of `fft`. Up to 1 kHz a mel is 200/3 Hz; from
    /// there on, 27 mels multiply the frequency by 6.4. The sides are straight in Hz, and the area under
    /// each filter over frequency in Hz is 1.
    pub(super) fn slaney(fft: usize, count: usize) -> Self {
        const KNEE_HZ: f64 = 1000.0;
        const KNEE_MEL: f64 = 15.0;
        let step = 6.4_f64.ln() / 27.0;
        let hz = |mel: f64| match mel {
            mel if mel < KNEE_MEL => mel * 200.0 / 3.0,
            mel => KNEE_HZ * (step * (mel - KNEE_MEL)).exp(),
        };
        let nyquist_mel = KNEE_MEL + (f64::from(SAMPLE_RATE) / 2.0 / KNEE_HZ).ln() / step;
        let corners = equally_spaced(count, 0.0, nyquist_mel, hz);
        let mut bank = Self::triangles(&corners, bin_hz(fft), fft / 2 + 1, |bin_hz| bin_hz);
        for (filter, corner) in bank.filters.iter_mut().zip(corners.windows(3)) {
            let height = (2.0 / (corner[2] - corner[0])) as f32;
            filter.weights.iter_mut().for_each(|weight| *weight *= height);
        }
        bank
    }

    /// One filter of height 1 per three neighbouring corners. `axis` takes a frequency to the axis on which the sides
    /// are straight, and on which the corners are given.
    fn triangles(corners: &[f64], bin_hz: f64, bins: usize, axis: impl Fn(f64) -> f64) -> Self {
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
    pub(super) fn apply<'a>(&'a self, power: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.filters.iter().map(|filter| {
            let power = &power[filter.first_bin..];
            filter.weights.iter().zip(power).map(|(weight, power)| weight * power).sum()
        })
    }
}

/// The `count + 2` corners of `count` filters, equally spaced from `low_mel` to `high_mel`, each through `corner`.
fn equally_spaced(count: usize, low_mel: f64, high_mel: f64, corner: impl Fn(f64) -> f64) -> Vec<f64> {
    let step = (high_mel - low_mel) / (count + 1) as f64;
    (0..count + 2).map(|n| corner(low_mel + step * n as f64)).collect()
}

/// Distance between the values of a power spectrum in Hz.
fn bin_hz(fft: usize) -> f64 {
    f64::from(SAMPLE_RATE) / fft as f64
}
