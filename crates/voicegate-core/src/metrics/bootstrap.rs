//! Confidence intervals that know that trials share speakers.

use serde::Serialize;

use super::tally::Tally;
use super::trials::Scores;

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// Resamples; 1000 is usual.
    pub draws: usize,
    /// Probability that the interval is to cover the true value, in (0, 1).
    pub level: f64,
    /// Seed of the draws: the same gives the same intervals.
    pub seed: u64,
}

impl Resampling {
    /// Whether it gives intervals: there are draws, and the level is in (0, 1).
    pub(crate) fn is_usable(&self) -> bool {
        self.draws > 0 && self.level > 0.0 && self.level < 1.0
    }
}

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Its level, in (0, 1).
    pub level: f64,
    /// Resamples it rests on: those that had trials of both kinds.
    pub draws: usize,
}

/// Trials prepared for resampling by speaker.
///
/// Speakers, not trials, are drawn with replacement, since the trials of one speaker err together (the subsets
/// bootstrap of Bolle, Ratha and Pankanti, CVIU 93, 2004; for speakers also Poh and Bengio, IEEE PAMI 29, 2007). A
/// trial of two speakers counts as often as the one was drawn times the other (the pigeonhole bootstrap, Owen, Annals
/// of Applied Statistics 1, 2007); a trial of one speaker as often as that one was.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    trials: Vec<Entry>,
    speakers: usize,
    tally: Tally,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    score: f64,
    enrolled: u32,
    /// The place after the last speaker, which counts once always, if there is no second speaker.
    other: u32,
    target: bool,
}

impl Bootstrap {
    /// Prepares the trials.
    #[must_use]
    pub fn new(scores: &Scores) -> Self {
        let mut numbers: Vec<u32> = scores.trials().iter().flat_map(|t| [t.enrolled(), t.tested()]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let place = |number: u32| numbers.partition_point(|n| *n < number) as u32;
        let entry = |t: &super::Trial| Entry {
            score: t.score(),
            enrolled: place(t.enrolled()),
            other: if t.enrolled() == t.tested() { numbers.len() as u32 } else { place(t.tested()) },
            target: t.is_target(),
        };
        let trials = scores.trials().iter().map(entry).collect();
        Self { trials, speakers: numbers.len(), tally: Tally::empty(scores) }
    }

    /// Percentile intervals (Efron, Annals of Statistics 7, 1979) of metrics that are computed together, each from the
    /// same resamples; `None` if the level is not in (0, 1) or no resample had trials of both kinds.
    ///
    /// A metric must not be NaN; it may be infinite.
    #[must_use]
    pub fn intervals<const N: usize>(
        &self,
        plan: &Resampling,
        metrics: impl Fn(&Tally) -> [f64; N],
    ) -> Option<[Interval; N]> {
        let mut random = SplitMix64(plan.seed);
        let mut tally = self.tally.clone();
        let mut counts = vec![0.0; self.speakers + 1];
        let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(plan.draws));
        for _ in 0..plan.draws {
            counts.fill(0.0);
            for _ in 0..self.speakers {
                counts[random.below(self.speakers)] += 1.0;
            }
            counts[self.speakers] = 1.0;
            tally.refill(self.trials.iter().map(|trial| {
                let weight = counts[trial.enrolled as usize] * counts[trial.other as usize];
                (trial.score, trial.target, weight)
            }));
            if tally.targets() > 0.0 && tally.impostors() > 0.0 {
                found.iter_mut().zip(metrics(&tally)).for_each(|(values, value)| values.push(value));
            }
        }
        let usable = plan.is_usable() && found.iter().all(|values| !values.is_empty());
        usable.then(|| found.map(|values| Interval::percentiles(values, plan.level)))
    }

    /// The interval of one metric, as [`Bootstrap::intervals`].
    #[must_use]
    pub fn interval(&self, plan: &Resampling, metric: impl Fn(&Tally) -> f64) -> Option<Interval> {
        self.intervals(plan, |tally| [metric(tally)]).map(|[interval]| interval)
    }
}

impl Interval {
    /// `values` must not be empty.
    pub(crate) fn percentiles(mut values: Vec<f64>, level: f64) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let draws = values.len();
        // The smallest value that at least the share `p` does not exceed: needs no arithmetic on infinite values.
        let quantile = |p: f64| values[((p * draws as f64).ceil() as usize).clamp(1, draws) - 1];
        Self { low: quantile(0.5 - 0.5 * level), high: quantile(0.5 + 0.5 * level), level, draws }
    }
}

/// Generator of Steele, Lea and Flood (OOPSLA 2014).
pub(super) struct SplitMix64(pub(super) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; the bias of at most `end`/2^64 does not matter here.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}
