//! Which frequencies carry speech.

use std::f32::consts::TAU;

use realfft::RealFftPlanner;

use super::percentile;
use crate::pcm::{Pcm, SAMPLE_RATE};
use crate::vad::{FRAME, Speech};

const FFT: usize = 512;
/// Bins per band: 250 Hz.
const BAND: usize = 8;
const BANDS: usize = FFT / 2 / BAND;
const BAND_HZ: f32 = BAND as f32 * SAMPLE_RATE as f32 / FFT as f32;
/// Speech within this much of the strongest band counts, in dB.
const DEPTH_DB: f32 = 55.0;
/// Speech must stand out of the pauses by this much, in dB.
const OVER_PAUSES_DB: f32 = 4.0;
/// Frames of each kind that are needed.
const FEWEST: usize = 12;
/// Up to here a band is a telephone's; wideband speech carries well beyond.
const TELEPHONE_HZ: f32 = 4_250.0;

/// The band that carries speech.
pub(super) struct Band {
    /// Highest frequency that stands out of the pauses, in Hz.
    pub(super) highest_hz: f32,
    /// Whether nothing at all, not even noise, sounds beyond a telephone's band.
    pub(super) telephone: bool,
}

/// Finds the band that carries speech.
pub(super) fn band(pcm: &Pcm, speech: &Speech) -> Option<Band> {
    let is_speech = speech.frames();
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(FFT);
    let window: Vec<f32> = (0..FFT).map(|n| 0.5 - 0.5 * (TAU * n as f32 / FFT as f32).cos()).collect();
    let (mut input, mut spectrum) = (fft.make_input_vec(), fft.make_output_vec());
    let mut scratch = fft.make_scratch_vec();
    let mut levels = [const { Vec::new() }; 2];
    // Every second frame together with the next, where both are speech or both are not.
    for (n, pair) in is_speech.chunks_exact(2).enumerate().filter(|(_, pair)| pair[0] == pair[1]) {
        let samples = &pcm.samples()[2 * n * FRAME..][..FFT];
        for ((input, sample), weight) in input.iter_mut().zip(samples).zip(&window) {
            *input = sample * weight;
        }
        fft.process_with_scratch(&mut input, &mut spectrum, &mut scratch)
            .expect("the buffers were made by this plan");
        let bands: [f32; BANDS] = std::array::from_fn(|band| {
            let power: f32 = spectrum[band * BAND..][..BAND].iter().map(|bin| bin.norm_sqr()).sum();
            10.0 * (power + 1e-9).log10()
        });
        levels[usize::from(pair[0])].push(bands);
    }
    let [pauses, speech] = &levels;
    if speech.len() < FEWEST {
        return None;
    }
    // The loud moments of each band: those of its own sounds, fricatives at the top, vowels below.
    let loud = |frames: &[[f32; BANDS]], band: usize| {
        percentile(frames.iter().map(|bands| bands[band]).collect(), 0.9)
    };
    let strongest = (0..BANDS).map(|band| loud(speech, band)).fold(f32::MIN, f32::max);
    let carries = |band: &usize| {
        let level = loud(speech, *band);
        let pause = if pauses.len() < FEWEST { f32::MIN } else { loud(pauses, *band) };
        level > strongest - DEPTH_DB && level > pause + OVER_PAUSES_DB
    };
    let highest = (0..BANDS).rev().find(carries)?;
    // Noise that hides the upper band is not the same as an upper band that is not there.
    let first_beyond = (TELEPHONE_HZ / BAND_HZ) as usize;
    let telephone = (first_beyond..BANDS).all(|band| loud(speech, band) < strongest - DEPTH_DB);
    Some(Band { highest_hz: (highest + 1) as f32 * BAND_HZ, telephone })
}
