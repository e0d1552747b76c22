//! What is known about how well a voice could be heard.

use serde::{Deserialize, Serialize};

/// Quality measures of one recording that the calibration takes into account. `None` means that it could not be
/// measured, which counts neither for nor against anybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct QualityMeasures {
    /// Seconds of speech.
    pub net_speech_s: f32,
    /// Signal-to-noise ratio in dB.
    pub snr_db: Option<f32>,
    /// Whether the recording came over a telephone band (300–3400 Hz).
    #[serde(default)]
    pub telephone_band: Option<bool>,
}

/// Signal-to-noise ratio in dB below which a recording is compared with noisy renderings of the enrolled ones.
pub const NOISY_BELOW_DB: f32 = 20.0;

/// The acoustic condition of a recording, or one that a recording was put into so that like is compared with like.
///
/// The networks move an embedding with the channel, some far: a voice enrolled with a good microphone and heard over a
/// telephone looks like a stranger's. So each enrolled recording is also embedded as it would sound in the other
/// conditions, and an attempt is compared with the renderings in its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// As recorded, with a good microphone.
    Clear,
    /// With audible noise.
    Noisy,
    /// Over a telephone.
    Telephone,
}

impl Condition {
    /// The conditions that a clear recording is rendered into.
    pub const RENDERED: [Self; 2] = [Self::Noisy, Self::Telephone];
}

impl QualityMeasures {
    /// The condition that the measures show; a recording of which nothing is known counts as clear.
    #[must_use]
    pub fn condition(&self) -> Condition {
        if self.telephone_band == Some(true) {
            Condition::Telephone
        } else if self.snr_db.is_some_and(|snr| snr < NOISY_BELOW_DB) {
            Condition::Noisy
        } else {
            Condition::Clear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_counts_as_clear() {
        let measured = |snr_db, telephone_band| {
            QualityMeasures { net_speech_s: 2.0, snr_db, telephone_band }.condition()
        };
        assert_eq!(measured(None, None), Condition::Clear);
        assert_eq!(measured(Some(30.0), Some(false)), Condition::Clear);
        assert_eq!(measured(Some(12.0), None), Condition::Noisy);
        assert_eq!(measured(Some(12.0), Some(true)), Condition::Telephone);
    }
}
