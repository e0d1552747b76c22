//! Glottal cycles: how long they are, and how much one repeats the one before, below and above 4 kHz.

use super::scene::{FRAME, HOP, Kind};
use crate::render::butterworth;
use crate::vad::Speech;

/// How far the period that the speech detector found is searched around, in samples.
const AROUND: usize = 4;
/// Edge of the high band, in Hz.
const HIGH_HZ: f64 = 4_000.0;

/// The cycles of one voiced frame of the speech detector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cycle {
    /// Which frame it is.
    pub(super) frame: usize,
    /// Period in samples, finer than one.
    pub(super) period: f32,
    /// Correlation of the signal with itself one period later, -1 to 1.
    pub(super) repeats: f32,
    /// The same above 4 kHz.
    pub(super) high_repeats: f32,
    /// The same for the magnitude above 4 kHz: how far noise rises and falls with the voice.
    pub(super) high_pulses: f32,
}

/// The cycles of each voiced frame.
pub(super) fn cycles(samples: &[f32], speech: &Speech, kinds: &[Kind]) -> Vec<Cycle> {
    let mut high: Vec<f64> = samples.iter().map(|&sample| f64::from(sample)).collect();
    butterworth(4, HIGH_HZ, true).for_each(|section| section.filter(&mut high));
    let high: Vec<f32> = high.into_iter().map(|sample| sample as f32).collect();
    let magnitude: Vec<f32> = high.iter().map(|sample| sample.abs()).collect();
    // Every second frame here has the same middle as one of the speech detector.
    let voiced = kinds.iter().enumerate().skip(1).step_by(2).filter(|(_, kind)| **kind == Kind::Voiced);
    voiced
        .filter_map(|(n, _)| {
            let (start, frame) = (n * HOP, n.div_ceil(2));
            let coarse = speech.sounds()[frame].period as usize;
            let whole = start..start + FRAME + coarse + AROUND + 1;
            let lags: Vec<f32> = (coarse - AROUND..=coarse + AROUND)
                .map(|lag| Some(repeats(samples.get(whole.clone())?, lag)))
                .collect::<Option<_>>()?;
            let best = (1..lags.len() - 1).max_by(|&a, &b| lags[a].total_cmp(&lags[b]))?;
            let lag = coarse - AROUND + best;
            Some(Cycle {
                frame,
                period: lag as f32 + vertex(lags[best - 1], lags[best], lags[best + 1]),
                repeats: lags[best],
                high_repeats: repeats(&high[whole.clone()], lag),
                high_pulses: repeats(&magnitude[whole], lag),
            })
        })
        .collect()
}

/// Correlation of the first [`FRAME`] samples with those `lag` later.
fn repeats(samples: &[f32], lag: usize) -> f32 {
    super::correlation(samples[..FRAME].iter().copied().zip(samples[lag..].iter().copied()))
}

/// Where the parabola through three points, of which the middle one is highest, has its top, -0.5 to 0.5.
fn vertex(before: f32, at: f32, after: f32) -> f32 {
    let bend = before - 2.0 * at + after;
    if bend < -1e-9 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 }
}
