use garde::Validate;
use serde::{Deserialize, Serialize};
use voicegate_audio::{DecodeLimits, QualityLimits};

/// What recordings are taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AudioConfig {
    /// Largest recording in bytes.
    #[garde(range(min = 1024, max = 1_073_741_824))]
    pub max_bytes: usize,
    /// Longest recording in seconds.
    #[garde(range(min = 1.0, max = 3600.0))]
    pub max_seconds: f32,
    /// Most channels.
    #[garde(range(min = 1, max = 64))]
    pub max_channels: usize,
    /// Longest time for decoding one recording, in seconds.
    #[garde(range(min = 0.1, max = 600.0))]
    pub max_decode_s: f32,
    /// Least speech level, in dB relative to full scale.
    #[garde(range(min = -90.0, max = 0.0))]
    pub min_level_dbfs: f32,
    /// Least signal-to-noise ratio in dB.
    #[garde(range(min = -20.0, max = 60.0))]
    pub min_snr_db: f32,
    /// Largest share of clipped speech, 0 to 1.
    #[garde(range(min = 0.0, max = 1.0))]
    pub max_clipped_share: f32,
    /// Reverberation time in seconds from which a warning is given.
    #[garde(range(min = 0.0, max = 10.0))]
    pub warn_reverberation_s: f32,
    /// Suspicion of a second voice, 0 to 1, from which a warning is given.
    #[garde(range(min = 0.0, max = 1.0))]
    pub warn_other_voice: f32,
}

impl AudioConfig {
    /// The limits of decoding.
    #[must_use]
    pub fn decode_limits(&self) -> DecodeLimits {
        DecodeLimits {
            max_bytes: self.max_bytes,
            max_seconds: self.max_seconds,
            max_channels: self.max_channels,
            max_decode_s: self.max_decode_s,
        }
    }

    /// The limits of quality.
    #[must_use]
    pub fn quality_limits(&self) -> QualityLimits {
        QualityLimits {
            min_level_dbfs: self.min_level_dbfs,
            min_snr_db: self.min_snr_db,
            max_clipped_share: self.max_clipped_share,
            warn_reverberation_s: self.warn_reverberation_s,
            warn_other_voice: self.warn_other_voice,
        }
    }
}

impl Default for AudioConfig {
    fn default() -> Self {
        let decode = DecodeLimits::default();
        let quality = QualityLimits::default();
        Self {
            max_bytes: decode.max_bytes,
            max_seconds: decode.max_seconds,
            max_channels: decode.max_channels,
            max_decode_s: decode.max_decode_s,
            min_level_dbfs: quality.min_level_dbfs,
            min_snr_db: quality.min_snr_db,
            max_clipped_share: quality.max_clipped_share,
            warn_reverberation_s: quality.warn_reverberation_s,
            warn_other_voice: quality.warn_other_voice,
        }
    }
}
