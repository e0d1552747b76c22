//! Abrupt breaks of the waveform.
//!
//! Where two pieces of audio meet, linear prediction fails for a moment. Glottal pulses make it fail too, but they come in
//! rows, and bursts of plosives last. So a block of 1 ms counts where its residual stands out of all blocks from 3 to 25 ms
//! before it and after it. (Residual of linear prediction as the trace of a discontinuity: Vaseghi and Rayner, "Detection and
//! suppression of impulsive noise in speech communication systems", 1990.)

use super::scene::Scene;
use super::{Unmeasured, decibels};
use crate::pcm::SAMPLE_RATE;

/// Samples of a block: 1 ms.
const BLOCK: usize = SAMPLE_RATE as usize / 1000;
/// Blocks that are compared, before and after: up to the longest period of a voice.
const NEAR: std::ops::RangeInclusive<usize> = 3..=25;
/// Level under which nothing is heard to break, in dBFS: rounding to 16 bits.
const FLOOR_DB: f32 = -90.0;

/// How far the block of 1 ms that does so most stands out of its neighbourhood, in dB; 0 where none does.
pub(super) fn strongest_click_db(residual: &[f32]) -> f32 {
    let levels: Vec<f32> = residual
        .chunks_exact(BLOCK)
        .map(|block| block.iter().fold(0.0_f32, |peak, sample| peak.max(sample * sample)))
        .map(|power| decibels(power).max(FLOOR_DB))
        .collect();
    let reach = *NEAR.end();
    (reach..levels.len().saturating_sub(reach))
        .map(|at| {
            let rise = |far: usize| levels[at] - levels[at - far].max(levels[at + far]);
            NEAR.map(rise).fold(f32::MAX, f32::min)
        })
        .fold(0.0, f32::max)
}

/// Strongest break, in dB over its neighbourhood.
pub(super) fn strongest_db(scene: &Scene) -> Result<f32, Unmeasured> {
    scene.long_term?;
    Ok(scene.click_db)
}
