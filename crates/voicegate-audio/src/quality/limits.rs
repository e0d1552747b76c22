//! From numbers to refusals.

use serde::{Deserialize, Serialize};

use super::Quality;
use crate::refusal::{Refusal, Warning};

/// What a recording must reach. How much speech is needed depends on the use and is given apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityLimits {
    /// Lowest active speech level, in dB relative to full scale.
    pub min_level_dbfs: f32,
    /// Lowest signal-to-noise ratio, in dB.
    pub min_snr_db: f32,
    /// Highest share of clipped speech samples, 0 to 1.
    pub max_clipped_share: f32,
    /// Reverberation time from which a warning is given, in seconds.
    pub warn_reverberation_s: f32,
    /// Suspicion of a second voice from which a warning is given, 0 to 1.
    pub warn_other_voice: f32,
}

impl Default for QualityLimits {
    fn default() -> Self {
        Self {
            min_level_dbfs: -50.0,
            min_snr_db: 5.0,
            max_clipped_share: 0.01,
            warn_reverberation_s: 1.0,
            warn_other_voice: 0.9,
        }
    }
}

impl Quality {
    /// Every reason to refuse the recording, the most telling first; empty when it is good enough.
    /// `needed_speech_s` is the net speech that the use needs, in seconds.
    pub fn refusals(&self, limits: &QualityLimits, needed_speech_s: f32) -> Vec<Refusal> {
        if self.net_speech_s <= 0.0 {
            return vec![Refusal::NoSpeech];
        }
        let mut refusals = Vec::new();
        if self.clipped_share > limits.max_clipped_share {
            refusals.push(Refusal::Clipped { share: self.clipped_share, limit: limits.max_clipped_share });
        }
        if let Some(level_dbfs) = self.level_dbfs.filter(|&level| level < limits.min_level_dbfs) {
            refusals.push(Refusal::TooQuiet { level_dbfs, needed_dbfs: limits.min_level_dbfs });
        }
        if let Some(snr_db) = self.snr_db.filter(|&snr| snr < limits.min_snr_db) {
            refusals.push(Refusal::TooNoisy { snr_db, needed_db: limits.min_snr_db });
        }
        if self.net_speech_s < needed_speech_s {
            refusals.push(Refusal::TooShort { net_speech_s: self.net_speech_s, needed_s: needed_speech_s });
        }
        refusals
    }

    /// What lowers the worth of the recording without making it unusable.
    pub fn warnings(&self, limits: &QualityLimits) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(suspicion) = self.other_voice_suspicion.filter(|&s| s >= limits.warn_other_voice) {
            warnings.push(Warning::MoreThanOneVoice { suspicion, limit: limits.warn_other_voice });
        }
        if let Some(bandwidth_hz) = self.bandwidth_hz.filter(|_| self.telephone_band) {
            warnings.push(Warning::TelephoneBand { bandwidth_hz });
        }
        if let Some(reverberation_s) = self.reverberation_s.filter(|&s| s >= limits.warn_reverberation_s) {
            warnings.push(Warning::Reverberant { reverberation_s, limit_s: limits.warn_reverberation_s });
        }
        warnings
    }
}
