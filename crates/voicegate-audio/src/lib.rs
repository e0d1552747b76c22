//! Speech as it arrives, made ready for the models: bytes to [`Pcm`], speech found, quality measured, features computed.
//!
//! ```text
//! bytes ─ decode ─▶ Pcm ─ detect_speech ─▶ Speech ─ Quality::measure ─▶ Quality ─▶ Refusals, Warnings
//!                    └─────────────── log_mel, kaldi_fbank, ge2e_mel ─▶ Features
//! ```
//!
//! Everything is a function of its arguments: no clock, no randomness, no files, no `unsafe`. Any bytes and any samples give
//! a result or a [`Refusal`] that says what to do; none makes it panic or take memory beyond [`DecodeLimits`].
//!
//! ```
//! use std::time::Duration;
//! use voicegate_audio::{DecodeLimits, Quality, QualityLimits, decode, detect_speech, log_mel};
//!
//! # fn main() -> Result<(), voicegate_audio::Refusal> {
//! # let bytes = include_bytes!("../tests/fixtures/live.webm");
//! // The caller has the clock: here one that stands still.
//! let decoded = decode(bytes, Some("audio/webm"), &DecodeLimits::default(), &|| Duration::ZERO)?;
//! let speech = detect_speech(&decoded.pcm);
//! let quality = Quality::measure(&decoded.pcm, &speech);
//! // 1.5 s of net speech are needed to verify somebody.
//! for refusal in quality.refusals(&QualityLimits::default(), 1.5) {
//!     println!("{}: {refusal}", refusal.code());
//! }
//! let features = log_mel(&decoded.pcm);
//! assert_eq!(features.frames(), 1 + decoded.pcm.samples().len() / 160);
//! # Ok(())
//! # }
//! ```
//!
//! What the quality numbers return on good and spoiled speech is in `docs/audio.md`.

pub mod decode;
pub mod features;
mod pcm;
mod quality;
mod refusal;
pub mod render;
mod resample;
pub mod spoof;
mod stream;
pub mod vad;
mod wav;

pub use decode::{DecodeLimits, Decoded, Source, decode};
pub use features::{Features, ge2e_mel, ge2e_partials, kaldi_fbank, log_mel};
pub use pcm::{Pcm, SAMPLE_RATE};
pub use quality::{Quality, QualityLimits};
pub use refusal::{Refusal, Warning};
pub use resample::{Resampler, SUPPORTED_RATES};
pub use stream::{PushStream, SampleFormat, StreamQuality};
pub use vad::{Speech, detect_speech};
pub use wav::encode_wav;
