//! The one form of audio that everything behind the decoder works on.

use std::fmt;

/// Sample rate of every [`Pcm`], in Hz.
pub const SAMPLE_RATE: u32 = 16_000;

/// Mono audio at 16 kHz. Every sample is finite and in [-1, 1].
#[derive(Clone, PartialEq, Default)]
pub struct Pcm(Vec<f32>);

impl Pcm {
    /// Takes mono samples at 16 kHz. Samples outside [-1, 1] are limited to it and NaN becomes silence, so
    /// that what follows never meets either.
    pub fn new(mut samples: Vec<f32>) -> Self {
        for sample in &mut samples {
            *sample = if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) };
        }
        Self(samples)
    }

    /// The samples, each in [-1, 1].
    pub fn samples(&self) -> &[f32] {
        &self.0
    }

    /// Duration in seconds.
    pub fn duration_s(&self) -> f32 {
        self.0.len() as f32 / SAMPLE_RATE as f32
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the samples back.
    pub fn into_samples(self) -> Vec<f32> {
        self.0
    }
}

/// Shows the length only: a recording of a person does not belong in a log.
impl fmt::Debug for Pcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pcm({} samples, {:.3} s)", self.0.len(), self.duration_s())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_made_finite_and_limited() {
        let pcm = Pcm::new(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5, -3.0]);
        assert_eq!(pcm.samples(), [0.0, 1.0, -1.0, 0.5, -1.0]);
    }

    #[test]
    fn debug_shows_no_samples() {
        assert_eq!(format!("{:?}", Pcm::new(vec![0.25; 8000])), "Pcm(8000 samples, 0.500 s)");
    }
}
