//! How good a recording is, in numbers.

mod bandwidth;
pub(crate) mod clipping;
mod limits;
mod noise;
mod reverberation;
mod voices;

use serde::Serialize;

pub use self::limits::QualityLimits;
use crate::pcm::Pcm;
use crate::vad::Speech;

/// What was measured on a recording. None means that it could not be measured, which is never held against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Duration of the whole recording, in seconds.
    pub duration_s: f32,
    /// Net speech, in seconds.
    pub net_speech_s: f32,
    /// Active speech level: mean power of the speech, in dB relative to full scale.
    pub level_dbfs: Option<f32>,
    /// Ratio of speech power to noise power, in dB. None without enough pauses to hear the noise in.
    pub snr_db: Option<f32>,
    /// Share of the speech samples driven into the limits, 0 to 1.
    pub clipped_share: f32,
    /// Highest frequency that carries speech, in Hz, at most 8000.
    pub bandwidth_hz: Option<f32>,
    /// Whether the band is that of a telephone call (300–3400 Hz, or a source sampled at 8 kHz).
    pub telephone_band: bool,
    /// Estimated reverberation time (time to decay by 60 dB), in seconds.
    pub reverberation_s: Option<f32>,
    /// Suspicion that more than one person speaks, 0 to 1.
    pub other_voice_suspicion: Option<f32>,
}

impl Quality {
    /// Measures a recording whose speech has been found.
    pub fn measure(pcm: &Pcm, speech: &Speech) -> Self {
        let band = bandwidth::band(pcm, speech);
        let mut clipping = clipping::ClipCounter::default();
        for segment in speech.segments() {
            pcm.samples()[segment.clone()].iter().for_each(|&sample| clipping.push(sample));
        }
        Self {
            duration_s: pcm.duration_s(),
            net_speech_s: speech.net_s(),
            level_dbfs: noise::speech_power(pcm, speech).map(|power| 10.0 * power.log10()),
            snr_db: noise::snr_db(pcm, speech),
            clipped_share: clipping.share(),
            bandwidth_hz: band.as_ref().map(|band| band.highest_hz),
            telephone_band: band.is_some_and(|band| band.telephone),
            reverberation_s: reverberation::reverberation_s(speech),
            other_voice_suspicion: voices::suspicion(speech),
        }
    }
}

/// The value that `share` of the values, which are not none, lie below.
fn percentile(mut values: Vec<f32>, share: f32) -> f32 {
    let at = ((values.len() - 1) as f32 * share) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}
