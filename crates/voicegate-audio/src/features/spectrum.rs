//! Power spectra of windowed frames.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Length of a frame in samples: 25 ms.
pub(super) const FRAME: usize = 400;
/// Step from frame to frame in samples: 10 ms.
pub(super) const HOP: usize = 160;

/// The shared, unchanging part of the transform.
pub(super) struct Spectrum {
    fft: Arc<dyn RealToComplex<f32>>,
    window: [f32; FRAME],
}

/// The memory that one pass over a recording works in.
pub(super) struct Workspace {
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    power: Vec<f32>,
}

impl Spectrum {
    /// `fft` is the length of the transform, at least [`FRAME`]; `window` gives the weight at a phase that goes once
    /// around in `period` samples.
    pub(super) fn new(fft: usize, window: impl Fn(f64) -> f64, period: usize) -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(fft);
        let window = std::array::from_fn(|n| window(TAU * n as f64 / period as f64) as f32);
        Self { fft, window }
    }

    pub(super) fn workspace(&self) -> Workspace {
        Workspace {
            input: self.fft.make_input_vec(),
            output: self.fft.make_output_vec(),
            scratch: self.fft.make_scratch_vec(),
            power: vec![0.0; self.fft.complex_len()],
        }
    }

    /// Power spectrum of one frame: `fft / 2 + 1` values from 0 Hz to the Nyquist frequency. Where the frame lies
    /// within the transform does not change its power.
    pub(super) fn power<'w>(&self, frame: &[f32; FRAME], work: &'w mut Workspace) -> &'w [f32] {
        for ((input, sample), weight) in work.input.iter_mut().zip(frame).zip(&self.window) {
            *input = sample * weight;
        }
        work.input[FRAME..].fill(0.0);
        self.fft
            .process_with_scratch(&mut work.input, &mut work.output, &mut work.scratch)
            .expect("the buffers were made by this plan");
        for (power, bin) in work.power.iter_mut().zip(&work.output) {
            *power = bin.norm_sqr();
        }
        &work.power
    }
}
