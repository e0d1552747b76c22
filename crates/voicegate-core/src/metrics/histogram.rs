//! Counts of scores in bins.

use serde::Serialize;

use super::tally::Tally;

/// Bins of equal width. The first also takes what lies below, the last what lies above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bins {
    low: f64,
    high: f64,
    count: usize,
}

impl Bins {
    /// `count` bins from `low` to `high`; `None` if that is not a finite range or no bin.
    #[must_use]
    pub fn new(low: f64, high: f64, count: usize) -> Option<Self> {
        (low < high && (high - low).is_finite() && count > 0).then_some(Self { low, high, count })
    }

    /// The bins over all finite scores of a tally; `None` without two different ones, or without a bin.
    #[must_use]
    pub fn over(tally: &Tally, count: usize) -> Option<Self> {
        let mut finite = tally.steps().iter().map(|step| step.score).filter(|score| score.is_finite());
        let low = finite.next()?;
        Self::new(low, finite.next_back()?, count)
    }

    /// The bin of a score.
    pub(super) fn index(&self, score: f64) -> usize {
        // The cast ends at 0 and at the highest number for what lies outside.
        let at = (score - self.low) / (self.high - self.low) * self.count as f64;
        (at as usize).min(self.count - 1)
    }

    /// Lower ends of the bins and the upper end of the last.
    pub(super) fn edges(&self) -> impl Iterator<Item = f64> {
        let Self { low, high, count } = *self;
        (0..=count).map(move |at| low + (high - low) * at as f64 / count as f64)
    }
}

/// One bin of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HistogramBin {
    /// Its lower end, within.
    pub low: f64,
    /// Its upper end, outside but for the last bin.
    pub high: f64,
    /// Weight of the owners' scores: their number, where each weighs 1.
    pub targets: f64,
    /// Weight of the strangers' scores.
    pub impostors: f64,
}

/// The scores of owners and of strangers by bin, empty bins included.
#[must_use]
pub fn histogram(tally: &Tally, bins: &Bins) -> Vec<HistogramBin> {
    let ends = bins.edges().zip(bins.edges().skip(1));
    let mut filled: Vec<_> =
        ends.map(|(low, high)| HistogramBin { low, high, targets: 0.0, impostors: 0.0 }).collect();
    for step in tally.steps() {
        let bin = &mut filled[bins.index(step.score)];
        bin.targets += step.targets;
        bin.impostors += step.impostors;
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scores;

    #[test]
    fn every_score_falls_into_a_bin() {
        let scores =
            Scores::without_speakers(&[0.0, 0.5, 1.0, f64::INFINITY], &[f64::NEG_INFINITY, -3.0, 0.49])
                .unwrap();
        let tally = Tally::new(&scores);
        let bins = Bins::new(0.0, 1.0, 2).unwrap();
        let found = histogram(&tally, &bins);
        assert_eq!(found[0], HistogramBin { low: 0.0, high: 0.5, targets: 1.0, impostors: 3.0 });
        assert_eq!(found[1], HistogramBin { low: 0.5, high: 1.0, targets: 3.0, impostors: 0.0 });
        assert_eq!(Bins::over(&tally, 4), Bins::new(-3.0, 1.0, 4));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (low, high, count) in [(0.0, 1.0, 0), (1.0, 1.0, 3), (f64::NAN, 1.0, 3), (0.0, f64::INFINITY, 3)]
        {
            assert_eq!(Bins::new(low, high, count), None);
        }
        let same = Scores::without_speakers(&[1.0], &[1.0]).unwrap();
        assert_eq!(Bins::over(&Tally::new(&same), 3), None);
    }
}
