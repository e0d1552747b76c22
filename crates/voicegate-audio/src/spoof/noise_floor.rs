//! What is heard in the pauses: one room and one microphone have one background; assembled or generated audio has several, or
//! none at all.

use super::scene::{Kind, Scene};
use super::{Unmeasured, percentile};
use crate::pcm::SAMPLE_RATE;

/// Shortest pause whose background is compared, in frames: 80 ms.
const SHORTEST: usize = 10;
/// Bands of a background's spectrum.
const BANDS: usize = 16;
/// Bins of each: 500 Hz.
const BAND: usize = 16;
/// Greatest magnitude that is digital silence: one step of 16 bits.
const STEP: f32 = 1.0 / 32_768.0;
/// Shortest run of digital silence, in samples: 4 ms. Quiet but living signals cross zero for less.
const RUN: usize = SAMPLE_RATE as usize / 250;
/// Levels under this are equal: rounding of 16-bit samples, in dB as a frame's band shows it.
const FLOOR_DB: f32 = -70.0;

/// Background of one pause: median level of each band, in dB.
fn backgrounds(scene: &Scene) -> Result<Vec<[f32; BANDS]>, Unmeasured> {
    let frames: Vec<usize> = (0..scene.kinds.len()).collect();
    let backgrounds: Vec<_> = frames
        .chunk_by(|&a, &b| (scene.kinds[a] == Kind::Pause) == (scene.kinds[b] == Kind::Pause))
        .filter(|run| run.len() >= SHORTEST && scene.kinds[run[0]] == Kind::Pause)
        .map(|run| {
            std::array::from_fn(|band| {
                let level = |&frame: &usize| super::mean(&scene.level(frame)[band * BAND..][..BAND]);
                percentile(&mut run.iter().map(level).collect::<Vec<_>>(), 0.5).max(FLOOR_DB)
            })
        })
        .collect();
    if backgrounds.len() < 2 { Err(Unmeasured::NoPauses) } else { Ok(backgrounds) }
}

/// Greatest change of the background's level from one pause to the next, in dB.
pub(super) fn level_jump_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let jump = |pair: &[[f32; BANDS]]| (super::mean(&pair[0]) - super::mean(&pair[1])).abs();
    Ok(backgrounds(scene)?.windows(2).map(jump).fold(0.0, f32::max))
}

/// Greatest change of the background's spectrum, its level apart, from one pause to the next: root mean square over bands of
/// 500 Hz, in dB.
pub(super) fn spectral_jump_db(scene: &Scene) -> Result<f32, Unmeasured> {
    let jump = |pair: &[[f32; BANDS]]| {
        let change: [f32; BANDS] = std::array::from_fn(|band| pair[1][band] - pair[0][band]);
        let level = super::mean(&change);
        super::mean(&change.map(|change| (change - level).powi(2))).sqrt()
    };
    Ok(backgrounds(scene)?.windows(2).map(jump).fold(0.0, f32::max))
}

/// Longest run of digital silence, in ms.
pub(super) fn silence_ms(scene: &Scene) -> Result<f32, Unmeasured> {
    scene.long_term?;
    let is_silence = |sample: &f32| sample.abs() <= STEP;
    let runs = scene.samples.chunk_by(|a, b| is_silence(a) == is_silence(b));
    let longest = runs.filter(|run| is_silence(&run[0])).map(<[f32]>::len).max().unwrap_or(0);
    Ok(if longest < RUN { 0.0 } else { 1_000.0 * longest as f32 / SAMPLE_RATE as f32 })
}
