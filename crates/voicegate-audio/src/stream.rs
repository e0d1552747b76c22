//! Audio that arrives piece by piece.

use crate::pcm::SAMPLE_RATE;
use crate::quality::clipping::ClipCounter;
use crate::refusal::Refusal;
use crate::resample::Resampler;

/// How the pushed bytes code their samples: one channel, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleFormat {
    /// 16-bit integers.
    S16le,
    /// 32-bit floats in [-1, 1].
    F32le,
}

/// What can be said about a stream so far, for live feedback.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct StreamQuality {
    /// Seconds of audio received.
    pub duration_s: f32,
    /// Level of the last tenth of a second, in dB relative to full scale; -120 for silence.
    pub level_dbfs: f32,
    /// Share of all samples that are clipped, 0 to 1.
    pub clipped_share: f32,
    /// Estimate of the net speech so far, in seconds: time within 20 dB of the loudest and 8 dB above the quietest
    /// moments. The recording as a whole is judged by [`detect_speech`](crate::detect_speech).
    pub net_speech_s: f32,
}

/// Turns pushed bytes into 16 kHz samples and running quality. What comes out does not depend on how the bytes were cut
/// into pieces, except that each call returns what is ready by then.
pub struct PushStream {
    format: SampleFormat,
    resampler: Resampler,
    /// Bytes of a sample that is not complete yet.
    partial: Vec<u8>,
    decoded: Vec<f32>,
    meter: Meter,
    received: u64,
    max_samples: u64,
    limit_s: f32,
}

impl PushStream {
    /// A stream of samples in `format` at `rate` Hz, of at most `max_seconds`.
    ///
    /// # Errors
    /// `unsupported_sample_rate` outside 8–192 kHz.
    pub fn new(format: SampleFormat, rate: u32, max_seconds: f32) -> Result<Self, Refusal> {
        let resampler = Resampler::new(rate)?;
        Ok(Self {
            format,
            resampler,
            partial: Vec::new(),
            decoded: Vec::new(),
            meter: Meter::default(),
            received: 0,
            max_samples: (f64::from(max_seconds) * f64::from(rate)) as u64,
            limit_s: max_seconds,
        })
    }

    /// Takes the next bytes and appends the 16 kHz samples that are ready to `out`.
    ///
    /// # Errors
    /// `too_long` once more than the limit was pushed; nothing of that piece is taken.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<f32>) -> Result<(), Refusal> {
        let size = match self.format {
            SampleFormat::S16le => 2,
            SampleFormat::F32le => 4,
        };
        let samples = ((self.partial.len() + bytes.len()) / size) as u64;
        if self.received + samples > self.max_samples {
            return Err(Refusal::TooLong { limit_s: self.limit_s });
        }
        self.received += samples;
        self.decoded.clear();
        let mut rest = bytes;
        if !self.partial.is_empty() {
            let missing = (size - self.partial.len()).min(rest.len());
            self.partial.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if self.partial.len() == size {
                self.decoded.push(self.format.sample(&self.partial));
                self.partial.clear();
            }
        }
        let whole = rest.len() - rest.len() % size;
        self.decoded.extend(rest[..whole].chunks_exact(size).map(|sample| self.format.sample(sample)));
        self.partial.extend_from_slice(&rest[whole..]);

        let before = out.len();
        self.resampler.push(&self.decoded, out);
        self.meter.push(&mut out[before..]);
        Ok(())
    }

    /// Quality so far.
    pub fn quality(&self) -> StreamQuality {
        self.meter.quality()
    }

    /// Ends the stream and appends what the resampler still holds. An incomplete last sample is dropped.
    pub fn finish(self, out: &mut Vec<f32>) -> StreamQuality {
        let Self { resampler, mut meter, .. } = self;
        let before = out.len();
        resampler.finish(out);
        meter.push(&mut out[before..]);
        meter.quality()
    }
}

impl SampleFormat {
    fn sample(self, bytes: &[u8]) -> f32 {
        let sample = match self {
            Self::S16le => f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 32_768.0,
            Self::F32le => f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        };
        if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) }
    }
}

/// Samples per metered moment: 0.1 s.
const MOMENT: usize = SAMPLE_RATE as usize / 10;
const SILENCE_DBFS: f32 = -120.0;
const LOUD_RANGE_DB: f32 = 20.0;
const QUIET_MARGIN_DB: f32 = 8.0;
/// A level histogram in steps of one dB, from full scale down.
const LEVELS: usize = 121;

#[derive(Clone)]
struct Meter {
    samples: u64,
    energy: f64,
    in_moment: usize,
    level_dbfs: f32,
    moments: [u32; LEVELS],
    clipping: ClipCounter,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            samples: 0,
            energy: 0.0,
            in_moment: 0,
            level_dbfs: SILENCE_DBFS,
            moments: [0; LEVELS],
            clipping: ClipCounter::default(),
        }
    }
}

impl Meter {
    /// Also keeps the resampler's overshoot within [-1, 1].
    fn push(&mut self, samples: &mut [f32]) {
        for sample in samples {
            *sample = sample.clamp(-1.0, 1.0);
            self.clipping.push(*sample);
            self.energy += f64::from(*sample).powi(2);
            self.in_moment += 1;
            if self.in_moment == MOMENT {
                let level = 10.0 * (self.energy / MOMENT as f64).max(1e-12).log10();
                self.level_dbfs = level as f32;
                self.moments[(-level) as usize] += 1;
                (self.in_moment, self.energy) = (0, 0.0);
            }
            self.samples += 1;
        }
    }

    fn quality(&self) -> StreamQuality {
        let heard = |count: &&u32| **count > 0;
        let loudest = self.moments.iter().position(|count| heard(&count)).unwrap_or(0) as f32;
        let quietest = self.moments.iter().rposition(|count| heard(&count)).unwrap_or(0) as f32;
        let least = (loudest + LOUD_RANGE_DB).min(quietest - QUIET_MARGIN_DB);
        let speech: u32 = self
            .moments
            .iter()
            .enumerate()
            .filter(|(level, _)| *level as f32 <= least)
            .map(|(_, count)| count)
            .sum();
        StreamQuality {
            duration_s: self.samples as f32 / SAMPLE_RATE as f32,
            level_dbfs: self.level_dbfs,
            clipped_share: self.clipping.share(),
            net_speech_s: speech as f32 * MOMENT as f32 / SAMPLE_RATE as f32,
        }
    }
}
