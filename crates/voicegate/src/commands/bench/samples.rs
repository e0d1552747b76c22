//! Measured times and what is said about them.

use std::time::Duration;

use serde::Serialize;

/// Times of one stage, in milliseconds.
#[derive(Debug, Default)]
pub(in crate::commands) struct Samples(Vec<f64>);

/// What is reported of a stage, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(in crate::commands) struct Summary {
    pub(in crate::commands) p50_ms: f64,
    pub(in crate::commands) p99_ms: f64,
}

impl Samples {
    pub(in crate::commands) fn push(&mut self, ms: f64) {
        self.0.push(ms);
    }

    pub(in crate::commands) fn push_duration(&mut self, duration: Duration) {
        self.push(duration.as_secs_f64() * 1e3);
    }

    pub(in crate::commands) fn extend(&mut self, ms: &[f64]) {
        self.0.extend_from_slice(ms);
    }

    /// Nearest-rank quantiles; `None` without samples.
    pub(in crate::commands) fn summary(&self) -> Option<Summary> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let rank = |q: f64| {
            let rank = (q * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.max(1) - 1).copied()
        };
        Some(Summary { p50_ms: rank(0.5)?, p99_ms: rank(0.99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let mut samples = Samples::default();
        assert_eq!(samples.summary(), None);
        (1..=200).rev().for_each(|ms| samples.push(f64::from(ms)));
        assert_eq!(samples.summary(), Some(Summary { p50_ms: 100.0, p99_ms: 198.0 }));
        let one = Samples(vec![3.0]);
        assert_eq!(one.summary(), Some(Summary { p50_ms: 3.0, p99_ms: 3.0 }));
    }
}
