use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

fn coordinates() -> impl Strategy<Value = Coordinates> {
    (-95f64..95.0, -185f64..185.0).prop_map(|(latitude, longitude)| Coordinates { latitude, longitude })
}

fn history(logins: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = History> {
    use prop::option::of;
    let network = of((0u64..4).prop_map(NetworkTag));
    let login = (0i64..60 * 24 * 30, of(0f32..1.0), of(0f32..9.0), network, of(coordinates()));
    let login = login.prop_map(|(minute, similarity, reaction_s, network, coordinates)| PastLogin {
        at: Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute),
        similarity,
        reaction_s,
        network,
        coordinates,
    });
    prop::collection::vec(login, logins).prop_map(History::new)
}

fn observed() -> impl Strategy<Value = Observed> {
    use prop::option::of;
    use prop::sample::select;
    let suspicions = vec![Suspicion::None, Suspicion::Some, Suspicion::Attack];
    let spoof =
        (select(suspicions), -9f64..9.0).prop_map(|(suspicion, llr)| Countermeasures { suspicion, llr });
    let heard = (0f32..9.0, of(0f32..40.0)).prop_map(|(net_speech_s, snr_db)| QualityMeasures {
        net_speech_s,
        snr_db,
        telephone_band: None,
    });
    let time =
        (0i64..60 * 24 * 30).prop_map(|minute| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute));
    let place = (
        of(time),
        of(select(TrustLevel::ALL.to_vec())),
        of((0u64..4).prop_map(NetworkTag)),
        of(coordinates()),
    );
    let voice = (of(0f32..1.0), of(0f32..1.0), of(spoof), of(heard), of(0f32..9.0));
    let counts = (of(0u32..9), of(0u32..9), of(0u32..40));
    (place, voice, counts).prop_map(|(place, voice, counts)| Observed {
        at: place.0,
        device: place.1,
        network: place.2,
        coordinates: place.3,
        similarity: voice.0,
        device_similarity: voice.1,
        countermeasures: voice.2,
        quality: voice.3,
        reaction_s: voice.4,
        recent_failures: counts.0,
        others_on_device: counts.1,
        others_on_address: counts.2,
    })
}

fn policy() -> impl Strategy<Value = RiskPolicy> {
    prop::collection::vec(prop_oneof![1 => Just(0f32), 4 => 0f32..120.0], 11).prop_map(|w| RiskPolicy {
        weights: RiskWeights {
            device_trust: w[0],
            new_network: w[1],
            impossible_travel: w[2],
            unusual_hour: w[3],
            recent_failures: w[4],
            score_trend: w[5],
            spoofing: w[6],
            quality: w[7],
            reaction_time: w[8],
            many_accounts: w[9],
            device_voice: w[10],
        },
        ..RiskPolicy::default()
    })
}

/// Forgets one thing.
fn without(observed: &Observed, which: usize) -> Observed {
    let mut less = *observed;
    match which {
        0 => less.at = None,
        1 => less.device = None,
        2 => less.network = None,
        3 => less.coordinates = None,
        4 => less.recent_failures = None,
        5 => less.similarity = None,
        6 => less.device_similarity = None,
        7 => less.countermeasures = None,
        8 => less.quality = None,
        9 => less.reaction_s = None,
        10 => less.others_on_device = None,
        _ => less.others_on_address = None,
    }
    less
}

/// Makes one thing worse by `more`, if it is known.
fn worse(observed: &Observed, which: usize, more: f32) -> Observed {
    let mut worse = *observed;
    let count = |count: Option<u32>| count.map(|count| count + more.ceil() as u32);
    match which {
        0 => worse.recent_failures = count(worse.recent_failures),
        1 => worse.others_on_device = count(worse.others_on_device),
        2 => worse.others_on_address = count(worse.others_on_address),
        3 => worse.similarity = worse.similarity.map(|similarity| similarity - more),
        4 => worse.device_similarity = worse.device_similarity.map(|similarity| similarity - more),
        5 => {
            worse.countermeasures =
                worse.countermeasures.map(|c| Countermeasures { llr: c.llr + f64::from(more), ..c });
        }
        6 => {
            worse.countermeasures =
                worse.countermeasures.map(|c| Countermeasures { suspicion: Suspicion::Attack, ..c });
        }
        7 => {
            worse.quality = worse
                .quality
                .map(|q| QualityMeasures { net_speech_s: (q.net_speech_s - more).max(0.0), ..q });
        }
        8 => {
            worse.quality =
                worse.quality.map(|q| QualityMeasures { snr_db: q.snr_db.map(|snr| snr - more), ..q });
        }
        _ => worse.device = worse.device.map(|_| TrustLevel::Revoked),
    }
    worse
}

proptest! {
    #[test]
    fn the_score_is_bounded_and_the_sum_of_what_is_listed(
        observed in observed(), history in history(0..12), policy in policy(),
    ) {
        let risk = Risk::assess(&observed, &history, &policy);
        let sum: f32 = risk.contributions.iter().map(|contribution| contribution.points).sum();
        prop_assert_eq!(f32::from(risk.score), sum.min(100.0).round());
        prop_assert_eq!(risk.level, policy.level(risk.score));
        prop_assert!(risk.anomaly.is_none_or(|anomaly| (0.0..=1.0).contains(&anomaly)));
        for contribution in &risk.contributions {
            prop_assert!(contribution.evidence > 0.0 && contribution.evidence <= 1.0);
            prop_assert_eq!(contribution.weight, policy.weights.of(contribution.factor));
            prop_assert_eq!(contribution.points, contribution.evidence * contribution.weight);
            prop_assert!(risk.not_measured.iter().all(|missing| missing.factor != contribution.factor));
        }
        prop_assert!(risk.contributions.windows(2).all(|pair| pair[0].factor < pair[1].factor));
        prop_assert!(risk.not_measured.windows(2).all(|pair| pair[0].factor < pair[1].factor));
    }

    #[test]
    fn more_evidence_never_lowers_the_score(
        observed in observed(), history in history(0..12), policy in policy(), which in 0usize..10, more in 0f32..9.0,
    ) {
        let of = |observed| Risk::assess(&observed, &history, &policy);
        let (before, after) = (of(observed), of(worse(&observed, which, more)));
        prop_assert!(after.score >= before.score && after.level >= before.level);
        prop_assert!(after.denies || !before.denies);
    }

    #[test]
    fn less_known_never_raises_the_score(
        observed in observed(), history in history(0..12), policy in policy(), which in 0usize..12,
    ) {
        let before = Risk::assess(&observed, &history, &policy).score;
        prop_assert!(Risk::assess(&without(&observed, which), &history, &policy).score <= before);
        prop_assert!(Risk::assess(&observed, &History::default(), &policy).score <= before);
    }

    #[test]
    fn habits_are_silent_before_five_logins(observed in observed(), history in history(0..5), policy in policy()) {
        let all_known =
            Observed { at: usual().at, similarity: Some(0.1), reaction_s: Some(9.0), ..observed };
        let risk = Risk::assess(&all_known, &history, &policy);
        prop_assert_eq!(risk.anomaly, None);
        for factor in [FactorName::UnusualHour, FactorName::ScoreTrend, FactorName::ReactionTime] {
            let silent = NotMeasured { factor, why: WhyNot::NotEnoughHistory };
            prop_assert!(risk.not_measured.contains(&silent));
        }
    }

    /// The sooner after a login far away, the likelier it was somebody else; a place near is never one.
    #[test]
    fn travel_is_the_more_impossible_the_less_time_there_was(
        there in coordinates(), minutes in 0i64..3000, sooner in 0i64..3000, near in -0.4f64..0.4,
    ) {
        let evidence = |there: Coordinates, minutes: i64| {
            let at = at(8, 10) - SignedDuration::from_mins(minutes);
            let login = PastLogin { at, coordinates: Some(there), ..*nine_to_five().logins().next().unwrap() };
            let found = FactorName::ImpossibleTravel.find(&usual(), &History::new([login]));
            found.map(|found| found.evidence)
        };
        if let Ok(found) = evidence(there, minutes) {
            prop_assert!(evidence(there, (minutes - sooner).max(0)).unwrap() >= found);
        }
        let beside = Coordinates { latitude: BERLIN.latitude + near, longitude: BERLIN.longitude + near };
        prop_assert_eq!(evidence(beside, minutes), Ok(0.0));
    }

    #[test]
    fn a_single_factor_never_denies(
        observed in observed(), history in history(0..12), policy in policy(), which in 0usize..11, weight in 0f32..9999.0,
    ) {
        let mut policy = policy;
        let alone = FactorName::ALL[which];
        let silent = serde_json::to_value(&policy.weights).unwrap();
        let silent = silent.as_object().unwrap().keys().map(|name| {
            (name.clone(), serde_json::json!(if name == alone.as_str() { weight } else { 0.0 }))
        });
        policy.weights = serde_json::from_value(silent.collect()).unwrap();
        let risk = Risk::assess(&observed, &history, &policy);
        prop_assert!(!risk.denies && risk.contributions.len() <= 1);
    }
}
