//! A fingerprint that knows a recording again, through codecs, lines, noise and another level, but not another utterance of the
//! same words by the same voice (after Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002).
//!
//! For each moment, 32 bits say whether the difference of energy between neighbouring bands grew or shrank. Frames without
//! speech-like energy carry no bits, so that noise in the pauses neither matches nor differs.

mod index;

use serde::Serialize;

use super::percentile;
use super::stft::stft;
use crate::pcm::{Pcm, SAMPLE_RATE};
use index::Index;

/// Samples of a frame: 128 ms.
const LENGTH: usize = 2_048;
/// Samples from frame to frame: 16 ms.
const HOP: usize = 256;
/// Frames over which a difference grows or shrinks: 80 ms.
const LAG: usize = 5;
/// Band that even a telephone carries, in Hz.
const BAND_HZ: [f32; 2] = [300.0, 3_000.0];
const BANDS: usize = 33;
/// Frames this far under the loud ones carry no bits, in dB.
const DEPTH_DB: f32 = 25.0;
/// Most frames that are kept: 65 s.
const MOST: usize = 4_096;
/// Most frames with bits that are kept and compared: 15 s of sound.
const MOST_WITH_BITS: usize = 940;
/// Frames with bits that a comparison needs: 0.8 s. Fewer agree by chance too often.
const FEWEST: usize = 50;
/// First byte of the stored form.
const VERSION: u8 = 1;
/// Stands for a frame that carries no bits; a frame whose bits are all 0 is stored with its last bit set.
const NO_BITS: u32 = 0;

/// The fingerprint of one recording.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<u32>);

/// How two fingerprints agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Match {
    /// Share of bits that differ at the best alignment, 0 to 1: 0 for the same recording, near 0.45 for others.
    pub bit_error_rate: f32,
    /// Time that was compared there, in seconds.
    pub compared_s: f32,
}

/// Bit error rate below which two recordings are one. On the train list, copies through Opus at 16 kbit/s, a telephone, noise
/// at 15 dB or cuts of a tenth stay below 0.27, and other recordings, also of the same voice, above 0.39 (`spoof_table`
/// prints the distributions).
const SAME_RECORDING: f32 = 0.32;

/// Takes the fingerprint of a recording's first 15 s of sound, as far as they lie in its first 65 s.
pub fn fingerprint(pcm: &Pcm) -> Fingerprint {
    let edges: [usize; BANDS + 1] = std::array::from_fn(|band| {
        let octaves = (BAND_HZ[1] / BAND_HZ[0]).log2() * band as f32 / BANDS as f32;
        (BAND_HZ[0] * octaves.exp2() * LENGTH as f32 / SAMPLE_RATE as f32).round() as usize
    });
    let mut frames: Vec<[f32; BANDS]> = Vec::new();
    let samples = pcm.samples();
    let kept = &samples[..samples.len().min((MOST + LAG - 1) * HOP + LENGTH)];
    stft(kept, LENGTH, HOP, |spectrum| {
        frames.push(std::array::from_fn(|band| {
            spectrum[edges[band]..edges[band + 1]].iter().map(|bin| bin.norm_sqr()).sum()
        }));
    });
    let power: Vec<f32> = frames.iter().map(|bands| bands.iter().sum()).collect();
    if power.is_empty() {
        return Fingerprint(Vec::new());
    }
    let floor = percentile(&mut power.clone(), 0.9) * 10_f32.powf(-DEPTH_DB / 10.0);
    let bits = frames.windows(LAG + 1).zip(power.iter().skip(LAG)).map(|(near, &power)| {
        if power <= floor.max(1e-9) {
            return NO_BITS;
        }
        let (before, now) = (&near[0], &near[LAG]);
        let grew = (0..BANDS - 1).map(|band| now[band] - now[band + 1] > before[band] - before[band + 1]);
        grew.fold(0, |bits, grew| bits << 1 | u32::from(grew)).max(NO_BITS + 1)
    });
    let mut bits: Vec<u32> = bits.collect();
    let mut with_bits = bits.iter().enumerate().filter(|(_, bits)| **bits != NO_BITS);
    if let Some((last, _)) = with_bits.nth(MOST_WITH_BITS - 1) {
        bits.truncate(last + 1);
    }
    Fingerprint(bits)
}

impl Fingerprint {
    /// The stored form: a version byte, then four bytes for each 16 ms; 2.5 kB for 10 s.
    pub fn to_bytes(&self) -> Vec<u8> {
        std::iter::once(VERSION).chain(self.0.iter().flat_map(|bits| bits.to_le_bytes())).collect()
    }

    /// Reads the stored form. None for bytes that [`Fingerprint::to_bytes`] does not write: another version, a broken
    /// length, or more than 65 s.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&version, bits) = bytes.split_first()?;
        let (words, rest) = bits.as_chunks::<4>();
        if version != VERSION || !rest.is_empty() || words.len() > MOST {
            return None;
        }
        Some(Self(words.iter().map(|word| u32::from_le_bytes(*word)).collect()))
    }

    /// Whether one of `earlier` was taken from the same recording, as far as can be told: `false` where there is too little to
    /// compare. The cost of each is bounded whatever they hold: about 20 µs.
    pub fn is_among(&self, earlier: impl IntoIterator<Item = Self>) -> bool {
        let index = Index::new(&self.0);
        let same = |found: Match| found.bit_error_rate < SAME_RECORDING;
        earlier.into_iter().any(|other| index.compare(&other.0).is_some_and(same))
    }

    /// Compares the first 15 s of sound at the alignments where frames agree, and gives the best that keeps at least half of
    /// the shorter one's bits. None where there is none, or too little to compare: less than 0.8 s.
    pub fn compare(&self, other: &Self) -> Option<Match> {
        Index::new(&self.0).compare(&other.0)
    }
}

/// Shows the length only: what somebody said does not belong in a log.
impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprint({} frames)", self.0.len())
    }
}
