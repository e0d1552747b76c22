//! The interval of a share whose trials come in units that err together.

use super::bootstrap::{Interval, Resampling, SplitMix64};

/// How often each trial counts in each resample: as often as its unit, such as a speaker, was drawn with replacement.
pub(crate) fn resampled(units: &[u32], plan: &Resampling) -> impl Iterator<Item = Vec<f64>> {
    let mut numbers = units.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let places: Vec<usize> = units.iter().map(|unit| numbers.partition_point(|n| n < unit)).collect();
    let mut random = SplitMix64(plan.seed);
    (0..plan.draws).map(move |_| {
        let mut counts = vec![0.0; numbers.len()];
        (0..numbers.len()).for_each(|_| counts[random.below(numbers.len())] += 1.0);
        places.iter().map(|place| counts[*place]).collect()
    })
}

/// Percentile interval of the share of trials with an error, each given as (unit, whether an error). Units are drawn as
/// speakers are by [`super::Bootstrap`], which is for metrics that need trials of both kinds. `None` without trials or
/// draws, or if the level is not in (0, 1).
#[must_use]
pub fn share_interval(trials: &[(u32, bool)], plan: &Resampling) -> Option<Interval> {
    let units: Vec<u32> = trials.iter().map(|(unit, _)| *unit).collect();
    let share = |times: Vec<f64>| {
        let errors: f64 = trials.iter().zip(&times).filter(|((_, error), _)| *error).map(|(_, t)| t).sum();
        errors / times.iter().sum::<f64>()
    };
    (plan.is_usable() && !trials.is_empty())
        .then(|| Interval::percentiles(resampled(&units, plan).map(share).collect(), plan.level))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Resampling = Resampling { draws: 500, level: 0.95, seed: 7 };

    #[test]
    fn units_that_err_together_make_the_interval_wider() {
        let together: Vec<(u32, bool)> = (0..200).map(|n| (n / 20, n / 20 % 2 == 0)).collect();
        let alone: Vec<(u32, bool)> = (0..200).map(|n| (n, n / 20 % 2 == 0)).collect();
        let [wide, narrow] = [together, alone].map(|trials| share_interval(&trials, &PLAN).unwrap());
        assert!(narrow.low < 0.5 && narrow.high > 0.5 && wide.low <= narrow.low && wide.high >= narrow.high);
        // A half of 10 and of 200 independent draws: standard errors of 0.16 and 0.035.
        assert!((wide.high - wide.low) > 3.0 * (narrow.high - narrow.low), "{wide:?} {narrow:?}");
        assert!((0.10..0.18).contains(&(narrow.high - narrow.low)), "{narrow:?}");
    }

    #[test]
    fn without_trials_or_draws_there_is_none() {
        assert_eq!(share_interval(&[], &PLAN), None);
        assert_eq!(share_interval(&[(0, true)], &Resampling { draws: 0, ..PLAN }), None);
        assert_eq!(share_interval(&[(0, true)], &Resampling { level: 1.0, ..PLAN }), None);
    }
}
