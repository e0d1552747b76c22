//! A recording in the acoustic conditions that it is enrolled for.

use voicegate_audio::render::{in_noise, over_telephone};
use voicegate_audio::{Pcm, Quality};
use voicegate_core::{Condition, QualityMeasures};

/// Noise of the rendering, in dB below the recording.
const NOISE_SNR_DB: f32 = 15.0;

/// What the calibration takes into account of a measured quality.
#[must_use]
pub fn quality_measures(quality: &Quality) -> QualityMeasures {
    QualityMeasures {
        net_speech_s: quality.net_speech_s,
        snr_db: quality.snr_db,
        // Without a measured band there was too little speech to tell.
        telephone_band: quality.bandwidth_hz.map(|_| quality.telephone_band),
    }
}

/// A clear recording as it would sound in the other conditions; nothing for one that is in such a condition already.
#[must_use]
pub fn renderings(pcm: &Pcm, quality: &QualityMeasures) -> Vec<(Condition, Pcm)> {
    if quality.condition() != Condition::Clear {
        return Vec::new();
    }
    let render = |condition| match condition {
        Condition::Clear => pcm.clone(),
        // Always the same noise: enrolling a recording again gives the same template.
        Condition::Noisy => in_noise(pcm, NOISE_SNR_DB, 1),
        Condition::Telephone => over_telephone(pcm),
    };
    Condition::RENDERED.into_iter().map(|condition| (condition, render(condition))).collect()
}
