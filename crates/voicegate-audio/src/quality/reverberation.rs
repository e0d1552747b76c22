//! How long the room answers.
//!
//! After a sound stops, its level falls no faster than the room lets it. So the steepest falls in a recording tell the
//! room's decay (the idea behind blind estimators such as Löllmann et al., "An improved algorithm for blind
//! reverberation time estimation", IWAENC 2010).

use super::percentile;
use crate::pcm::SAMPLE_RATE;
use crate::vad::{BANDS, FRAME, Speech};

const FRAME_S: f32 = FRAME as f32 / SAMPLE_RATE as f32;
/// Lengths of the falls that are looked for, in frames: 0.13 to 0.38 s. Long rooms fall too slowly for the short ones.
const FALLS: [usize; 3] = [8, 16, 24];
/// A fall may rise again by this much from frame to frame, in dB.
const RIPPLE_DB: f32 = 1.5;
/// Total drop that a fall must have, in dB.
const SMALLEST_DROP_DB: f32 = 10.0;
/// A fall must stay this much above the quietest moments, in dB.
const OVER_FLOOR_DB: f32 = 6.0;
/// Falls needed.
const FEWEST: usize = 6;
/// Share of the falls that are steeper than the one that is taken.
const STEEPEST: f32 = 0.15;

/// Time to decay by 60 dB, in seconds.
pub(super) fn reverberation_s(speech: &Speech) -> Option<f32> {
    let mut times = Vec::new();
    // Low bands decay with the voice, high bands hold little of it.
    for band in BANDS / 3..BANDS - 1 {
        let levels: Vec<f32> = speech.sounds().iter().map(|sound| 10.0 * sound.bands[band].log10()).collect();
        if levels.is_empty() {
            return None;
        }
        let floor = percentile(levels.clone(), 0.05);
        for fall in FALLS.into_iter().flat_map(|length| levels.windows(length)) {
            let (first, last) = (fall[0], fall[fall.len() - 1]);
            let steady = fall.windows(2).all(|pair| pair[1] < pair[0] + RIPPLE_DB);
            if steady && first - last > SMALLEST_DROP_DB && last > floor + OVER_FLOOR_DB {
                times.push(-60.0 * FRAME_S / slope(fall));
            }
        }
    }
    (times.len() >= FEWEST).then(|| percentile(times, STEEPEST).clamp(0.0, 5.0))
}

/// Slope of the least-squares line, per step.
fn slope(values: &[f32]) -> f32 {
    let middle = (values.len() - 1) as f32 / 2.0;
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    let (mut product, mut square) = (0.0, 0.0);
    for (n, value) in values.iter().enumerate() {
        product += (n as f32 - middle) * (value - mean);
        square += (n as f32 - middle).powi(2);
    }
    product / square
}
