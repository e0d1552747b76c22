//! Recordings to test with.

use std::time::Duration;

use voicegate_audio::{DecodeLimits, Decoded, Refusal, decode};

/// The recordings in `tests/fixtures`, made by its `make.sh`.
pub(crate) const FIXTURES: &[(&str, &[u8])] = &[
    ("adts.aac", include_bytes!("../fixtures/adts.aac")),
    ("alaw_stereo.wav", include_bytes!("../fixtures/alaw_stereo.wav")),
    ("f32.wav", include_bytes!("../fixtures/f32.wav")),
    ("faststart.m4a", include_bytes!("../fixtures/faststart.m4a")),
    ("finished.webm", include_bytes!("../fixtures/finished.webm")),
    ("fragmented.mp4", include_bytes!("../fixtures/fragmented.mp4")),
    ("live.webm", include_bytes!("../fixtures/live.webm")),
    ("live_clusters.webm", include_bytes!("../fixtures/live_clusters.webm")),
    ("mulaw.wav", include_bytes!("../fixtures/mulaw.wav")),
    ("opus.mp4", include_bytes!("../fixtures/opus.mp4")),
    ("opus.ogg", include_bytes!("../fixtures/opus.ogg")),
    ("opus_60ms.ogg", include_bytes!("../fixtures/opus_60ms.ogg")),
    ("opus_stereo.ogg", include_bytes!("../fixtures/opus_stereo.ogg")),
    ("plain.m4a", include_bytes!("../fixtures/plain.m4a")),
    ("s24.wav", include_bytes!("../fixtures/s24.wav")),
    ("tone.flac", include_bytes!("../fixtures/tone.flac")),
    ("tone.mp3", include_bytes!("../fixtures/tone.mp3")),
    ("tone_192k.flac", include_bytes!("../fixtures/tone_192k.flac")),
    ("tone_24bit.flac", include_bytes!("../fixtures/tone_24bit.flac")),
    ("tone_24k_stereo.mp3", include_bytes!("../fixtures/tone_24k_stereo.mp3")),
    ("tone_8ch.flac", include_bytes!("../fixtures/tone_8ch.flac")),
    ("vorbis.ogg", include_bytes!("../fixtures/vorbis.ogg")),
    ("vorbis.webm", include_bytes!("../fixtures/vorbis.webm")),
];

pub(crate) fn fixture(name: &str) -> &'static [u8] {
    FIXTURES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes).expect("a known fixture")
}

/// Decodes with the default limits and a clock that stands still.
pub(crate) fn decode_bytes(bytes: &[u8]) -> Result<Decoded, Refusal> {
    decode(bytes, None, &DecodeLimits::default(), &|| Duration::ZERO)
}

/// What the fixtures hold: a 440 Hz tone of half amplitude from 0.2 to 0.8 s of one second.
pub(crate) fn tone(rate: u32) -> Vec<f32> {
    (0..rate)
        .map(|n| f64::from(n) / f64::from(rate))
        .map(|t| if (0.2..=0.8).contains(&t) { 0.5 * (std::f64::consts::TAU * 440.0 * t).sin() } else { 0.0 })
        .map(|sample| sample as f32)
        .collect()
}

/// Root of the mean square.
pub(crate) fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

/// Delay in samples that aligns `signal` best with `reference`, searched within ± `reach`, and the correlation there.
pub(crate) fn align(reference: &[f32], signal: &[f32], reach: isize) -> (isize, f32) {
    let at = |delay: isize| {
        let mut product = 0.0;
        for (n, r) in reference.iter().enumerate().step_by(3) {
            let m = n as isize + delay;
            if let Some(s) = usize::try_from(m).ok().and_then(|m| signal.get(m)) {
                product += r * s;
            }
        }
        let scale = rms(reference) * rms(signal) * ((reference.len() * signal.len()) as f32).sqrt();
        3.0 * product / scale.max(f32::MIN_POSITIVE)
    };
    (-reach..=reach).map(|delay| (delay, at(delay))).max_by(|a, b| a.1.total_cmp(&b.1)).expect("not empty")
}
