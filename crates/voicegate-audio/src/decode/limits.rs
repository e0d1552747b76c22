//! What a recording may cost before it is refused.

use serde::{Deserialize, Serialize};

/// Limits on one recording. Each is checked before the memory or time that it bounds is spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecodeLimits {
    /// Bytes of the encoded recording.
    pub max_bytes: usize,
    /// Seconds of audio.
    pub max_seconds: f32,
    /// Channels of the source.
    pub max_channels: usize,
    /// Seconds that decoding may take.
    pub max_decode_s: f32,
}

impl Default for DecodeLimits {
    /// 16 MiB, 60 s, 8 channels, 5 s of decoding: a minute of uncompressed 48 kHz stereo fits.
    fn default() -> Self {
        Self { max_bytes: 16 << 20, max_seconds: 60.0, max_channels: 8, max_decode_s: 5.0 }
    }
}
