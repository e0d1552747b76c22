//! Log-mel features as the speaker models expect them.
//!
//! Two recipes, each equal to its reference in Python to 1e-3: [`log_mel`] for the models trained in this project, and
//! [`kaldi_fbank`] for models that follow Kaldi's conventions.

mod kaldi_fbank;
mod log_mel;
mod mel;
mod spectrum;

pub use self::kaldi_fbank::{Cmn, Window, kaldi_fbank};
pub use self::log_mel::log_mel;

/// Number of mel filters in both recipes.
pub const MEL_BINS: usize = 80;

/// A matrix of features, one row of [`MEL_BINS`] values per frame of 10 ms. Every value is finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    values: Vec<f32>,
}

impl Features {
    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.values.len() / MEL_BINS
    }

    /// The values frame by frame, shape (frames, bins).
    pub fn frame_major(&self) -> &[f32] {
        &self.values
    }

    /// The values filter by filter, shape (bins, frames).
    pub fn bin_major(&self) -> Vec<f32> {
        let frames = self.frames();
        let mut transposed = vec![0.0; self.values.len()];
        for (frame, row) in self.values.chunks_exact(MEL_BINS).enumerate() {
            for (bin, value) in row.iter().enumerate() {
                transposed[bin * frames + frame] = *value;
            }
        }
        transposed
    }

    /// Cepstral mean normalization: takes each filter's mean over the frames off it.
    fn subtract_mean(&mut self) {
        let frames = self.frames().max(1) as f64;
        let mut mean = [0.0_f64; MEL_BINS];
        for row in self.values.chunks_exact(MEL_BINS) {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
        let mean = mean.map(|sum| (sum / frames) as f32);
        for row in self.values.chunks_exact_mut(MEL_BINS) {
            for (value, mean) in row.iter_mut().zip(&mean) {
                *value -= mean;
            }
        }
    }
}
