//! What linear prediction leaves over: the excitation.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner};

use super::scene::{BINS, FRAME, HOP, Kind};

/// Order of the prediction: the vocal tract's resonances up to 8 kHz.
const ORDER: usize = 16;
/// Samples that one set of coefficients predicts.
const BLOCK: usize = 2 * HOP;
/// Voiced frames whose residual is quieter than this hold no speech that could be judged (mean square).
const QUIET: f64 = 1e-12;

/// Predicts samples from those before them, block by block.
pub(super) struct Predictor {
    inverse: Arc<dyn ComplexToReal<f32>>,
    spectrum: Vec<Complex<f32>>,
    correlation: Vec<f32>,
    scratch: Vec<Complex<f32>>,
    residual: Vec<f32>,
}

impl Predictor {
    pub(super) fn new() -> Self {
        let inverse = RealFftPlanner::<f32>::new().plan_fft_inverse(FRAME);
        let (spectrum, correlation) = (inverse.make_input_vec(), inverse.make_output_vec());
        let scratch = inverse.make_scratch_vec();
        Self { inverse, spectrum, correlation, scratch, residual: Vec::new() }
    }

    /// Predicts the middle of the frame that starts at `start` and has this power spectrum (autocorrelation method,
    /// Makhoul, "Linear prediction: a tutorial review", 1975).
    pub(super) fn push(&mut self, samples: &[f32], start: usize, power: &[f32; BINS]) {
        for (bin, power) in self.spectrum.iter_mut().zip(power) {
            *bin = Complex::new(*power, 0.0);
        }
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.correlation, &mut self.scratch)
            .expect("the buffers were made by this plan");
        let coefficients = levinson(&self.correlation);
        let from = start + (FRAME - BLOCK) / 2;
        self.residual.resize(from, 0.0);
        self.residual.extend_from_slice(&samples[from..from + BLOCK]);
        for (lag, coefficient) in (1..).zip(coefficients) {
            let past = &samples[from - lag..][..BLOCK];
            self.residual[from..]
                .iter_mut()
                .zip(past)
                .for_each(|(residual, past)| *residual += coefficient * past);
        }
    }

    /// The residual of each sample; 0 at the ends, where none was computed.
    pub(super) fn finish(mut self, samples: usize) -> Vec<f32> {
        self.residual.resize(samples, 0.0);
        self.residual
    }
}

/// Coefficients by which the past is added to leave the least residual (Levinson-Durbin recursion).
fn levinson(correlation: &[f32]) -> [f32; ORDER] {
    let mut coefficients = [0.0_f64; ORDER];
    // A little white noise keeps the recursion stable on tones and silence.
    let mut error = f64::from(correlation[0]) * 1.000_01 + 1e-9;
    for order in 0..ORDER {
        let past: f64 = (0..order).map(|k| coefficients[k] * f64::from(correlation[order - k])).sum();
        let reflection = -(f64::from(correlation[order + 1]) + past) / error;
        let before = coefficients;
        for k in 0..order {
            coefficients[k] += reflection * before[order - 1 - k];
        }
        coefficients[order] = reflection;
        error *= (1.0 - reflection * reflection).max(1e-9);
    }
    coefficients.map(|coefficient| coefficient as f32)
}

/// Excess kurtosis of the residual of each voiced frame. Sharp glottal pulses make it high; a room smears them
/// (Gillespie et al., "Speech dereverberation via maximum-kurtosis subband adaptive filtering", 2001).
pub(super) fn kurtosis(residual: &[f32], kinds: &[Kind]) -> Vec<f32> {
    let of_frame = |frame: usize| {
        let (mut square, mut fourth) = (0.0_f64, 0.0_f64);
        for sample in &residual[frame * HOP..][..FRAME] {
            let power = f64::from(sample * sample);
            square += power / FRAME as f64;
            fourth += power * power / FRAME as f64;
        }
        (square > QUIET).then(|| (fourth / (square * square) - 3.0) as f32)
    };
    (0..kinds.len()).step_by(2).filter(|&frame| kinds[frame] == Kind::Voiced).filter_map(of_frame).collect()
}
