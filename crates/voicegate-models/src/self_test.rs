//! Does a model still answer as on the day it was made? A wrong build of the runtime, a broken kernel on some
//! processor or a changed feature pipeline shows here, where a hash cannot see it.

use serde::{Deserialize, Serialize};
use voicegate_audio::{Pcm, SAMPLE_RATE};

use crate::registry::{Refusal, SelfTest};

/// A test signal made from integer arithmetic, so that every machine and language makes the same samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// 1.5 s of a sawtooth like the pulses of a voice, whose period changes every quarter second between 133, 107 and
    /// 160 samples (120, 150, 100 Hz), with white noise 10 dB below.
    Glottal,
}

impl Signal {
    /// The signal.
    #[must_use]
    pub fn pcm(self) -> Pcm {
        match self {
            Self::Glottal => glottal(),
        }
    }
}

fn glottal() -> Pcm {
    const PERIODS: [u32; 3] = [133, 107, 160];
    let mut state = 1u32;
    let sample = |n: u32| {
        // Numerical Recipes' linear congruential generator; the upper 24 bits are used.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state >> 8) / f64::from(1u32 << 23) - 1.0;
        let period = PERIODS[(n / (SAMPLE_RATE / 4)) as usize % PERIODS.len()];
        let saw = 2.0 * f64::from(n % period) / f64::from(period) - 1.0;
        (0.3 * saw + 0.1 * noise) as f32
    };
    Pcm::new((0..SAMPLE_RATE * 3 / 2).map(sample).collect())
}

/// Compares an answer with the expected one.
pub(crate) fn compare(test: &SelfTest, answer: &[f32]) -> Result<(), Refusal> {
    let refused =
        |difference: String| Err(Refusal::SelfTest { difference, tolerance: test.tolerance.to_string() });
    let Some(values) = answer.get(..test.answer.len()) else {
        return refused("its length".to_owned());
    };
    let differences = values.iter().zip(&test.answer).map(|(a, b)| (a - b).abs());
    // `f32::max` would swallow a NaN.
    let difference =
        differences.fold(0.0, |worst, each| if each > worst || each.is_nan() { each } else { worst });
    if difference <= test.tolerance { Ok(()) } else { refused(difference.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signal_is_the_same_everywhere() {
        let pcm = Signal::Glottal.pcm();
        assert_eq!(pcm.samples().len(), 24_000);
        // By hand: state 1·1664525 + 1013904223 = 1015568748; noise = 3967065 / 2^23 - 1; saw(0) = -1.
        let noise = f64::from(1_015_568_748u32 >> 8) / 8_388_608.0 - 1.0;
        assert_eq!(pcm.samples()[0], (-0.3 + 0.1 * noise) as f32);
        assert!(pcm.samples().iter().all(|s| s.abs() <= 0.4 + 1e-6));
    }

    #[test]
    fn another_answer_is_refused() {
        let test = SelfTest { signal: Signal::Glottal, answer: vec![0.6, 0.8], tolerance: 1e-3 };
        assert_eq!(compare(&test, &[0.6, 0.8]), Ok(()));
        assert!(compare(&test, &[0.8, 0.6]).is_err());
        assert!(compare(&test, &[1.0]).is_err());
        assert!(compare(&test, &[f32::NAN, 0.8]).is_err());
    }
}
