//! Shares of trials, and values over trials, with intervals that know of speakers.

use serde::Serialize;
use voicegate_core::decide::Outcome;
use voicegate_core::metrics::{Bootstrap, Interval, Rate, Resampling, Scores, Trial};

use super::case::Case;

/// Speakers below which resampling them says nothing.
pub(in crate::commands::eval) const LEAST_SPEAKERS: usize = 5;

/// Seed of the resampling: every run gives the same intervals.
const SEED: u64 = 0x5eed_0f04;

/// Resampling at 95 % in so many draws.
pub(in crate::commands::eval) fn plan(draws: u16) -> Resampling {
    Resampling { draws: usize::from(draws), level: 0.95, seed: SEED }
}

/// Outcomes of trials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(in crate::commands::eval) struct Counts {
    pub(in crate::commands::eval) accept: usize,
    pub(in crate::commands::eval) reject: usize,
    pub(in crate::commands::eval) inconclusive: usize,
    /// Compared, but without a calibration, so that nothing was decided.
    pub(in crate::commands::eval) undecided: usize,
}

impl Counts {
    pub(super) fn of<'a>(cases: impl Iterator<Item = &'a Case<'a>>, calibrated: bool) -> Self {
        let mut counts = Self::default();
        for case in cases {
            match case.outcome {
                _ if !calibrated && case.score.is_some() => counts.undecided += 1,
                Outcome::Accept => counts.accept += 1,
                Outcome::Reject => counts.reject += 1,
                // A voice alone asks for nothing more; an attempt that did would not be decided.
                Outcome::Inconclusive | Outcome::StepUp(_) => counts.inconclusive += 1,
            }
        }
        counts
    }

    pub(in crate::commands::eval) fn decided(self) -> usize {
        self.accept + self.reject
    }

    pub(in crate::commands::eval) fn all(self) -> usize {
        self.decided() + self.inconclusive + self.undecided
    }
}

/// Where an interval comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::commands::eval) enum Method {
    /// Speakers resampled.
    Bootstrap,
    /// Without an error, or with nothing but errors, resampling shows nothing: the rule of three. It takes the trials as
    /// independent.
    RuleOfThree,
    /// Wilson's, with too few speakers to resample. It takes the trials as independent.
    Wilson,
}

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(in crate::commands::eval) struct Share {
    pub(in crate::commands::eval) count: usize,
    pub(in crate::commands::eval) trials: usize,
    /// From 0 to 1, as the ends of the interval.
    pub(in crate::commands::eval) rate: f64,
    pub(in crate::commands::eval) low: f64,
    pub(in crate::commands::eval) high: f64,
    pub(in crate::commands::eval) interval: Method,
}

impl Share {
    /// `None` without trials.
    pub(in crate::commands::eval) fn new(
        count: usize,
        trials: usize,
        resampled: Option<Interval>,
    ) -> Option<Self> {
        let Rate { rate, low, high, .. } = Rate::new(count, trials)?;
        let share = |low, high, interval| Some(Self { count, trials, rate, low, high, interval });
        // The rate at which trials without an error have a chance of one in twenty; about 3/trials.
        let unseen = 1.0 - 0.05_f64.powf(1.0 / trials as f64);
        match resampled {
            _ if count == 0 => share(0.0, unseen, Method::RuleOfThree),
            _ if count == trials => share(1.0 - unseen, 1.0, Method::RuleOfThree),
            Some(found) => share(found.low, found.high, Method::Bootstrap),
            None => share(low, high, Method::Wilson),
        }
    }
}

/// Owners rejected and strangers accepted, of those decided.
pub(in crate::commands::eval) fn errors(
    cases: &[&Case],
    plan: &Resampling,
) -> (Option<Share>, Option<Share>) {
    let counts = |target: bool| Counts::of(cases.iter().copied().filter(|case| case.target == target), true);
    let (owners, strangers) = (counts(true), counts(false));
    let accepted = |case: &Case| match case.outcome {
        Outcome::Accept => Some(1.0),
        Outcome::Reject => Some(0.0),
        Outcome::Inconclusive | Outcome::StepUp(_) => None,
    };
    let intervals = bootstrap(cases, accepted).and_then(|resampled| {
        resampled.intervals(plan, |tally| {
            let point = tally.at(0.5);
            [point.frr, point.far]
        })
    });
    let [frr, far] = intervals.map_or([None; 2], |both| both.map(Some));
    (Share::new(owners.reject, owners.decided(), frr), Share::new(strangers.accept, strangers.decided(), far))
}

/// The trials for resampling; `None` with few speakers or trials of one kind alone.
pub(super) fn bootstrap(cases: &[&Case], score: impl Fn(&Case) -> Option<f64>) -> Option<Bootstrap> {
    let scores = scores(cases, score)?;
    let mut speakers: Vec<u32> = scores.trials().iter().map(Trial::enrolled).collect();
    speakers.sort_unstable();
    speakers.dedup();
    (speakers.len() >= LEAST_SPEAKERS).then(|| Bootstrap::new(&scores))
}

/// The trials that have a score; `None` with trials of one kind alone.
pub(super) fn scores(cases: &[&Case], score: impl Fn(&Case) -> Option<f64>) -> Option<Scores> {
    let trial = |case: &&Case| {
        let score = score(case)?;
        Some(if case.target {
            Trial::target(score, case.owner)
        } else {
            Trial::impostor(score, case.owner, case.tested)
        })
    };
    Scores::new(cases.iter().filter_map(trial).collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_error_the_interval_is_not_empty() {
        let nothing = Interval { low: 0.0, high: 0.0, level: 0.95, draws: 200 };
        let share = Share::new(0, 1000, Some(nothing)).unwrap();
        assert!((share.high - 0.003).abs() < 1e-5 && share.interval == Method::RuleOfThree);
        let resampled = Interval { low: 0.1, high: 0.3, level: 0.95, draws: 200 };
        let share = Share::new(200, 1000, Some(resampled)).unwrap();
        assert_eq!((share.low, share.high, share.interval), (0.1, 0.3, Method::Bootstrap));
        assert_eq!(Share::new(200, 1000, None).unwrap().interval, Method::Wilson);
        assert_eq!(Share::new(0, 0, None), None);
    }
}
