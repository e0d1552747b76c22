//! The push stream (P7.3 will use it): same result however the bytes are cut, limits, running quality.

use proptest::prelude::*;
use voicegate_audio::{PushStream, Refusal, SampleFormat, StreamQuality};

use crate::support::{align, tone};

fn run(format: SampleFormat, rate: u32, pieces: &[&[u8]]) -> (Vec<f32>, StreamQuality) {
    let mut stream = PushStream::new(format, rate, 60.0).expect("a supported rate");
    let mut out = Vec::new();
    for piece in pieces {
        stream.push(piece, &mut out).expect("within the limit");
    }
    let quality = stream.finish(&mut out);
    (out, quality)
}

fn s16(samples: &[f32]) -> Vec<u8> {
    samples.iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()).collect()
}

#[test]
fn both_formats_carry_the_same_sound() {
    let reference = tone(16_000);
    let floats: Vec<u8> = tone(48_000).iter().flat_map(|s| s.to_le_bytes()).collect();
    for (format, bytes) in [(SampleFormat::S16le, s16(&tone(48_000))), (SampleFormat::F32le, floats)] {
        let (out, quality) = run(format, 48_000, &[&bytes]);
        assert_eq!(out.len(), 16_000);
        let (delay, correlation) = align(&reference, &out, 20);
        assert!(delay == 0 && correlation > 0.999, "{format:?}");
        assert!((quality.duration_s - 1.0).abs() < 1e-6);
    }
}

#[test]
fn quality_follows_level_speech_and_clipping() {
    let (_, quiet) = run(SampleFormat::S16le, 16_000, &[&s16(&vec![0.0; 16_000])]);
    assert_eq!((quiet.level_dbfs, quiet.net_speech_s, quiet.clipped_share), (-120.0, 0.0, 0.0));
    let half = tone(16_000);
    let (_, sounding) = run(SampleFormat::S16le, 16_000, &[&s16(&half[..12_000])]);
    assert!((sounding.level_dbfs + 9.0).abs() < 0.2, "{sounding:?}");
    assert!((sounding.net_speech_s - 0.6).abs() < 0.11, "{sounding:?}");
}

#[test]
fn the_limit_refuses_before_taking_anything() {
    let mut stream = PushStream::new(SampleFormat::S16le, 16_000, 1.0).unwrap();
    let mut out = Vec::new();
    stream.push(&[0; 32_000], &mut out).unwrap();
    assert_eq!(stream.push(&[0; 2], &mut out), Err(Refusal::TooLong { limit_s: 1.0 }));
    assert_eq!(out.len(), 16_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn cuts_do_not_matter(
        bytes in proptest::collection::vec(any::<u8>(), 0..6_000),
        piece in 1..500_usize,
        rate in prop_oneof![Just(8_000_u32), Just(16_000), Just(44_100), Just(48_000)],
        float in any::<bool>(),
    ) {
        let format = if float { SampleFormat::F32le } else { SampleFormat::S16le };
        let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
        let whole = run(format, rate, &[&bytes]);
        prop_assert!(whole.0.iter().all(|sample| (-1.0..=1.0).contains(sample)));
        prop_assert_eq!(whole, run(format, rate, &pieces));
    }
}
