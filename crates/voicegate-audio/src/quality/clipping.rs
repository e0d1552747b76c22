//! Clipping, found by its trace in the distribution of amplitudes.

/// Steps per dB of the amplitude histogram.
const STEPS_PER_DB: usize = 4;
/// Depth of the histogram below full scale, in dB.
const DEPTH_DB: usize = 48;
/// Edge of the highest amplitudes, in dB below the ceiling.
const EDGE_DB: usize = 1;
/// Lower edge of the amplitudes that they are compared with.
const LOWER_EDGE_DB: usize = 3;
/// How far re-coding and resampling may let peaks overshoot the ceiling, in dB.
const OVERSHOOT_DB: usize = 2;
/// In speech that is not clipped, amplitudes within 1 dB of the highest are at most this many times as frequent as
/// those in the 2 dB below.
const NATURAL_RATIO: f32 = 0.7;

/// Counts amplitudes and tells which share of them piled up at a ceiling.
///
/// Clipping moves all amplitudes beyond a ceiling onto it. Later gain changes the ceiling, and codecs, resampling and soft
/// limiting smear it, but the pile remains: amplitudes near the highest are more frequent than those a little lower,
/// while in natural speech they are much rarer.
#[derive(Debug, Clone)]
pub(crate) struct ClipCounter {
    histogram: [u32; DEPTH_DB * STEPS_PER_DB],
    counted: u32,
}

impl Default for ClipCounter {
    fn default() -> Self {
        Self { histogram: [0; DEPTH_DB * STEPS_PER_DB], counted: 0 }
    }
}

impl ClipCounter {
    pub(crate) fn push(&mut self, sample: f32) {
        self.counted += 1;
        let step = -20.0 * STEPS_PER_DB as f32 * sample.abs().log10();
        if let Some(count) = self.histogram.get_mut(step.clamp(0.0, 1e6) as usize) {
            *count += 1;
        }
    }

    /// Share of all samples that piled up, 0 to 1.
    pub(crate) fn share(&self) -> f32 {
        let Some(peak) = self.histogram.iter().position(|&count| count > 0) else { return 0.0 };
        let mass = |from: usize, to: usize| -> f32 {
            let end = self.histogram.len();
            self.histogram[from.min(end)..to.min(end)].iter().map(|&count| count as f32).sum()
        };
        let pile = (0..=OVERSHOOT_DB * STEPS_PER_DB)
            .map(|overshoot| {
                let edge = peak + overshoot + EDGE_DB * STEPS_PER_DB;
                let lower_edge = peak + overshoot + LOWER_EDGE_DB * STEPS_PER_DB;
                mass(peak, edge) - NATURAL_RATIO * mass(edge, lower_edge)
            })
            .fold(0.0, f32::max);
        pile / self.counted.max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Laplacian amplitudes, as speech has them, evenly through the distribution.
    fn speech() -> Vec<f32> {
        (0..20_000).map(|n| -0.05 * (1.0 - (n as f32 + 0.5) / 20_000.0).ln()).collect()
    }

    fn share(samples: impl IntoIterator<Item = f32>) -> f32 {
        let mut counter = ClipCounter::default();
        samples.into_iter().for_each(|sample| counter.push(sample));
        counter.share()
    }

    #[test]
    fn natural_amplitudes_are_not_clipped() {
        assert_eq!(share(speech()), 0.0);
        assert_eq!(share([]), 0.0);
    }

    #[test]
    fn a_ceiling_is_found_at_any_gain() {
        let over = speech().iter().filter(|s| **s > 0.15).count() as f32 / 20_000.0;
        for gain in [1.0, 0.1, 6.0] {
            let found = share(speech().iter().map(|s| s.min(0.15) * gain));
            assert!((0.5 * over..1.5 * over).contains(&found), "{found} of {over} at gain {gain}");
        }
    }
}
