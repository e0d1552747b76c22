//! A recording as it would sound elsewhere: over a telephone, in noise. Used to enrol a voice for conditions that it was not
//! recorded in.

use std::f64::consts::PI;

use crate::Resampler;
use crate::pcm::{Pcm, SAMPLE_RATE};

/// Band of a telephone line in Hz (ITU-T G.712).
const BAND_HZ: [f64; 2] = [300.0, 3_400.0];

/// The recording over a telephone line: 300–3400 Hz at 8 kHz, 8 bits by the µ-law (the law of ITU-T G.711).
#[must_use]
pub fn over_telephone(pcm: &Pcm) -> Pcm {
    let mut samples: Vec<f64> = pcm.samples().iter().map(|&s| f64::from(s)).collect();
    // Two sections each way: 24 dB an octave below, and enough above to lose every second sample without aliases.
    for section in butterworth(4, BAND_HZ[0], true).chain(butterworth(8, BAND_HZ[1], false)) {
        section.filter(&mut samples);
    }
    let line: Vec<f32> = samples.iter().step_by(2).map(|&sample| mu_law(sample) as f32).collect();
    let mut out = Vec::with_capacity(samples.len());
    let mut resampler = Resampler::new(SAMPLE_RATE / 2).expect("8 kHz is a supported rate");
    resampler.push(&line, &mut out);
    resampler.finish(&mut out);
    out.truncate(pcm.samples().len());
    Pcm::new(out)
}

/// The recording with pink noise `snr_db` below its mean power; the same `seed` gives the same noise.
#[must_use]
pub fn in_noise(pcm: &Pcm, snr_db: f32, seed: u64) -> Pcm {
    let noise = pink(pcm.samples().len(), seed);
    let energy = |samples: &[f32]| samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    let ratio = energy(pcm.samples()) / energy(&noise).max(1e-12) / 10f64.powf(f64::from(snr_db) / 10.0);
    let gain = ratio.sqrt() as f32;
    Pcm::new(pcm.samples().iter().zip(&noise).map(|(sample, noise)| sample + gain * noise).collect())
}

/// To the nearest of 255 levels, close together near silence, and back.
fn mu_law(sample: f64) -> f64 {
    const MU: f64 = 255.0;
    let code = (sample.signum() * (MU * sample.abs().min(1.0)).ln_1p() / MU.ln_1p() * 127.0).round() / 127.0;
    code.signum() * (code.abs() * MU.ln_1p()).exp_m1() / MU
}

/// Noise of 3 dB less power per octave, out of white noise by three poles and zeros (R. Bristow-Johnson's filter).
fn pink(samples: usize, seed: u64) -> Vec<f32> {
    const SECTIONS: [(f64, f64); 3] =
        [(0.995_727_54, 0.984_436_04), (0.947_906_49, 0.833_923_34), (0.535_675_05, 0.075_683_59)];
    let mut state = seed;
    let mut memory = [(0.0, 0.0); 3];
    let mut one = || {
        // The sum of four uniform numbers is near enough to a normal one.
        let white: f64 = (0..4).map(|_| uniform(&mut state)).sum::<f64>() - 2.0;
        SECTIONS.iter().zip(&mut memory).fold(white, |input, ((pole, zero), (last_in, last_out))| {
            let output = input - zero * *last_in + pole * *last_out;
            (*last_in, *last_out) = (input, output);
            output
        }) as f32
    };
    (0..samples).map(|_| one()).collect()
}

/// SplitMix64 (Steele et al., 2014) as a number in [0, 1).
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// One section of second order.
pub(crate) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
}

impl Biquad {
    pub(crate) fn filter(&self, samples: &mut [f64]) {
        let (mut z1, mut z2) = (0.0, 0.0);
        for sample in samples {
            let input = *sample;
            let output = self.b[0] * input + z1;
            z1 = self.b[1] * input - self.a[0] * output + z2;
            z2 = self.b[2] * input - self.a[1] * output;
            *sample = output;
        }
    }
}

/// The sections of a Butterworth filter of even `order`, by the bilinear transform.
pub(crate) fn butterworth(order: u32, edge_hz: f64, high_pass: bool) -> impl Iterator<Item = Biquad> {
    let k = (PI * edge_hz / f64::from(SAMPLE_RATE)).tan();
    (0..order / 2).map(move |section| {
        let damping = 2.0 * (PI * f64::from(2 * section + 1) / f64::from(2 * order)).sin();
        let norm = 1.0 / (1.0 + damping * k + k * k);
        let b = if high_pass {
            [norm, -2.0 * norm, norm]
        } else {
            [k * k * norm, 2.0 * k * k * norm, k * k * norm]
        };
        Biquad { b, a: [2.0 * (k * k - 1.0) * norm, (1.0 - damping * k + k * k) * norm] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32) -> Pcm {
        let step = std::f32::consts::TAU * hertz / SAMPLE_RATE as f32;
        Pcm::new((0..16_000).map(|n| 0.5 * (step * n as f32).sin()).collect())
    }

    fn decibels(before: &Pcm, after: &Pcm) -> f64 {
        let power = |pcm: &Pcm| {
            pcm.samples()[4_000..12_000].iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / 8_000.0
        };
        10.0 * (power(after) / power(before)).log10()
    }

    #[test]
    fn the_line_passes_its_band_only() {
        for (hertz, low, high) in [
            (60.0, -200.0, -40.0),
            (300.0, -4.0, -2.0),
            (1_000.0, -0.3, 0.3),
            (3_000.0, -2.0, 0.3),
            (5_000.0, -200.0, -24.0),
        ] {
            let before = tone(hertz);
            let change = decibels(&before, &over_telephone(&before));
            assert!((low..=high).contains(&change), "{hertz} Hz: {change} dB");
        }
    }

    #[test]
    fn noise_has_the_asked_power_and_is_the_same_each_time() {
        let before = tone(1_000.0);
        let noisy = in_noise(&before, 15.0, 3);
        let added = Pcm::new(before.samples().iter().zip(noisy.samples()).map(|(a, b)| b - a).collect());
        assert!((decibels(&before, &added) + 15.0).abs() < 1.5);
        assert_eq!(noisy, in_noise(&before, 15.0, 3));
        assert_ne!(noisy, in_noise(&before, 15.0, 4));
    }

    #[test]
    fn nothing_and_silence_stay_what_they_are() {
        assert!(over_telephone(&Pcm::default()).is_empty());
        assert!(in_noise(&Pcm::default(), 15.0, 1).is_empty());
        let silence = Pcm::new(vec![0.0; 999]);
        assert_eq!(over_telephone(&silence), silence);
        assert_eq!(in_noise(&silence, 15.0, 1), silence);
    }

    #[test]
    fn noise_is_pink() {
        let noise = pink(1 << 16, 5);
        // Power in differences of neighbours grows with frequency; pink noise has far less of it than white.
        let power: f64 = noise.iter().map(|&s| f64::from(s).powi(2)).sum();
        let steps: f64 = noise.windows(2).map(|w| f64::from(w[1] - w[0]).powi(2)).sum();
        assert!(steps / power < 0.6, "{}", steps / power);
    }
}
