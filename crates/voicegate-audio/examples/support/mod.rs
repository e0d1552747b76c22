//! Speech to measure on, and ways to spoil it.
#![expect(dead_code, reason = "each example uses its part")]

use std::f32::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::Duration;

use voicegate_audio::{DecodeLimits, Pcm, Resampler, SAMPLE_RATE, decode};

/// One row of a speech list.
#[derive(Clone)]
pub(crate) struct Recording {
    pub(crate) path: PathBuf,
    pub(crate) dataset: String,
    pub(crate) speaker: String,
}

impl Recording {
    pub(crate) fn load(&self) -> Pcm {
        let bytes = std::fs::read(&self.path).expect("a readable recording");
        let limits = DecodeLimits::default();
        decode(&bytes, None, &limits, &|| Duration::ZERO).expect("a sound recording").pcm
    }
}

/// The folder of recordings: `VOICEGATE_SPEECH`, or `../shared/speech` beside the repository.
#[expect(clippy::disallowed_methods, reason = "an example is its own configuration")]
pub(crate) fn speech_folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/speech");
    std::env::var_os("VOICEGATE_SPEECH").map_or(beside, PathBuf::from)
}

/// Reads `train.tsv` or `eval.tsv`.
pub(crate) fn recordings(list: &str) -> Vec<Recording> {
    let folder = speech_folder();
    let Ok(text) = std::fs::read_to_string(folder.join(list)) else {
        eprintln!("no {list} in {}: set VOICEGATE_SPEECH", folder.display());
        std::process::exit(2);
    };
    let row = |line: &str| {
        let mut fields = line.split('\t');
        let path = folder.join(fields.next()?);
        Some(Recording { path, dataset: fields.next()?.to_owned(), speaker: fields.next()?.to_owned() })
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// SplitMix64: the same numbers on every machine.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Uniform in [0, 1).
    pub(crate) fn uniform(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Normal with mean 0 and variance 1 (Box and Muller).
    pub(crate) fn normal(&mut self) -> f32 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.below(n + 1));
        }
    }
}

pub(crate) fn white(length: usize, rng: &mut Rng) -> Vec<f32> {
    (0..length).map(|_| rng.normal()).collect()
}

/// Pink noise: white noise through one-pole filters spread over the octaves.
pub(crate) fn pink(length: usize, rng: &mut Rng) -> Vec<f32> {
    let mut state = [0.0_f32; 10];
    (0..length)
        .map(|_| {
            let white = rng.normal();
            for (octave, value) in state.iter_mut().enumerate() {
                let pole = (-TAU / (1 << (octave + 1)) as f32).exp();
                *value = pole * *value + (1.0 - pole) * white * ((1 << octave) as f32).sqrt();
            }
            state.iter().sum()
        })
        .collect()
}

/// Several people at once.
pub(crate) fn babble(length: usize, voices: &[Pcm]) -> Vec<f32> {
    let mut sum = vec![0.0; length];
    for voice in voices.iter().filter(|voice| !voice.is_empty()) {
        let gain = 0.05 / rms(voice.samples());
        for (out, sample) in sum.iter_mut().zip(voice.samples().iter().cycle()) {
            *out += gain * sample;
        }
    }
    sum
}

pub(crate) fn rms(samples: &[f32]) -> f32 {
    let energy: f64 = samples.iter().map(|&s| f64::from(s).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt().max(1e-9) as f32
}

/// Adds noise `snr_db` below `speech_rms`.
pub(crate) fn add_noise(speech: &[f32], speech_rms: f32, noise: &[f32], snr_db: f32) -> Vec<f32> {
    let gain = speech_rms / rms(noise) * 10_f32.powf(-snr_db / 20.0);
    speech.iter().zip(noise).map(|(s, n)| s + gain * n).collect()
}

/// Multiplies by a factor given in dB.
pub(crate) fn gain(samples: &[f32], db: f32) -> Vec<f32> {
    let factor = 10_f32.powf(db / 20.0);
    samples.iter().map(|s| s * factor).collect()
}

/// Drives the signal `over_db` beyond its `share` of largest samples and cuts at a ceiling.
pub(crate) fn clip(samples: &[f32], over_db: f32) -> Vec<f32> {
    let peak = samples.iter().fold(0.0_f32, |peak, s| peak.max(s.abs())).max(1e-6);
    let ceiling = peak * 10_f32.powf(-over_db / 20.0);
    samples.iter().map(|s| s.clamp(-ceiling, ceiling) * 0.95 / ceiling).collect()
}

/// A telephone call: 300–3400 Hz (two second-order filters each way), sampled at 8 kHz, µ-law, and back.
pub(crate) fn telephone(samples: &[f32]) -> Vec<f32> {
    let mut filtered = samples.to_vec();
    for (hz, kind, q) in [
        (300.0, Kind::High, 0.541),
        (300.0, Kind::High, 1.307),
        (3400.0, Kind::Low, 0.541),
        (3400.0, Kind::Low, 1.307),
    ] {
        biquad(&mut filtered, hz, q, kind);
    }
    let narrow: Vec<f32> = filtered.iter().step_by(2).map(|&s| mu_law(s)).collect();
    resample(&narrow, SAMPLE_RATE / 2)
}

/// Only what an 8 kHz source can carry, without the codec.
pub(crate) fn eight_kilohertz(samples: &[f32]) -> Vec<f32> {
    let mut filtered = samples.to_vec();
    for q in [0.541, 1.307, 0.541, 1.307] {
        biquad(&mut filtered, 3700.0, q, Kind::Low);
    }
    let narrow: Vec<f32> = filtered.iter().step_by(2).copied().collect();
    resample(&narrow, SAMPLE_RATE / 2)
}

fn resample(samples: &[f32], rate: u32) -> Vec<f32> {
    let mut resampler = Resampler::new(rate).expect("a supported rate");
    let mut out = Vec::new();
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    out
}

/// ITU-T G.711 µ-law there and back.
fn mu_law(sample: f32) -> f32 {
    let mu = 255.0_f32;
    let coded = (1.0 + mu * sample.abs().min(1.0)).ln() / (1.0 + mu).ln();
    let coded = (coded * 127.0).round() / 127.0;
    sample.signum() * ((1.0 + mu).powf(coded) - 1.0) / mu
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Low,
    High,
}

/// A second-order low or high pass (bilinear transform).
pub(crate) fn biquad(samples: &mut [f32], hz: f32, q: f32, kind: Kind) {
    let w = TAU * hz / SAMPLE_RATE as f32;
    let (cos, alpha) = (w.cos(), w.sin() / (2.0 * q));
    let (b0, b1) = match kind {
        Kind::Low => ((1.0 - cos) / 2.0, 1.0 - cos),
        Kind::High => ((1.0 + cos) / 2.0, -1.0 - cos),
    };
    let a0 = 1.0 + alpha;
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    for sample in samples {
        let x = *sample;
        let y = (b0 * x + b1 * x1 + b0 * x2 + 2.0 * cos * y1 - (1.0 - alpha) * y2) / a0;
        (x2, x1, y2, y1) = (x1, x, y1, y);
        *sample = y;
    }
}

/// A room: direct sound and a tail of noise that decays by 60 dB in `rt60_s`, `direct_db` below the direct sound.
pub(crate) fn reverberate(samples: &[f32], rt60_s: f32, direct_to_tail_db: f32, rng: &mut Rng) -> Vec<f32> {
    let rate = SAMPLE_RATE as f32;
    let tail = (rt60_s * rate) as usize;
    let mut room: Vec<f32> = (0..tail)
        .map(|n| if n < 40 { 0.0 } else { rng.normal() * (-6.908 * n as f32 / tail as f32).exp() })
        .collect();
    let energy: f32 = room.iter().map(|h| h * h).sum();
    let scale = 10_f32.powf(-direct_to_tail_db / 20.0) / energy.sqrt();
    room.iter_mut().for_each(|h| *h *= scale);
    room[0] = 1.0;
    convolve(samples, &room)
}

/// Convolution by Fourier transform.
fn convolve(samples: &[f32], filter: &[f32]) -> Vec<f32> {
    let length = (samples.len() + filter.len()).next_power_of_two();
    let mut planner = realfft::RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let spectrum = |input: &[f32]| {
        let mut padded = input.to_vec();
        padded.resize(length, 0.0);
        let mut out = forward.make_output_vec();
        forward.process(&mut padded, &mut out).expect("planned lengths");
        out
    };
    let mut product: Vec<_> = spectrum(samples).iter().zip(spectrum(filter)).map(|(a, b)| a * b).collect();
    // Rounding leaves the ends not quite real.
    product[0].im = 0.0;
    product[length / 2].im = 0.0;
    let mut out = vec![0.0; length];
    inverse.process(&mut product, &mut out).expect("planned lengths");
    out[..samples.len()].iter().map(|s| s / length as f32).collect()
}
