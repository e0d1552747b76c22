//! What holds for the error metrics of any trials.

use proptest::prelude::*;
use voicegate_core::metrics::{
    Bins, Bootstrap, PointMetrics, Resampling, Scores, Tally, TargetPrior, Trial, cllr, detection_cost, eer,
    histogram, min_cllr, operating_point,
};

/// Scores on a grid, so that some are equal and sums and powers of them are exact.
fn list() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((-40i32..40).prop_map(|n| f64::from(n) / 4.0), 1..60)
}

fn tally(targets: &[f64], impostors: &[f64]) -> Tally {
    Tally::new(&Scores::without_speakers(targets, impostors).expect("scores of both kinds"))
}

fn min_cost(tally: &Tally) -> f64 {
    detection_cost(tally, TargetPrior::FIVE_PERCENT).min
}

proptest! {
    #[test]
    fn the_least_cost_is_no_more_than_the_actual_one(targets in list(), impostors in list(), p in 0.001..0.999) {
        let tally = tally(&targets, &impostors);
        let cost = detection_cost(&tally, TargetPrior::new(p).unwrap());
        prop_assert!(cost.min >= 0.0 && cost.min <= cost.actual && cost.min <= 1.0, "{cost:?}");
        let (min, actual) = (min_cllr(&tally), cllr(&tally));
        prop_assert!(min >= 0.0 && min <= actual + 1e-12, "{min} {actual}");
    }

    #[test]
    fn what_needs_only_the_order_survives_a_monotone_map(targets in list(), impostors in list()) {
        let cube = |scores: &[f64]| scores.iter().map(|s| s * s * s - 7.0).collect::<Vec<_>>();
        let before = tally(&targets, &impostors);
        let after = tally(&cube(&targets), &cube(&impostors));
        prop_assert_eq!(eer(&before).rate, eer(&after).rate);
        prop_assert_eq!(min_cost(&before), min_cost(&after));
        prop_assert_eq!(min_cllr(&before), min_cllr(&after));
        prop_assert_eq!(operating_point(&before, 0.1).frr, operating_point(&after, 0.1).frr);
    }

    #[test]
    fn swapping_the_kinds_and_the_sign_keeps_the_equal_error_rate_near(targets in list(), impostors in list()) {
        let turned = |scores: &[f64]| scores.iter().map(|s| -s).collect::<Vec<_>>();
        let before = tally(&targets, &impostors);
        let after = tally(&turned(&impostors), &turned(&targets));
        prop_assert!((min_cllr(&before) - min_cllr(&after)).abs() < 1e-12);
        // Of two thresholds with the same difference the lowest is taken, which is the other one here.
        let step = before.steps().iter()
            .map(|s| s.targets / before.targets() + s.impostors / before.impostors())
            .fold(0.0, f64::max);
        prop_assert!((eer(&before).rate - eer(&after).rate).abs() <= 0.5 * step + 1e-12);
    }

    /// The mean of FRR and FAR jumps by half a step of the ROC, so the EER itself may rise by as much.
    #[test]
    fn a_better_target_makes_nothing_worse(targets in list(), impostors in list()) {
        let before = tally(&targets, &impostors);
        let best = targets.iter().chain(&impostors).fold(0.0, |a: f64, b| a.max(*b)) + 1.0;
        let after = tally(&[&targets[..], &[best]].concat(), &impostors);
        prop_assert!(min_cost(&after) <= min_cost(&before) + 1e-12);
        prop_assert!(min_cllr(&after) <= min_cllr(&before) + 1e-12);
        prop_assert!(operating_point(&after, 0.1).frr <= operating_point(&before, 0.1).frr);
        let step = before.steps().iter()
            .map(|s| s.targets / before.targets() + s.impostors / before.impostors())
            .fold(0.0, f64::max);
        prop_assert!(eer(&after).rate <= eer(&before).rate + step);
    }

    #[test]
    fn a_weight_is_a_number_of_trials(
        trials in prop::collection::vec((-9i32..9, any::<bool>(), 0u32..4), 1..60),
    ) {
        let of = |(score, target, times): &(i32, bool, u32)| match target {
            true => Trial::target(f64::from(*score), *times),
            false => Trial::impostor(f64::from(*score), *times, *times),
        };
        let repeated = trials.iter().flat_map(|row| (0..row.2).map(|_| of(row))).collect();
        let weighted = Scores::new(trials.iter().map(of).collect())
            .and_then(|scores| Tally::weighted(&scores, |trial| f64::from(trial.enrolled())));
        match (Scores::new(repeated), weighted) {
            (Ok(repeated), Ok(weighted)) => {
                let (a, b) = (PointMetrics::new(&Tally::new(&repeated)), PointMetrics::new(&weighted));
                prop_assert_eq!(a.equal_error.rate, b.equal_error.rate);
                // Not the thresholds: one may be at a score that weighs nothing.
                let costs = |all: &PointMetrics| all.detection_cost.map(|cost| (cost.min, cost.actual));
                prop_assert_eq!(costs(&a), costs(&b));
                prop_assert!((a.cllr - b.cllr).abs() < 1e-12 && (a.min_cllr - b.min_cllr).abs() < 1e-12);
            }
            (repeated, weighted) => prop_assert!(repeated.is_err() && weighted.is_err()),
        }
    }

    #[test]
    fn a_histogram_holds_every_score(targets in list(), impostors in list(), count in 1usize..20) {
        let tally = tally(&targets, &impostors);
        let bins = histogram(&tally, &Bins::new(-3.0, 5.0, count).unwrap());
        prop_assert_eq!(bins.iter().map(|b| b.targets).sum::<f64>(), targets.len() as f64);
        prop_assert_eq!(bins.iter().map(|b| b.impostors).sum::<f64>(), impostors.len() as f64);
    }
}

/// Each speaker has an own shift of all target scores: what makes trials of one speaker err together.
fn crowd(speakers: u32) -> Scores {
    let shift = |speaker: u32| f64::from(speaker * 7919 % 101) / 40.0;
    let mut trials = Vec::new();
    for enrolled in 0..speakers {
        trials.extend((0..8).map(|n| Trial::target(shift(enrolled) + 0.05 * f64::from(n), enrolled)));
        let others = (0..speakers).filter(|tested| *tested != enrolled);
        trials.extend(others.map(|tested| {
            Trial::impostor(shift(tested) - 1.5 + 0.01 * f64::from(enrolled), enrolled, tested)
        }));
    }
    Scores::new(trials).expect("scores of both kinds")
}

#[test]
fn bootstrap_intervals_hold_the_estimate_and_repeat_with_the_seed() {
    let scores = crowd(30);
    let estimate = eer(&Tally::new(&scores)).rate;
    let bootstrap = Bootstrap::new(&scores);
    let interval = |seed, level| {
        let plan = Resampling { draws: 200, level, seed };
        bootstrap.interval(&plan, |tally| eer(tally).rate).unwrap()
    };
    let holding =
        (0..50).map(|seed| interval(seed, 0.95)).filter(|i| i.low <= estimate && estimate <= i.high);
    assert!(holding.count() >= 48);
    assert_eq!(interval(3, 0.95), interval(3, 0.95));
    assert_ne!(interval(3, 0.95), interval(4, 0.95));
    let (wide, narrow) = (interval(1, 0.99), interval(1, 0.5));
    assert!(wide.low <= narrow.low && narrow.low < narrow.high && narrow.high <= wide.high);
    assert_eq!(wide.draws, 200);
}

#[test]
fn trials_that_err_together_make_the_interval_wider() {
    let scores = crowd(30);
    // The same trials, each of speakers of its own.
    let alone = scores.trials().iter().zip((0..).step_by(2)).map(|(trial, n)| match trial.is_target() {
        true => Trial::target(trial.score(), n),
        false => Trial::impostor(trial.score(), n, n),
    });
    let alone = Scores::new(alone.collect()).unwrap();
    let width = |scores| {
        let plan = Resampling { draws: 300, level: 0.95, seed: 5 };
        let interval = Bootstrap::new(scores).interval(&plan, |tally| eer(tally).rate).unwrap();
        interval.high - interval.low
    };
    assert!(width(&scores) > 1.5 * width(&alone), "{} {}", width(&scores), width(&alone));
}

#[test]
fn what_gives_no_interval() {
    // Two speakers: a resample of one speaker twice has no impostors and is left out.
    let scores =
        Scores::new(vec![Trial::target(1.0, 4), Trial::target(1.0, 9), Trial::impostor(0.0, 4, 9)]).unwrap();
    let bootstrap = Bootstrap::new(&scores);
    let plan = Resampling { draws: 100, level: 0.9, seed: 0 };
    let interval = bootstrap.interval(&plan, |tally| eer(tally).rate).unwrap();
    assert!(interval.draws > 25 && interval.draws < 75, "{interval:?}");
    assert_eq!((interval.low, interval.high), (0.0, 0.0));
    for plan in [
        Resampling { draws: 0, ..plan },
        Resampling { level: 1.0, ..plan },
        Resampling { level: f64::NAN, ..plan },
    ] {
        assert_eq!(bootstrap.interval(&plan, cllr), None);
    }
}
