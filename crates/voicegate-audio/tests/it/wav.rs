//! WAV in all its sample formats, and headers that lie.

use voicegate_audio::Refusal;

use crate::support::{align, decode_bytes, tone};

/// One sample as bytes.
type Encode = fn(f32) -> Vec<u8>;

/// A WAV file of one second.
fn wav(format: u16, bits: u16, channels: u16, rate: u32, encode: Encode) -> Vec<u8> {
    let data: Vec<u8> =
        tone(rate).iter().flat_map(|sample| encode(*sample).repeat(usize::from(channels))).collect();
    header(format, bits, channels, rate, data.len() as u32, &data)
}

fn header(format: u16, bits: u16, channels: u16, rate: u32, declared: u32, data: &[u8]) -> Vec<u8> {
    let block = channels.wrapping_mul(bits / 8);
    let mut out = b"RIFF".to_vec();
    out.extend((declared.saturating_add(36)).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0");
    out.extend(format.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate.wrapping_mul(u32::from(block))).to_le_bytes());
    out.extend(block.to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(b"data");
    out.extend(declared.to_le_bytes());
    out.extend(data);
    out
}

fn s16(sample: f32) -> Vec<u8> {
    ((sample * 32_767.0) as i16).to_le_bytes().to_vec()
}

#[test]
fn every_sample_format_rate_and_channel_count() {
    let reference = tone(16_000);
    let formats: [(&str, u16, u16, Encode); 6] = [
        ("u8", 1, 8, |s| vec![(s * 127.0 + 128.0) as u8]),
        ("s16", 1, 16, s16),
        ("s24", 1, 24, |s| ((s * 8_388_607.0) as i32).to_le_bytes()[..3].to_vec()),
        ("s32", 1, 32, |s| ((f64::from(s) * 2_147_483_647.0) as i32).to_le_bytes().to_vec()),
        ("f32", 3, 32, |s| s.to_le_bytes().to_vec()),
        ("f64", 3, 64, |s| f64::from(s).to_le_bytes().to_vec()),
    ];
    for (name, format, bits, encode) in formats {
        for (rate, channels) in [(8_000, 1), (16_000, 2), (44_100, 1), (48_000, 6), (192_000, 1)] {
            let decoded = decode_bytes(&wav(format, bits, channels, rate, encode)).unwrap();
            let (delay, correlation) = align(&reference, decoded.pcm.samples(), 20);
            assert!(delay == 0 && correlation > 0.999, "{name} at {rate} Hz: delay {delay}, {correlation}");
            assert_eq!(decoded.source.channels, usize::from(channels));
            assert_eq!(decoded.source.sample_rate, rate);
        }
    }
}

#[test]
fn a_header_may_promise_anything() {
    let little = s16(0.25).repeat(8_000);
    for declared in [u32::MAX, u32::MAX - 36, 2_000_000_000, 16_000] {
        let decoded = decode_bytes(&header(1, 16, 1, 16_000, declared, &little)).unwrap();
        assert_eq!(decoded.pcm.samples().len(), 8_000, "declared {declared}");
    }
    assert_eq!(decode_bytes(&header(1, 16, 1, 16_000, 0, &[])), Err(Refusal::Empty));
}

#[test]
fn rates_and_channels_outside_the_limits_are_refused() {
    let data = [0; 4_000];
    for rate in [1, 4_000, 7_999, 192_001, 3_000_000_000] {
        let code = decode_bytes(&header(1, 16, 1, rate, 4_000, &data)).unwrap_err().code();
        assert_eq!(code, "unsupported_sample_rate", "{rate} Hz");
    }
    assert_eq!(
        decode_bytes(&header(1, 16, 9, 16_000, 3_600, &data)).unwrap_err().code(),
        "too_many_channels"
    );
    for channels in [0, 1_000, u16::MAX / 2] {
        let code = decode_bytes(&header(1, 16, channels, 16_000, 4_000, &data)).unwrap_err().code();
        assert!(
            ["too_many_channels", "malformed", "unsupported_format"].contains(&code),
            "{channels}: {code}"
        );
    }
}

#[test]
fn half_an_hour_of_silence_stops_at_the_limit() {
    let half_an_hour = vec![0x80; 8_000 * 60 * 30];
    let refusal =
        decode_bytes(&header(1, 8, 1, 8_000, half_an_hour.len() as u32, &half_an_hour)).unwrap_err();
    assert_eq!(refusal.code(), "too_long");
}
