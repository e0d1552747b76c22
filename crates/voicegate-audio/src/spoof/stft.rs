//! Short-time Fourier transform.

use std::f32::consts::TAU;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Hands the spectrum of each whole frame of `length` samples, `hop` apart, under a periodic Hann window to `each`:
/// `length / 2 + 1` bins from 0 to the Nyquist frequency.
pub(super) fn stft(samples: &[f32], length: usize, hop: usize, mut each: impl FnMut(&[Complex<f32>])) {
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(length);
    let window: Vec<f32> = (0..length).map(|n| 0.5 - 0.5 * (TAU * n as f32 / length as f32).cos()).collect();
    let (mut input, mut spectrum) = (fft.make_input_vec(), fft.make_output_vec());
    let mut scratch = fft.make_scratch_vec();
    for frame in samples.windows(length).step_by(hop) {
        for ((input, sample), weight) in input.iter_mut().zip(frame).zip(&window) {
            *input = sample * weight;
        }
        fft.process_with_scratch(&mut input, &mut spectrum, &mut scratch)
            .expect("the buffers were made by this plan");
        each(&spectrum);
    }
}
