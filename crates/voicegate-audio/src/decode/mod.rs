//! Bytes of a recording to 16 kHz mono.
//!
//! Nothing that a header promises is believed: memory grows only with audio that was really decoded, up to
//! [`DecodeLimits::max_seconds`], in pieces of one packet that are mixed to mono and resampled at once.

mod container;
mod limits;
mod mp4;
mod packets;
mod source;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde::Serialize;

pub use self::container::{Codec, Container};
pub use self::limits::DecodeLimits;
use crate::pcm::Pcm;
use crate::refusal::Refusal;

/// A decoded recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The audio.
    pub pcm: Pcm,
    /// What it came from.
    pub source: Source,
}

/// Facts about the recording as it was received.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// Container format.
    pub container: Container,
    /// Audio coding.
    pub codec: Codec,
    /// Sample rate in Hz; 48 000 for Opus, whose rate is nominal.
    pub sample_rate: u32,
    /// Number of channels, all mixed into one with equal weights.
    pub channels: usize,
    /// Highest frequency that the sample rate can carry, in Hz. What the audio really contains is
    /// the quality measurement.
    pub bandwidth_hz: f32,
    /// Whether the recording stops before the end that it declares (WAV, FLAC), within a structure, or with damaged pieces
    /// left out. Live WebM recordings declare no end and are complete wherever they stop.
    pub incomplete: bool,
}

/// Decodes a recording to 16 kHz mono.
///
/// `hint` is a content type or file name; it only decides where the bytes don't. `elapsed` tells how much
/// time has passed since the caller began, and is asked before each piece of work.
///
/// # Errors
/// A [`Refusal`]: `empty`, `too_large`, `unsupported_format`, `malformed`, `truncated`, `too_many_channels`,
/// `unsupported_sample_rate`, `too_long` or `decode_timeout`.
pub fn decode(
    bytes: &[u8],
    hint: Option<&str>,
    limits: &DecodeLimits,
    elapsed: &(dyn Fn() -> Duration + Sync),
) -> Result<Decoded, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::Empty);
    }
    if bytes.len() > limits.max_bytes {
        return Err(Refusal::TooLarge { bytes: bytes.len(), limit: limits.max_bytes });
    }
    let container = Container::sniff(bytes)
        .or_else(|| hint.and_then(Container::from_hint))
        .ok_or_else(|| Refusal::UnsupportedFormat { found: describe(bytes, hint) })?;
    // The container readers and decoders are a library's; a panic in one of them must not take a request's
    // neighbours with it. Nothing outlives the unwinding, so nothing can be seen half-changed.
    catch_unwind(AssertUnwindSafe(|| packets::decode(bytes, container, limits, elapsed)))
        .unwrap_or_else(|_| Err(Refusal::Malformed { container: container.name().to_owned() }))
}

/// What to call bytes that are not a recording.
fn describe(bytes: &[u8], hint: Option<&str>) -> String {
    let seen = if std::str::from_utf8(&bytes[..bytes.len().min(64)]).is_ok() {
        "the bytes are text"
    } else {
        "the bytes are no known audio format"
    };
    match hint {
        // A hint comes from outside: only its harmless beginning is repeated.
        Some(hint) => {
            let said: String = hint.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
            format!("{seen}, announced as “{said}”")
        }
        None => seen.to_owned(),
    }
}
