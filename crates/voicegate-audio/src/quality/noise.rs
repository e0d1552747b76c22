//! Levels of speech and of what is heard in its pauses.

use super::percentile;
use crate::pcm::{Pcm, SAMPLE_RATE};
use crate::vad::{FRAME, Speech};

/// Frames next to speech that are left out: they hold its onset, its decay and the room's answer.
const GUARD: usize = 6;
/// Pause needed to hear the noise, in frames: 0.2 s.
const FEWEST: usize = 12;
/// Differences beyond this say nothing: the quietest rooms and microphones are noisier.
const HIGHEST_SNR_DB: f32 = 70.0;

/// Mean power of the speech, 1 being full scale.
pub(super) fn speech_power(pcm: &Pcm, speech: &Speech) -> Option<f32> {
    let samples: usize = speech.segments().iter().map(|segment| segment.len()).sum();
    let energy: f64 = speech.segments().iter().map(|segment| energy(&pcm.samples()[segment.clone()])).sum();
    (samples > 0 && energy > 0.0).then(|| (energy / samples as f64) as f32)
}

/// Ratio of the speech power to the power in the pauses, in dB.
pub(super) fn snr_db(pcm: &Pcm, speech: &Speech) -> Option<f32> {
    let with_noise = speech_power(pcm, speech)?;
    let is_speech = speech.frames();
    let pauses: Vec<f32> = pcm
        .samples()
        .chunks_exact(FRAME)
        .enumerate()
        .filter(|(n, _)| {
            let near = n.saturating_sub(GUARD)..(n + GUARD + 1).min(is_speech.len());
            is_speech[near].iter().all(|speech| !speech)
        })
        .map(|(_, frame)| (energy(frame) / FRAME as f64) as f32)
        .collect();
    if pauses.len() < FEWEST {
        return None;
    }
    // The median passes over single bangs.
    let noise = percentile(pauses, 0.5).max(1e-12);
    let speech_only = (with_noise - noise).max(noise * 0.01);
    Some((10.0 * (speech_only / noise).log10()).min(HIGHEST_SNR_DB))
}

fn energy(samples: &[f32]) -> f64 {
    // Summed in runs that single precision holds exactly enough.
    samples
        .chunks(SAMPLE_RATE as usize / 100)
        .map(|run| f64::from(run.iter().map(|s| s * s).sum::<f32>()))
        .sum()
}
