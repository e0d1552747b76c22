//! P3.1: every container and codec that browsers, telephones and recorders write, and what a cut one becomes.

use std::time::Duration;

use voicegate_audio::decode::{Codec, Container};
use voicegate_audio::{DecodeLimits, Refusal, decode};

use crate::support::{FIXTURES, align, decode_bytes, fixture, rms, tone};

/// Name, container, codec, rate, channels, and the coder's delay in samples at 16 kHz that its container does not declare.
const FACTS: &[(&str, Container, Codec, u32, usize, isize)] = &[
    ("adts.aac", Container::Adts, Codec::Aac, 44_100, 1, 371),
    ("alaw_stereo.wav", Container::Wav, Codec::ALaw, 8_000, 2, 0),
    ("f32.wav", Container::Wav, Codec::Pcm, 11_025, 1, 0),
    ("faststart.m4a", Container::Mp4, Codec::Aac, 48_000, 1, 342),
    ("finished.webm", Container::Webm, Codec::Opus, 48_000, 1, 0),
    ("fragmented.mp4", Container::Mp4, Codec::Aac, 48_000, 1, 342),
    ("live.webm", Container::Webm, Codec::Opus, 48_000, 1, 0),
    ("live_clusters.webm", Container::Webm, Codec::Opus, 48_000, 1, 0),
    ("mulaw.wav", Container::Wav, Codec::MuLaw, 8_000, 1, 0),
    ("opus.mp4", Container::Mp4, Codec::Opus, 48_000, 1, 0),
    ("opus.ogg", Container::Ogg, Codec::Opus, 48_000, 1, 0),
    ("opus_60ms.ogg", Container::Ogg, Codec::Opus, 48_000, 1, 0),
    ("opus_stereo.ogg", Container::Ogg, Codec::Opus, 48_000, 2, 0),
    ("plain.m4a", Container::Mp4, Codec::Aac, 44_100, 1, 371),
    ("s24.wav", Container::Wav, Codec::Pcm, 16_000, 1, 0),
    ("tone.flac", Container::Flac, Codec::Flac, 16_000, 1, 0),
    ("tone.mp3", Container::Mp3, Codec::Mp3, 44_100, 1, 0),
    ("tone_192k.flac", Container::Flac, Codec::Flac, 192_000, 1, 0),
    ("tone_24bit.flac", Container::Flac, Codec::Flac, 48_000, 2, 0),
    ("tone_24k_stereo.mp3", Container::Mp3, Codec::Mp3, 24_000, 2, 0),
    ("tone_8ch.flac", Container::Flac, Codec::Flac, 16_000, 8, 0),
    ("vorbis.ogg", Container::Ogg, Codec::Vorbis, 22_050, 1, 0),
    ("vorbis.webm", Container::Webm, Codec::Vorbis, 44_100, 1, 0),
];

#[test]
fn every_recording_gives_its_tone_and_its_facts() {
    assert_eq!(FACTS.len(), FIXTURES.len());
    let reference = tone(16_000);
    let mut wrong = Vec::new();
    for &(name, container, codec, rate, channels, delay) in FACTS {
        let decoded = match decode_bytes(fixture(name)) {
            Ok(decoded) => decoded,
            Err(refusal) => {
                wrong.push(format!("{name}: {refusal}"));
                continue;
            }
        };
        let source = &decoded.source;
        let found = (source.container, source.codec, source.sample_rate, source.channels, source.incomplete);
        if found != (container, codec, rate, channels, false) {
            wrong.push(format!("{name}: {found:?}"));
        }
        let samples = decoded.pcm.samples();
        // The shorter ones stop within the tone.
        let reference = &reference[..samples.len().min(reference.len())];
        let (found, correlation) = align(reference, samples, 500);
        if (found - delay).abs() > 2 || correlation < 0.95 {
            wrong.push(format!("{name}: delay {found}, correlation {correlation}"));
        }
        // Trailing padding of the coder may remain.
        if samples.len().saturating_sub(reference.len()) > 1024 || samples.len() < 4_800 {
            wrong.push(format!("{name}: {} samples", samples.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn opus_at_16_khz_equals_opus_at_48_khz_resampled() {
    // libopus decodes to any rate; the short cut must not change what the models hear.
    let direct = decode_bytes(fixture("opus.ogg")).unwrap();
    let reference = decode_bytes(fixture("tone.flac")).unwrap();
    let difference: Vec<f32> =
        direct.pcm.samples().iter().zip(reference.pcm.samples()).map(|(a, b)| a - b).collect();
    assert!(rms(&difference) < 0.05 * rms(reference.pcm.samples()), "{}", rms(&difference));
}

/// Each recording cut after every so many bytes: never a panic, audio that grows with the bytes, and a refusal only where
/// there is no audio yet.
#[test]
fn cut_recordings_give_what_they_hold_or_say_truncated() {
    for (name, bytes) in FIXTURES {
        let whole = decode_bytes(bytes).unwrap().pcm.samples().len();
        let mut longest = 0;
        for cut in (1..bytes.len()).step_by(1 + bytes.len() / 60) {
            match decode_bytes(&bytes[..cut]) {
                Ok(decoded) => {
                    let samples = decoded.pcm.samples().len();
                    assert!(samples <= whole + 2_048, "{name} cut at {cut}: {samples} samples of {whole}");
                    longest = longest.max(samples);
                }
                Err(Refusal::Truncated { .. }) => {}
                // The first bytes alone are not yet recognisable.
                Err(Refusal::UnsupportedFormat { .. } | Refusal::Malformed { .. }) if cut < 64 => {}
                // Half of the last structure before the audio can look damaged.
                Err(Refusal::Malformed { .. }) => assert_eq!(longest, 0, "{name} cut at {cut}"),
                Err(other) => panic!("{name} cut at {cut}: {other:?}"),
            }
        }
        // Plain MP4 is read whole or not at all, and so is an Ogg page, which may hold a second.
        assert!(
            longest > whole / 2 || name.ends_with(".m4a") || *name == "opus_60ms.ogg",
            "{name}: {longest} of {whole}"
        );
    }
}

#[test]
fn a_live_webm_is_complete_wherever_it_stops() {
    let bytes = fixture("live.webm");
    for cut in [bytes.len() / 2, bytes.len() - 7] {
        let decoded = decode_bytes(&bytes[..cut]).unwrap();
        assert!(!decoded.source.incomplete);
        assert!(decoded.pcm.duration_s() > 0.3);
    }
}

#[test]
fn a_fragmented_mp4_without_audio_is_truncated() {
    let bytes = fixture("fragmented.mp4");
    let first_fragment = bytes.windows(4).position(|kind| kind == b"moof").unwrap() - 4;
    for cut in [first_fragment, first_fragment + 20] {
        let refusal = decode_bytes(&bytes[..cut]).unwrap_err();
        assert_eq!(refusal.code(), "truncated", "cut at {cut}");
    }
}

#[test]
fn a_cut_file_with_a_declared_length_is_incomplete() {
    for name in ["tone.flac", "mulaw.wav"] {
        let bytes = fixture(name);
        let decoded = decode_bytes(&bytes[..bytes.len() * 2 / 3]).unwrap();
        assert!(decoded.source.incomplete, "{name}");
    }
}

#[test]
fn limits_refuse() {
    let tight = |limits: DecodeLimits, name: &str| {
        decode(fixture(name), None, &limits, &|| Duration::from_secs(1)).unwrap_err()
    };
    let limits = DecodeLimits::default();
    assert_eq!(tight(DecodeLimits { max_bytes: 99, ..limits.clone() }, "tone.mp3").code(), "too_large");
    for (name, _) in FIXTURES {
        let refusal = tight(DecodeLimits { max_seconds: 0.2, ..limits.clone() }, name);
        assert_eq!(refusal, Refusal::TooLong { limit_s: 0.2 }, "{name}");
        let refusal = tight(DecodeLimits { max_decode_s: 0.5, ..limits.clone() }, name);
        assert_eq!(refusal, Refusal::DecodeTimeout { limit_s: 0.5 }, "{name}");
    }
    let refusal = tight(DecodeLimits { max_channels: 7, ..limits.clone() }, "tone_8ch.flac");
    assert_eq!(refusal, Refusal::TooManyChannels { channels: 8, limit: 7 });
}

#[test]
fn what_is_no_audio_is_unsupported_and_nothing_is_empty() {
    assert_eq!(decode_bytes(b""), Err(Refusal::Empty));
    for bytes in [&b"GIF89a........"[..], b"<html></html>", b"{\"audio\": 1}", &[0; 1000], &[0xff; 1000]] {
        let code = decode_bytes(bytes).unwrap_err().code();
        assert!(["unsupported_format", "malformed", "truncated"].contains(&code), "{code}");
    }
    let refusal = decode(b"#!AMR\n", Some("audio/amr"), &DecodeLimits::default(), &|| Duration::ZERO);
    assert!(refusal.unwrap_err().to_string().contains("audio/amr"));
}
