mod properties;

use std::f64::consts::LN_10;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::QualityMeasures;
use crate::decide::{Countermeasures, Suspicion};
use crate::device::TrustLevel;

const BERLIN: Coordinates = Coordinates { latitude: 52.52, longitude: 13.405 };
const NEW_YORK: Coordinates = Coordinates { latitude: 40.7128, longitude: -74.006 };
const OFFICE: NetworkTag = NetworkTag(1);

/// A time by day and hour.
fn at(day: i64, hour: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day + hour)
}

/// Eight logins of somebody who works from nine to five in Berlin; the last one on day 7 at 16 o'clock.
fn nine_to_five() -> History {
    let hours = [9, 9, 10, 11, 13, 14, 17, 16];
    let similarities = [0.88, 0.91, 0.90, 0.87, 0.92, 0.90, 0.89, 0.93];
    let reactions = [1.1, 1.4, 1.2, 0.9, 1.3, 1.2, 1.0, 1.5];
    History::new((0..8).map(|day| PastLogin {
        at: at(day as i64, hours[day]),
        similarity: Some(similarities[day]),
        reaction_s: Some(reactions[day]),
        network: Some(OFFICE),
        coordinates: Some(BERLIN),
    }))
}

/// The next day at ten, as always.
fn usual() -> Observed {
    Observed {
        at: Some(at(8, 10)),
        device: Some(TrustLevel::Trusted),
        network: Some(OFFICE),
        coordinates: Some(BERLIN),
        recent_failures: Some(0),
        similarity: Some(0.89),
        device_similarity: Some(0.85),
        countermeasures: Some(Countermeasures { suspicion: Suspicion::None, llr: -3.0 }),
        quality: Some(QualityMeasures { net_speech_s: 3.5, snr_db: Some(28.0), telephone_band: None }),
        reaction_s: Some(1.2),
        others_on_device: Some(0),
        others_on_address: Some(2),
    }
}

/// An hour after the last login, and an ocean away.
fn abroad() -> Observed {
    Observed { at: Some(at(7, 17)), coordinates: Some(NEW_YORK), ..usual() }
}

/// A login, what it contributes, and the level.
type Row<'a> = (&'a str, Observed, &'a [(FactorName, f32)], RiskLevel);

#[test]
fn worked_examples() {
    use FactorName::*;
    use RiskLevel::{Elevated, Low};
    let spoof = |suspicion, llr| Some(Countermeasures { suspicion, llr });
    let heard =
        |net_speech_s, snr| Some(QualityMeasures { net_speech_s, snr_db: Some(snr), telephone_band: None });
    let device = |device| Observed { device: Some(device), ..usual() };
    let elsewhere = Observed { network: Some(NetworkTag(2)), ..device(TrustLevel::Pending) };
    let hour = |hour| Observed { at: Some(at(8, hour)), ..usual() };
    let sounds = |suspicion, llr| Observed { countermeasures: spoof(suspicion, llr), ..usual() };
    let after = |reaction_s| Observed { reaction_s: Some(reaction_s), ..usual() };
    let next_day_abroad = Observed { coordinates: Some(NEW_YORK), ..usual() };
    let slow_machine = Observed { reaction_s: Some(4.0), ..sounds(Suspicion::Some, 1.0) };
    let rows: &[Row] = &[
        ("as always", usual(), &[], Low),
        ("from Berlin to New York in an hour", abroad(), &[(ImpossibleTravel, 40.0)], Elevated),
        ("the same by aeroplane", next_day_abroad, &[], Low),
        ("3 a.m. for somebody who works from nine to five", hour(3), &[(UnusualHour, 15.0)], Low),
        ("overtime", hour(20), &[(UnusualHour, 7.5)], Low),
        ("a new phone at the office", device(TrustLevel::Pending), &[(DeviceTrust, 20.0)], Low),
        ("a new phone elsewhere", elsewhere, &[(DeviceTrust, 20.0), (NewNetwork, 10.0)], Elevated),
        ("a suspicious device", device(TrustLevel::Suspicious), &[(DeviceTrust, 30.0)], Elevated),
        ("a revoked device", device(TrustLevel::Revoked), &[(DeviceTrust, 40.0)], Elevated),
        ("two failures", Observed { recent_failures: Some(2), ..usual() }, &[(RecentFailures, 8.0)], Low),
        ("a voice like never before", Observed { similarity: Some(1.0), ..usual() }, &[], Low),
        ("an unlike voice", Observed { similarity: Some(0.75), ..usual() }, &[(ScoreTrend, 15.0)], Low),
        // Ten to one is a third of the way to a thousand to one.
        ("a little like a machine", sounds(Suspicion::None, LN_10), &[(Spoofing, 10.0)], Low),
        ("a slow machine", slow_machine, &[(Spoofing, 15.0), (ReactionTime, 10.0)], Low),
        ("surely a machine", sounds(Suspicion::Attack, 0.5), &[(Spoofing, 30.0)], Elevated),
        ("words known before they were shown", after(-0.6), &[(ReactionTime, 10.0)], Low),
        ("noise", Observed { quality: heard(3.5, 12.5), ..usual() }, &[(Quality, 2.5)], Low),
        ("one word", Observed { quality: heard(0.8, 28.0), ..usual() }, &[(Quality, 5.0)], Low),
        ("one person tried", Observed { others_on_device: Some(1), ..usual() }, &[], Low),
        ("many tried", Observed { others_on_device: Some(4), ..usual() }, &[(ManyAccounts, 20.0)], Low),
        ("an office", Observed { others_on_address: Some(20), ..usual() }, &[(ManyAccounts, 20.0)], Low),
        (
            "another's phone",
            Observed { device_similarity: Some(0.4), ..usual() },
            &[(DeviceVoice, 15.0)],
            Low,
        ),
    ];
    for (what, observed, points, level) in rows {
        let risk = Risk::assess(observed, &nine_to_five(), &RiskPolicy::default());
        let found: Vec<_> =
            risk.contributions.iter().map(|c| (c.factor, (c.points * 100.0).round() / 100.0)).collect();
        assert_eq!((found.as_slice(), risk.level, risk.denies), (*points, *level, false), "{what}");
        assert_eq!(risk.not_measured, [], "{what}");
    }
}

/// Abroad within the hour, with a new phone, after three failures; and one who tries others too.
#[test]
fn a_thief_is_denied_by_what_speaks_together() {
    let thief = Observed {
        device: Some(TrustLevel::Pending),
        network: Some(NetworkTag(2)),
        recent_failures: Some(3),
        ..abroad()
    };
    let busy = Observed { others_on_device: Some(2), ..thief };
    let found = [thief, busy].map(|observed| {
        let risk = Risk::assess(&observed, &nine_to_five(), &RiskPolicy::default());
        (risk.score, risk.level, risk.denies)
    });
    assert_eq!(found, [(82, RiskLevel::High, false), (89, RiskLevel::High, true)]);
}

#[test]
fn what_was_found_is_told_with_its_numbers() {
    let because = |observed: Observed| {
        let risk = Risk::assess(&observed, &nine_to_five(), &RiskPolicy::default());
        risk.contributions.into_iter().map(|contribution| contribution.because).collect::<Vec<_>>()
    };
    assert_eq!(because(abroad()), ["The last login was 6385 km away and 1.0 h before."]);
    let night = Observed { at: Some(at(8, 3)), ..usual() };
    assert_eq!(because(night), ["The person hardly ever comes within 6.0 h of this hour of the day."]);
}

#[test]
fn unlike_oneself_in_two_ways_is_more_than_in_one() {
    let anomaly = |observed: Observed| {
        Risk::assess(&observed, &nine_to_five(), &RiskPolicy::default()).anomaly.unwrap()
    };
    let late = Observed { at: Some(at(8, 20)), ..usual() };
    let slow = Observed { reaction_s: Some(2.5), ..late };
    assert_eq!([usual(), late].map(anomaly), [0.0, 0.5]);
    assert!((0.6..1.0).contains(&anomaly(slow)));
}

#[test]
fn nothing_known_is_no_risk() {
    let risk = Risk::assess(&Observed::default(), &History::default(), &RiskPolicy::default());
    assert_eq!((risk.score, risk.level, risk.anomaly), (0, RiskLevel::Low, None));
    let factors: Vec<_> = risk.not_measured.iter().map(|missing| missing.factor).collect();
    assert_eq!(factors, FactorName::ALL);
    assert!(risk.not_measured.iter().all(|missing| missing.why == WhyNot::NotKnown));
}

#[test]
fn names_are_the_same_everywhere() {
    for factor in FactorName::ALL {
        assert_eq!(serde_json::to_value(factor).unwrap(), factor.as_str());
    }
    let weights = serde_json::to_value(RiskWeights::default()).unwrap();
    for factor in FactorName::ALL {
        assert_eq!(weights[factor.as_str()], RiskWeights::default().of(factor), "{factor:?}");
    }
}

#[test]
fn numbers_that_make_no_policy_are_refused() {
    let usual = RiskPolicy::default();
    let weighing = |quality| RiskWeights { quality, ..RiskWeights::default() };
    assert_eq!(usual.check(), Ok(()));
    assert_eq!(RiskPolicy { deny_from: 255, ..usual.clone() }.check(), Ok(()));
    for wrong in [
        RiskPolicy { elevated_from: 0, ..usual.clone() },
        RiskPolicy { elevated_from: 61, ..usual.clone() },
        RiskPolicy { deny_from: 59, ..usual.clone() },
        RiskPolicy { weights: weighing(-1.0), ..usual.clone() },
        RiskPolicy { weights: weighing(f32::NAN), ..usual.clone() },
        RiskPolicy { weights: weighing(f32::INFINITY), ..usual },
    ] {
        assert_eq!(wrong.check(), Err(RiskPolicyError), "{wrong:?}");
    }
}
