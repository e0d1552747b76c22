//! Mel features as the speaker models expect them.
//!
//! Three recipes, each equal to its reference in Python to 1e-3: [`log_mel`] for the models trained in this project,
//! [`kaldi_fbank`] for models that follow Kaldi's conventions, and [`ge2e_mel`] for Resemblyzer's encoder.

mod ge2e;
mod kaldi_fbank;
mod log_mel;
mod mel;
mod spectrum;

pub use self::ge2e::{GE2E_BINS, GE2E_FRAMES, ge2e_mel, ge2e_partials};
pub use self::kaldi_fbank::{Cmn, Window, kaldi_fbank};
pub use self::log_mel::log_mel;

/// Number of mel filters of [`log_mel`] and [`kaldi_fbank`].
pub const MEL_BINS: usize = 80;

/// A matrix of features, one row of as many values as the recipe has filters per frame of 10 ms. Every value is finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    bins: usize,
    values: Vec<f32>,
}

impl Features {
    /// Number of values per frame.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.values.len() / self.bins
    }

    /// The values frame by frame, shape (frames, bins).
    pub fn frame_major(&self) -> &[f32] {
        &self.values
    }

    /// The values filter by filter, shape (bins, frames).
    pub fn bin_major(&self) -> Vec<f32> {
        let frames = self.frames();
        let mut transposed = vec![0.0; self.values.len()];
        for (frame, row) in self.values.chunks_exact(self.bins).enumerate() {
            for (bin, value) in row.iter().enumerate() {
                transposed[bin * frames + frame] = *value;
            }
        }
        transposed
    }

    /// Cepstral mean normalization: takes each filter's mean over the frames off it.
    fn subtract_mean(&mut self) {
        let frames = self.frames().max(1) as f64;
        let mut mean = vec![0.0_f64; self.bins];
        for row in self.values.chunks_exact(self.bins) {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
        let mean: Vec<f32> = mean.iter().map(|sum| (sum / frames) as f32).collect();
        for row in self.values.chunks_exact_mut(self.bins) {
            for (value, mean) in row.iter_mut().zip(&mean) {
                *value -= mean;
            }
        }
    }
}
