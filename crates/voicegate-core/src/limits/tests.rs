use proptest::prelude::*;

use super::*;

const POLICY: LimitPolicy = LimitPolicy {
    allowed_units: 10,
    first_wait: SignedDuration::from_secs(30),
    longest_wait: SignedDuration::from_hours(1),
    forget_after: SignedDuration::from_hours(24),
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000_000 + seconds).unwrap()
}

/// The budget after one attempt at `now`.
fn attempt(budget: &Budget, cost: Cost, now: Timestamp) -> Result<Budget, Wait> {
    Ok(budget.charge(now, &POLICY)?.settle(cost, now))
}

/// How many attempts of one cost are possible at one moment.
fn at_once(cost: Cost) -> (usize, Budget) {
    let mut budget = Budget::default();
    for made in 0..1000 {
        match attempt(&budget, cost, at(0)) {
            Ok(after) => budget = after,
            Err(_) => return (made, budget),
        }
    }
    (1000, budget)
}

#[test]
fn the_defaults_are_five_failures_or_ten_of_a_living_voice() {
    assert_eq!(LimitPolicy::default(), POLICY);
    assert_eq!(at_once(Cost::Full).0, 5);
    assert_eq!(at_once(Cost::Live).0, 10);
    assert_eq!(at_once(Cost::None), (1000, Budget::default()));
}

#[test]
fn waits_double_up_to_the_longest_and_let_one_attempt_pass_each() {
    let (_, mut budget) = at_once(Cost::Full);
    let mut now = 0;
    for wait in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
        assert_eq!(budget.charge(at(now), &POLICY), Err(Wait { until: at(now + wait) }));
        assert_eq!(budget.charge(at(now + wait - 1), &POLICY), Err(Wait { until: at(now + wait) }));
        now += wait;
        let charged = budget.charge(at(now), &POLICY).unwrap();
        assert!(charged.charge(at(now), &POLICY).is_err(), "a second one beside it");
        budget = charged.settle(Cost::Full, at(now));
    }
}

#[test]
fn what_told_nothing_begins_no_new_wait() {
    let (_, budget) = at_once(Cost::Full);
    let after = attempt(&budget, Cost::None, at(30)).unwrap();
    assert_eq!(after, budget);
    assert_eq!(after.wait(at(30), &POLICY), None);
    assert_eq!(after.wait(at(29), &POLICY), Some(Wait { until: at(30) }));
}

#[test]
fn parallel_attempts_are_bounded_before_any_is_judged() {
    let (mut budget, mut passed) = (Budget::default(), 0);
    for _ in 0..100 {
        if let Ok(after) = budget.charge(at(0), &POLICY) {
            (budget, passed) = (after, passed + 1);
            assert_eq!(budget.left(&POLICY), 10 - 2 * i64::from(passed));
        }
    }
    assert_eq!(passed, 5);
    let settled = (0..5).fold(budget, |budget, _| budget.settle(Cost::None, at(3)));
    assert_eq!(settled, Budget::default());
}

/// The program ends again and again between charge and settlement, while others of the same address go on.
#[test]
fn what_was_never_settled_is_forgotten_though_attempts_go_on() {
    let mut budget = Budget::default();
    for _ in 0..4 {
        budget = budget.charge(at(0), &POLICY).unwrap();
    }
    for minute in 1..24 * 60 {
        budget = attempt(&budget, Cost::None, at(60 * minute)).unwrap();
        assert_eq!(budget.under_way, [at(0); 4]);
    }
    assert_eq!(attempt(&budget, Cost::None, at(24 * 3600)), Ok(Budget::default()));
}

#[test]
fn failures_are_forgotten_a_day_after_the_last() {
    let (_, budget) = at_once(Cost::Full);
    let day = POLICY.forget_after.as_secs();
    let one = Budget { units: 2, last_failure: Some(at(day)), ..Budget::default() };
    assert_eq!(attempt(&budget, Cost::Full, at(day)), Ok(one));
    assert_eq!(attempt(&budget, Cost::Full, at(day - 1)).unwrap().units, 12);
}

#[test]
fn settling_after_a_new_start_still_counts() {
    let failed = Budget::default().settle(Cost::Full, at(5));
    assert_eq!(failed, Budget { units: 2, last_failure: Some(at(5)), under_way: vec![] });
}

#[test]
fn the_ends_of_time_and_count_are_survived() {
    let worst = Budget { units: u32::MAX, last_failure: Some(Timestamp::MAX), under_way: vec![] };
    assert!(worst.wait(Timestamp::MIN, &POLICY).is_some());
    assert_eq!(worst.settle(Cost::Full, Timestamp::MAX).units, u32::MAX);
}

fn cost() -> impl Strategy<Value = Cost> {
    prop::sample::select(vec![Cost::None, Cost::Live, Cost::Full])
}

/// What a subject does next: an attempt after some seconds that is judged after some more attempts were begun, or never.
#[derive(Debug, Clone, Copy)]
enum Step {
    Begin { after: i64 },
    Settle(Cost),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop_oneof![0i64..3, 0i64..4000, Just(90_000)].prop_map(|after| Step::Begin { after }),
        5 => cost().prop_map(Step::Settle),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #[test]
    fn without_a_wait_no_more_fails_than_is_allowed(
        costs in prop::collection::vec(cost(), 1..60),
    ) {
        let (mut budget, mut failed) = (Budget::default(), 0);
        for cost in costs {
            match attempt(&budget, cost, at(0)) {
                Ok(after) => (budget, failed) = (after, failed + cost.units()),
                Err(_) => prop_assert!(failed >= POLICY.allowed_units),
            }
        }
        prop_assert!(failed < POLICY.allowed_units + Cost::Full.units());
    }

    /// Whatever is begun, judged and lost in whatever order: waits keep their bounds, and nothing is charged in them.
    #[test]
    fn waits_are_bounded_and_kept(steps in prop::collection::vec(step(), 1..200)) {
        let (mut budget, mut under_way, mut clock) = (Budget::default(), 0usize, 0);
        for step in steps {
            match step {
                Step::Begin { after } => {
                    clock += after;
                    let wait = budget.wait(at(clock), &POLICY);
                    match budget.charge(at(clock), &POLICY) {
                        Ok(after) => {
                            prop_assert_eq!(wait, None);
                            prop_assert_eq!(after.under_way.last(), Some(&at(clock)));
                            (budget, under_way) = (after, under_way + 1);
                        }
                        Err(Wait { until }) => {
                            prop_assert_eq!(wait, Some(Wait { until }));
                            prop_assert!(at(clock) < until && until <= after_hour(clock));
                            prop_assert!(budget.charge(until, &POLICY).is_ok());
                        }
                    }
                }
                Step::Settle(cost) if under_way > 0 => {
                    budget = budget.settle(cost, at(clock));
                    under_way -= 1;
                }
                Step::Settle(_) => {}
                Step::Crash => under_way = 0,
            }
            prop_assert!(budget.under_way.is_sorted() && budget.under_way.len() < 40);
        }
        let day_later = at(clock + 86_400);
        prop_assert_eq!(budget.wait(day_later, &POLICY), None);
        let fresh = budget.charge(day_later, &POLICY).unwrap();
        prop_assert_eq!((fresh.units, fresh.under_way), (0, vec![day_later]));
    }

    #[test]
    fn a_clock_that_jumps_makes_no_wait_longer_than_the_longest(
        jumps in prop::collection::vec(-1_000_000i64..1_000_000, 1..40),
    ) {
        let mut budget = Budget::default();
        for jump in jumps {
            match attempt(&budget, Cost::Full, at(jump)) {
                Ok(after) => budget = after,
                Err(Wait { until }) => prop_assert!(until <= after_hour(jump)),
            }
        }
    }
}

fn after_hour(clock: i64) -> Timestamp {
    at(clock) + POLICY.longest_wait
}
