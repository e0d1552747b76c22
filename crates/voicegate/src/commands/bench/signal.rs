//! A made-up voice, for measurements where no recording is at hand: pulses through the resonances of changing vowels
//! (source and filter: Fant, Acoustic Theory of Speech Production, 1960), in syllables.

use std::f32::consts::TAU;

use voicegate_audio::{SAMPLE_RATE as RATE, encode_wav};

/// What makes one voice differ from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    /// Pulses per second.
    pub(crate) pitch_hz: f32,
    /// Length of the vocal tract against that of the table, as a factor on the resonances.
    pub(crate) formants: f32,
}

/// First three resonances of vowels, in Hz (Peterson and Barney, 1952, men: a, i, u, e, o).
const VOWELS: [[f32; 3]; 5] = [
    [730.0, 1090.0, 2440.0],
    [270.0, 2290.0, 3010.0],
    [300.0, 870.0, 2240.0],
    [530.0, 1840.0, 2480.0],
    [570.0, 840.0, 2410.0],
];
const BANDWIDTHS: [f32; 3] = [80.0, 110.0, 160.0];
/// Seconds per syllable and the part of it that is a pause.
const SYLLABLE: f32 = 0.24;
const PAUSE: f32 = 0.04;

/// `seconds` of `voice` as a WAV file: 16 kHz, mono, 16 bits. `take` varies the order of the vowels and the melody, as
/// another sentence would.
pub(crate) fn wav(voice: Voice, seconds: f32, take: u32) -> Vec<u8> {
    encode_wav(&samples(voice, seconds, take))
}

fn samples(voice: Voice, seconds: f32, take: u32) -> Vec<f32> {
    let mut random = Random(take.wrapping_mul(2_654_435_761).wrapping_add(1));
    let mut filters = [Resonator::default(); 3];
    let (mut phase, mut vowel, mut syllable) = (0.0f32, VOWELS[0], u32::MAX);
    let count = (seconds * RATE as f32) as usize;
    let mut out = Vec::with_capacity(count);
    for n in 0..count {
        let t = n as f32 / RATE as f32;
        let now = (t / SYLLABLE) as u32;
        if now != syllable {
            syllable = now;
            vowel = VOWELS[(random.next() * VOWELS.len() as f32) as usize % VOWELS.len()];
        }
        let melody = 1.0 + 0.08 * (TAU * 0.7 * t + take as f32).sin() + 0.01 * (random.next() - 0.5);
        phase += voice.pitch_hz * melody / RATE as f32;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        let mut sound = pulse + 0.02 * (random.next() - 0.5);
        for (filter, (centre, bandwidth)) in filters.iter_mut().zip(vowel.iter().zip(BANDWIDTHS)) {
            sound = filter.pass(sound, centre * voice.formants, bandwidth);
        }
        let within = t % SYLLABLE;
        let loud = (within / 0.03).min((SYLLABLE - PAUSE - within) / 0.03).clamp(0.0, 1.0);
        out.push(sound * loud + 1e-4 * (random.next() - 0.5));
    }
    let peak = out.iter().fold(1e-9f32, |peak, s| peak.max(s.abs()));
    out.iter_mut().for_each(|s| *s *= 0.5 / peak);
    out
}

/// Two-pole resonator with unit gain at its centre, roughly.
#[derive(Debug, Clone, Copy, Default)]
struct Resonator([f32; 2]);

impl Resonator {
    fn pass(&mut self, input: f32, centre: f32, bandwidth: f32) -> f32 {
        let radius = (-std::f32::consts::PI * bandwidth / RATE as f32).exp();
        let output = (1.0 - radius) * input + 2.0 * radius * (TAU * centre / RATE as f32).cos() * self.0[0]
            - radius * radius * self.0[1];
        self.0 = [output, self.0[0]];
        output
    }
}

/// Numerical Recipes' linear congruential generator, as numbers in [0, 1).
struct Random(u32);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1u32 << 24) as f32
    }
}
