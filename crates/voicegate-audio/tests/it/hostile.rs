//! The short form of the fuzz targets: the recordings of the tests, damaged in many ways from a fixed seed.
//! Findings of the long runs lie in `tests/fixtures/hostile` and are decoded here for ever.

use std::time::{Duration, Instant};

use voicegate_audio::{DecodeLimits, Pcm, PushStream, Quality, SampleFormat, decode, detect_speech, log_mel};

use crate::support::FIXTURES;

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Values that sizes and counts break at.
const EXTREMES: [&[u8]; 6] =
    [&[0, 0, 0, 0], &[0xff; 4], &[0x7f, 0xff, 0xff, 0xff], &[0xff; 8], &[0x80, 0, 0, 0], &[0x01]];

fn damage(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + rng.below(6) {
        if bytes.is_empty() {
            break;
        }
        // Headers are at the front, and that is where damage matters most.
        let reach = if rng.below(3) > 0 { bytes.len().min(600) } else { bytes.len() };
        let at = rng.below(reach);
        match rng.below(5) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = rng.next() as u8,
            2 => {
                let value = EXTREMES[rng.below(EXTREMES.len())];
                let end = (at + value.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
            3 => bytes.truncate(at + 1),
            _ => {
                let end = (at + 1 + rng.below(64)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// Decodes and, where that gives audio, analyses. Anything but a panic is fine; the clock bounds the rest.
fn use_up(bytes: &[u8]) {
    let limits = DecodeLimits { max_seconds: 5.0, max_decode_s: 2.0, ..DecodeLimits::default() };
    let start = Instant::now();
    if let Ok(decoded) = decode(bytes, None, &limits, &|| start.elapsed()) {
        assert!(decoded.pcm.duration_s() <= limits.max_seconds && !decoded.pcm.is_empty());
    }
}

#[test]
fn damaged_recordings_never_panic() {
    let mut rng = Rng(7);
    // The library's contained panics would fill the output.
    for (_, bytes) in FIXTURES {
        for _ in 0..40 {
            use_up(&damage(bytes, &mut rng));
        }
    }
}

#[test]
fn findings_of_the_fuzzer_stay_fixed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hostile");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        use_up(&std::fs::read(entry.unwrap().path()).unwrap());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn an_endless_run_in_mp4_is_refused_at_once() {
    let bytes = include_bytes!("../fixtures/hostile/mp4_endless_run.mp4");
    let refusal = decode(bytes, None, &DecodeLimits::default(), &|| Duration::ZERO).unwrap_err();
    assert_eq!(refusal.code(), "malformed");
}

#[test]
fn arbitrary_samples_never_panic() {
    let mut rng = Rng(9);
    for round in 0..40 {
        let samples: Vec<f32> = (0..rng.below(20_000))
            .map(|_| match round % 4 {
                0 => f32::from_bits(rng.next() as u32),
                1 => rng.next() as i8 as f32 / 128.0,
                2 => [f32::NAN, f32::INFINITY, 1.0, -1.0, 0.0][rng.below(5)],
                _ => 0.0,
            })
            .collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut stream = PushStream::new(SampleFormat::F32le, 48_000, 10.0).unwrap();
        stream.push(&bytes, &mut Vec::new()).unwrap();
        let pcm = Pcm::new(samples);
        let quality = Quality::measure(&pcm, &detect_speech(&pcm));
        let numbers = serde_json::to_value(&quality).unwrap();
        assert!(numbers.as_object().unwrap().values().all(|value| !value.is_string()));
        assert!(log_mel(&pcm).frame_major().iter().all(|value| value.is_finite()));
    }
}
