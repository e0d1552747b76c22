//! Any sample rate to 16 kHz, in pieces of any size.

use std::ops::RangeInclusive;

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use crate::pcm::SAMPLE_RATE;
use crate::refusal::Refusal;

/// Sample rates that are read, in Hz.
pub const SUPPORTED_RATES: RangeInclusive<u32> = 8_000..=192_000;

/// A resampler to 16 kHz for mono audio that arrives in pieces.
///
/// The output does not depend on how the input was cut into pieces, is aligned with the input (the filter's delay
/// is taken off), and has `ceil(n · 16 000 / rate)` samples for `n` input samples.
pub struct Resampler {
    rate: u32,
    /// None at 16 kHz, where there is nothing to do.
    filter: Option<Filter>,
    taken: u64,
    given: u64,
}

struct Filter {
    fft: Fft<f32>,
    /// Input not yet processed: always less than one block between calls.
    pending: Vec<f32>,
    block: Vec<f32>,
    /// Output samples still to drop at the start, the filter's delay.
    delay: usize,
}

impl Resampler {
    /// A resampler from `rate` Hz.
    ///
    /// # Errors
    /// `unsupported_sample_rate` outside [`SUPPORTED_RATES`].
    pub fn new(rate: u32) -> Result<Self, Refusal> {
        if !SUPPORTED_RATES.contains(&rate) {
            return Err(Refusal::UnsupportedSampleRate { sample_rate: rate });
        }
        let filter = (rate != SAMPLE_RATE).then(|| Filter::new(rate));
        Ok(Self { rate, filter, taken: 0, given: 0 })
    }

    /// Takes a piece of input and appends the output that is ready.
    pub fn push(&mut self, input: &[f32], out: &mut Vec<f32>) {
        self.taken += input.len() as u64;
        match &mut self.filter {
            None => out.extend_from_slice(input),
            Some(filter) => self.given += filter.push(input, out),
        }
    }

    /// Appends what the filter still holds.
    pub fn finish(mut self, out: &mut Vec<f32>) {
        let Some(filter) = &mut self.filter else { return };
        let length = (self.taken * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate));
        while self.given < length {
            let silence = vec![0.0; filter.fft.input_frames_next()];
            self.given += filter.push(&silence, out);
        }
        let excess = (self.given - length) as usize;
        out.truncate(out.len() - excess);
    }
}

impl Filter {
    fn new(rate: u32) -> Self {
        // Blocks of about 20 ms: a steep enough filter at a delay that a live stream can bear.
        let chunk = rate as usize / 50;
        let fft = Fft::new(rate as usize, SAMPLE_RATE as usize, chunk, 1, FixedSync::Both)
            .expect("rates and chunk are not zero");
        let delay = fft.output_delay();
        let block = vec![0.0; fft.output_frames_max()];
        Self { fft, pending: Vec::new(), block, delay }
    }

    /// Returns the number of samples appended.
    fn push(&mut self, input: &[f32], out: &mut Vec<f32>) -> u64 {
        let before = out.len();
        self.pending.extend_from_slice(input);
        let needed = self.fft.input_frames_next();
        let whole = self.pending.len() - self.pending.len() % needed;
        for block in self.pending[..whole].chunks_exact(needed) {
            let given = self.block.len();
            let input = InterleavedSlice::new(block, 1, needed).expect("one channel of this length");
            let mut output =
                InterleavedSlice::new_mut(&mut self.block, 1, given).expect("one channel of this length");
            let (_, given) = self
                .fft
                .process_into_buffer(&input, &mut output, None)
                .expect("both buffers have the size that the resampler asked for");
            let skipped = self.delay.min(given);
            self.delay -= skipped;
            out.extend_from_slice(&self.block[skipped..given]);
        }
        self.pending.drain(..whole);
        (out.len() - before) as u64
    }
}
