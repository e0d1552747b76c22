use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::decide::StepUp;
use crate::metrics::probit;
use crate::similarity::llr;
use crate::threshold::BOUNDS;

const POLICY: ConfidencePolicy = ConfidencePolicy {
    half_life: SignedDuration::from_hours(1),
    step_up_below: 0.65,
    step_up: StepUp::Password,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn hear(confidence: Confidence, ratio: f64, seconds: i64) -> Confidence {
    confidence.hear(Utterance::Voice(ratio), at(seconds), &POLICY)
}

#[test]
fn a_silent_session_loses_half_of_what_it_knows_in_a_half_life() {
    let login = Confidence::proven(llr(0.85), at(0));
    for (seconds, similarity, step_up) in [
        (0, 0.85, None),
        (3_600, 0.65, None),
        (3_610, 0.65, Some(StepUp::Password)),
        (7_200, 0.55, Some(StepUp::Password)),
        (3_600_000, 0.45, Some(StepUp::Password)),
        // A clock that was set back adds nothing.
        (-3_600, 0.85, None),
    ] {
        let now = at(seconds);
        assert!((login.similarity(now, &POLICY) - similarity).abs() < 1e-3, "{seconds}");
        assert_eq!(login.step_up(now, &POLICY), step_up, "{seconds}");
    }
}

/// L11
#[test]
fn the_barest_login_lasts_for_hours_in_silence() {
    let policy = ConfidencePolicy::default();
    let barest = Confidence::proven(llr(*BOUNDS.start()), at(0));
    assert_eq!(barest.step_up(at(3 * 3_600), &policy), None);
    assert_eq!(barest.step_up(at(4 * 3_600), &policy), Some(StepUp::LiveChallenge));
}

#[test]
fn what_speaks_against_the_person_does_not_fade() {
    let other = hear(Confidence::proven(llr(0.75), at(0)), -9.0, 0);
    assert!(other.llr < 0.0);
    for seconds in [-3_600, 3_600, 3_600_000] {
        assert_eq!(other.similarity(at(seconds), &POLICY), other.similarity(at(0), &POLICY), "{seconds}");
    }
}

#[test]
fn a_sentence_in_noise_changes_nothing_but_time() {
    let login = Confidence::proven(llr(0.85), at(0));
    assert_eq!(login.hear(Utterance::Inconclusive, at(900), &POLICY), login);
}

#[test]
fn no_voice_makes_up_for_a_check_that_failed() {
    let mut confidence = Confidence::proven(12.0, at(0)).hear(Utterance::CheckFailed, at(1), &POLICY);
    for second in 2..50 {
        confidence = hear(confidence, 12.0, second);
        assert_eq!(confidence.step_up(at(second), &POLICY), Some(StepUp::Password));
    }
    assert_eq!(Confidence::proven(llr(0.7), at(50)).step_up(at(50), &POLICY), None);
}

#[test]
fn odd_numbers_never_keep_a_session_open() {
    for ratio in [f64::NAN, f64::NEG_INFINITY] {
        assert!(Confidence::proven(ratio, at(0)).step_up(at(0), &POLICY).is_some());
        assert!(hear(Confidence::proven(9.0, at(0)), ratio, 0).step_up(at(0), &POLICY).is_some());
    }
    assert_eq!(Confidence::proven(f64::INFINITY, at(0)).llr, llr(1.0));
    let none = ConfidencePolicy { half_life: SignedDuration::ZERO, ..POLICY };
    assert_eq!(Confidence::proven(12.0, at(0)).step_up(at(0), &none), None);
    assert!(Confidence::proven(12.0, at(0)).step_up(at(1), &none).is_some());
}

/// After how many utterances, one a minute, a session that could not be surer has to step up; `None` if not within
/// `most`. The log-likelihood ratios are those of a calibrated system with normal scores and the equal error rate `eer`:
/// their variance is twice the distance of their mean from zero.
fn lasts(runner: &mut TestRunner, eer: f64, person: bool, most: i64) -> Option<i64> {
    let deviation = -2.0 * probit(eer);
    let mean = deviation * deviation / 2.0 * if person { 1.0 } else { -1.0 };
    let mut confidence = Confidence::proven(f64::INFINITY, at(0));
    (1..=most).find(|minute| {
        let quantile = (1e-9f64..1.0).new_tree(runner).unwrap().current();
        confidence = hear(confidence, mean + deviation * probit(quantile), 60 * minute);
        confidence.step_up(at(60 * minute), &POLICY).is_some()
    })
}

/// L11
#[test]
fn a_stranger_is_found_out_within_a_few_utterances_and_the_person_left_alone() {
    let mut runner = TestRunner::deterministic();
    // Equal error rate; strangers in 10 000 who are found out within 2, 3 and 5 utterances, at least; persons in 10 000
    // who are disturbed within 20, at most.
    for (eer, least_found, most_disturbed) in
        [(0.02, [9_400, 9_900, 9_999], 10), (0.05, [7_400, 9_400, 9_970], 25)]
    {
        let mut run = |person, most| {
            (0..10_000).filter_map(|_| lasts(&mut runner, eer, person, most)).collect::<Vec<_>>()
        };
        let (strangers, persons) = (run(false, 5), run(true, 20));
        for (within, least) in [2, 3, 5].into_iter().zip(least_found) {
            let found = strangers.iter().filter(|after| **after <= within).count();
            assert!(found >= least, "{eer}: {found} within {within}");
        }
        assert!(persons.len() <= most_disturbed, "{eer}: {} disturbed", persons.len());
    }
}

proptest! {
    #[test]
    fn time_alone_never_adds(ratio in -20f64..20.0, first in 0i64..1_000_000, more in 0i64..1_000_000) {
        let confidence = Confidence::proven(ratio, at(0));
        let (early, late) = (at(first), at(first + more));
        prop_assert!(confidence.similarity(late, &POLICY) <= confidence.similarity(early, &POLICY));
        prop_assert!(confidence.step_up(early, &POLICY).is_none() || confidence.step_up(late, &POLICY).is_some());
    }

    #[test]
    fn more_evidence_for_the_person_never_lowers(
        start in -20f64..20.0, heard in prop::collection::vec((-20f64..20.0, 0i64..5_000), 0..20),
        which in any::<prop::sample::Index>(), more in 0f64..20.0,
    ) {
        let run = |extra: Option<usize>| {
            let mut clock = 0;
            heard.iter().enumerate().fold(Confidence::proven(start, at(0)), |confidence, (i, (ratio, passed))| {
                clock += passed;
                hear(confidence, ratio + if extra == Some(i) { more } else { 0.0 }, clock)
            })
        };
        let extra = (!heard.is_empty()).then(|| which.index(heard.len()));
        let (less, surer) = (run(None), run(extra));
        prop_assert!(surer.llr >= less.llr);
        prop_assert!((llr(0.0)..=llr(1.0)).contains(&less.llr));
        let now = less.heard_at;
        let supported = hear(less, more, now.as_second());
        prop_assert!(supported.similarity(now, &POLICY) >= less.similarity(now, &POLICY));
    }

    /// However sure the session was, and however rarely somebody speaks: a voice that speaks `against` the person by as
    /// much on each occasion ends in a step-up within the number of utterances that the scale allows.
    #[test]
    fn who_speaks_against_ends_in_a_step_up(
        heard in prop::collection::vec((0f64..20.0, 0i64..5_000), 0..20), against in 0.5f64..20.0, pause in 0i64..600,
    ) {
        let mut clock = 0;
        let mut confidence = Confidence::proven(20.0, at(0));
        for (ratio, passed) in heard {
            clock += passed;
            confidence = hear(confidence, ratio, clock);
        }
        let most = ((llr(1.0) - llr(POLICY.step_up_below)) / against.min(-llr(0.0))).floor() as usize + 1;
        for _ in 0..most {
            clock += pause;
            confidence = hear(confidence, -against, clock);
        }
        prop_assert!(confidence.step_up(at(clock), &POLICY).is_some());
    }
}
