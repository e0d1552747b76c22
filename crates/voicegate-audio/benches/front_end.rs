//! Each stage of the audio front end on three seconds of 16 kHz WAV, and all of them together.
//!
//! ```sh
//! cargo bench -p voicegate-audio
//! ```

use std::f32::consts::TAU;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use voicegate_audio::features::{Cmn, Window};
use voicegate_audio::spoof::{Fingerprint, fingerprint, signals};
use voicegate_audio::{DecodeLimits, Pcm, Quality, Resampler, decode, detect_speech, kaldi_fbank, log_mel};

/// Three seconds that sound roughly like speech: a gliding harmonic tone in syllables over faint noise.
fn samples(rate: u32) -> Vec<f32> {
    let mut state = 1_u32;
    (0..3 * rate)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state as f32 / (1_u32 << 31) as f32 - 1.0;
            let t = n as f32 / rate as f32;
            let voice: f32 =
                (1..20).map(|k| (TAU * k as f32 * (130.0 * t + 5.0 * t * t)).sin() / k as f32).sum();
            let syllables = (TAU * 2.0 * t).sin().max(0.0);
            0.1 * voice * syllables + 0.001 * noise
        })
        .collect()
}

fn wav(rate: u32) -> Vec<u8> {
    let data: Vec<u8> = samples(rate).iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()).collect();
    let mut wav = b"RIFF".to_vec();
    wav.extend((data.len() as u32 + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 2).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    wav
}

fn stages(criterion: &mut Criterion) {
    let limits = DecodeLimits::default();
    let decoded = |bytes: &[u8]| decode(bytes, None, &limits, &|| Duration::ZERO).expect("a sound recording");
    let (narrow, wide) = (wav(16_000), wav(48_000));
    let opus = include_bytes!("../tests/fixtures/live.webm");
    let pcm = decoded(&narrow).pcm;
    let speech = detect_speech(&pcm);

    let mut group = criterion.benchmark_group("3 s");
    group.bench_function("decode WAV 16 kHz", |b| b.iter(|| decoded(black_box(&narrow))));
    group.bench_function("decode WAV 48 kHz", |b| b.iter(|| decoded(black_box(&wide))));
    group.bench_function("decode WebM/Opus (1 s)", |b| b.iter(|| decoded(black_box(opus))));
    group.bench_function("detect speech", |b| b.iter(|| detect_speech(black_box(&pcm))));
    group.bench_function("quality", |b| b.iter(|| Quality::measure(black_box(&pcm), &speech)));
    let measured = Quality::measure(&pcm, &speech);
    group.bench_function("spoofing signals", |b| b.iter(|| signals(black_box(&pcm), &speech, &measured)));
    let print = fingerprint(&pcm);
    group.bench_function("fingerprint", |b| b.iter(|| fingerprint(black_box(&pcm))));
    let others: Vec<Fingerprint> = (1..=100)
        .map(|n| fingerprint(&Pcm::new(pcm.samples()[160 * n..].iter().rev().copied().collect())))
        .collect();
    group.bench_function("look for a fingerprint among 100", |b| {
        b.iter(|| print.is_among(black_box(&others).iter().cloned()));
    });
    group.bench_function("log-mel", |b| b.iter(|| log_mel(black_box(&pcm))));
    group.bench_function("Kaldi filterbank", |b| {
        b.iter(|| kaldi_fbank(black_box(&pcm), Window::Hamming, Cmn::Utterance));
    });
    group.bench_function("all: WAV to quality and log-mel", |b| {
        b.iter(|| {
            let pcm = decoded(black_box(&narrow)).pcm;
            let speech = detect_speech(&pcm);
            (Quality::measure(&pcm, &speech), log_mel(&pcm))
        });
    });
    group.bench_function("resample 48 kHz in pieces of 20 ms", |b| {
        let samples = samples(48_000);
        b.iter(|| {
            let mut resampler = Resampler::new(48_000).expect("a supported rate");
            let mut out = Vec::new();
            samples.chunks(960).for_each(|piece| resampler.push(piece, &mut out));
            resampler.finish(&mut out);
            out
        });
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
