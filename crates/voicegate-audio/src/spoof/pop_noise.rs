//! Bursts of breath that hit a microphone close to the mouth, as a loudspeaker does not make them (Shiota et al., "Voice
//! liveness detection algorithms based on pop noise caused by human breath for automatic speaker verification", 2015).

use super::scene::Scene;
use super::{Unmeasured, decibels, percentile};
use crate::pcm::SAMPLE_RATE;
use crate::quality::Quality;
use crate::render::butterworth;
use crate::vad::Speech;

/// Bursts lie below the voice, in Hz.
const EDGE_HZ: f64 = 40.0;
/// Samples whose mean stands for them: so few are left that a steep filter costs nothing.
const DECIMATION: usize = 16;
/// Samples of a frame: 10 ms.
const FRAME: usize = SAMPLE_RATE as usize / 100;
/// Frames to either side that a burst is compared with: 0.5 s.
const NEAR: usize = 50;
/// From here a rise is a burst, in dB over the median around.
const BURST_DB: f32 = 12.0;
/// Frames that a burst may stay within [`PEAK_DB`] of its peak: 20 to 120 ms, with what the filter adds.
const LASTS: std::ops::RangeInclusive<usize> = 2..=12;
const PEAK_DB: f32 = 10.0;
/// A burst is at least this loud against the speech, in dB: less is the flutter of quiet noise.
const LOUD_DB: f32 = -25.0;
/// Without this level under the speech, there is no low band to hear a burst in, in dB.
const ABSENT_DB: f32 = -60.0;

/// Heights of the bursts in dB over the median of their second, none being no burst.
pub(super) fn bursts(samples: &[f32], speech: &Speech, quality: &Quality) -> Result<Vec<f32>, Unmeasured> {
    if quality.telephone_band {
        return Err(Unmeasured::NoLowBand);
    }
    if samples.len() < 2 * NEAR * FRAME {
        return Err(Unmeasured::TooShort);
    }
    let level_db = quality.level_dbfs.ok_or(Unmeasured::TooShort)?;
    let mean = |piece: &[f32]| piece.iter().map(|&sample| f64::from(sample)).sum::<f64>() / DECIMATION as f64;
    let mut low: Vec<f64> = samples.chunks_exact(DECIMATION).map(mean).collect();
    // The filter is designed for 16 kHz, so its edge moves with the rate.
    butterworth(8, EDGE_HZ * DECIMATION as f64, false).for_each(|section| section.filter(&mut low));
    let levels: Vec<f32> = low
        .chunks_exact(FRAME / DECIMATION)
        .map(|frame| {
            decibels((frame.iter().map(|sample| sample * sample).sum::<f64>() / frame.len() as f64) as f32)
        })
        .collect();
    let is_speech = speech.frames();
    if percentile(&mut levels.clone(), 0.9) < level_db + ABSENT_DB {
        return Err(Unmeasured::NoLowBand);
    }
    let rises: Vec<f32> = (0..levels.len())
        .map(|at| {
            let near = at.saturating_sub(NEAR)..(at + NEAR).min(levels.len());
            levels[at] - percentile(&mut levels[near].to_vec(), 0.5)
        })
        .collect();
    let near_speech = |frame: usize| {
        let at = frame * FRAME / crate::vad::FRAME;
        is_speech[at.saturating_sub(3)..(at + 4).min(is_speech.len())].contains(&true)
    };
    let mut at = 0;
    let mut bursts = Vec::new();
    let loud =
        |frames: std::ops::Range<usize>| levels[frames].iter().any(|&level| level > level_db + LOUD_DB);
    for run in rises.chunk_by(|a, b| (*a > BURST_DB) == (*b > BURST_DB)) {
        let peak = run.iter().copied().fold(0.0, f32::max);
        let lasts = run.iter().filter(|rise| **rise > peak - PEAK_DB).count();
        if peak > BURST_DB && LASTS.contains(&lasts) && near_speech(at) && loud(at..at + run.len()) {
            bursts.push(peak);
        }
        at += run.len();
    }
    Ok(bursts)
}

/// Bursts per second.
pub(super) fn per_s(scene: &Scene) -> Result<f32, Unmeasured> {
    let bursts = scene.pops.as_ref().map_err(|reason| *reason)?;
    Ok(bursts.len() as f32 / scene.quality.duration_s)
}

/// Strongest burst, in dB over the median of its second; 0 where there is none.
pub(super) fn strongest_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let bursts = scene.pops.as_ref().map_err(|reason| *reason)?;
    Ok(bursts.iter().copied().fold(0.0, f32::max))
}
