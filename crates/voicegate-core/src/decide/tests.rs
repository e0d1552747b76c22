use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::QualityMeasures;
use crate::threshold::{BOUNDS, DeviceTrust, RiskLevel};

fn voice(similarity: f32) -> Measured<SpeakerScore> {
    Measured::Value(SpeakerScore { cosines: BTreeMap::new(), llr: 0.0, similarity, reachable: 1.0 })
}

fn poor_voice(similarity: f32, reachable: f32) -> Measured<SpeakerScore> {
    Measured::Value(SpeakerScore { cosines: BTreeMap::new(), llr: 0.0, similarity, reachable })
}

fn heard(suspicion: Suspicion) -> Measured<Countermeasures> {
    Measured::Value(Countermeasures { suspicion, llr: 0.0 })
}

fn codes(decision: &Decision) -> Vec<&str> {
    decision.reasons.iter().map(|reason| reason.code.as_ref()).collect()
}

#[test]
fn the_voice_alone() {
    let rows = [
        (voice(0.75), Outcome::Accept, "voice_matches"),
        (voice(0.7499), Outcome::Reject, "voice_differs"),
        (voice(f32::NAN), Outcome::Inconclusive, "no_score"),
        (Measured::Missing(vec![]), Outcome::Inconclusive, "no_score"),
        (Measured::missing(Reason::new("too_short", "…")), Outcome::Inconclusive, "too_short"),
        // The recording cannot do better, and speaks for the person; or against.
        (poor_voice(0.60, 0.70), Outcome::Inconclusive, "quality_cannot_reach_threshold"),
        (poor_voice(0.45, 0.70), Outcome::Inconclusive, "quality_cannot_reach_threshold"),
        (poor_voice(0.44, 0.70), Outcome::Reject, "voice_differs"),
        (poor_voice(0.60, 0.75), Outcome::Reject, "voice_differs"),
    ];
    for (speaker, outcome, code) in rows {
        let evidence = Evidence::of_voice(speaker);
        let decision = decide(&evidence, &Policy::default(), &Context::default());
        assert_eq!((decision.outcome, codes(&decision)), (outcome, vec![code]), "{evidence:?}");
    }
}

#[test]
fn what_else_is_asked_for() {
    use Requirement::{Or, Required};
    let optional = Policy::default();
    let asked = Policy { challenge: Or(StepUp::LiveChallenge), ..Policy::default() };
    let doubtful = Policy { countermeasures: Or(StepUp::LiveChallenge), ..Policy::default() };
    let both = Policy { countermeasures: Required, ..asked.clone() };
    let signed = Policy { signature: Or(StepUp::Password), ..asked.clone() };
    let nothing = Evidence::of_voice(voice(0.8));
    let said = Evidence { challenge: Measured::Value(Proof::Passed), ..nothing.clone() };
    let live = Evidence { countermeasures: heard(Suspicion::None), ..said.clone() };
    let silent = Evidence { countermeasures: Measured::Missing(vec![]), ..said.clone() };
    let differs = Evidence { speaker: voice(0.5), ..nothing.clone() };
    let spoofed = Evidence { countermeasures: heard(Suspicion::Attack), ..live.clone() };
    let wrong = Evidence { challenge: Measured::Value(Proof::Failed), ..spoofed.clone() };
    let replayed = Evidence { fresh: Measured::Value(Proof::Failed), ..live.clone() };
    let suspicious = Evidence { countermeasures: heard(Suspicion::Some), ..nothing.clone() };
    let answered = Evidence { countermeasures: heard(Suspicion::Some), ..said.clone() };
    let strict = Policy { suspicious: StepUp::Password, ..optional.clone() };
    let unsigned = Evidence { signature: Measured::Value(Proof::Failed), ..nothing.clone() };
    let step = Outcome::StepUp;
    let rows = [
        (&nothing, &optional, Outcome::Accept, vec!["voice_matches"]),
        (&nothing, &asked, step(StepUp::LiveChallenge), vec!["live_challenge_needed", "no_challenge"]),
        (&said, &asked, Outcome::Accept, vec!["voice_matches"]),
        (
            &nothing,
            &doubtful,
            step(StepUp::LiveChallenge),
            vec!["live_challenge_needed", "countermeasures_not_run"],
        ),
        (&said, &doubtful, Outcome::Accept, vec!["voice_matches"]),
        (&nothing, &both, Outcome::Inconclusive, vec!["countermeasures_not_run"]),
        (&silent, &both, Outcome::Inconclusive, vec!["evidence_missing"]),
        (&live, &both, Outcome::Accept, vec!["voice_matches"]),
        (&live, &signed, step(StepUp::Password), vec!["password_needed", "not_signed"]),
        (&differs, &both, Outcome::Reject, vec!["voice_differs"]),
        (&spoofed, &optional, Outcome::Reject, vec!["not_a_living_voice"]),
        (&wrong, &both, Outcome::Reject, vec!["not_a_living_voice", "wrong_words"]),
        (&replayed, &optional, Outcome::Reject, vec!["heard_before"]),
        (
            &suspicious,
            &optional,
            step(StepUp::LiveChallenge),
            vec!["live_challenge_needed", "voice_suspicious"],
        ),
        (&answered, &optional, Outcome::Accept, vec!["voice_matches"]),
        (&answered, &strict, step(StepUp::Password), vec!["password_needed", "voice_suspicious"]),
        (&suspicious, &both, step(StepUp::LiveChallenge), vec!["live_challenge_needed", "voice_suspicious"]),
        (&unsigned, &optional, Outcome::Reject, vec!["wrong_signature"]),
    ];
    for (evidence, policy, outcome, expected) in rows {
        let decision = decide(evidence, policy, &Context::default());
        assert_eq!((decision.outcome, codes(&decision)), (outcome, expected), "{evidence:?} {policy:?}");
    }
}

#[test]
fn wire_names_are_the_same_everywhere() {
    for outcome in
        [Outcome::Accept, Outcome::Reject, Outcome::StepUp(StepUp::Password), Outcome::Inconclusive]
    {
        assert_eq!(serde_json::to_string(&outcome).unwrap(), format!("\"{}\"", outcome.as_str()));
    }
    assert_eq!(Outcome::StepUp(StepUp::Password).step_up(), Some(StepUp::Password));
}

fn missing<T: std::fmt::Debug>() -> impl Strategy<Value = Measured<T>> {
    prop::collection::vec("[a-z_]{1,9}", 0..3)
        .prop_map(|codes| Measured::Missing(codes.into_iter().map(|code| Reason::new(code, "…")).collect()))
}

fn proof() -> impl Strategy<Value = Measured<Proof>> {
    prop_oneof![missing(), Just(Measured::Value(Proof::Passed)), Just(Measured::Value(Proof::Failed)),]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let scored = (0f32..1.0, 0f32..1.0).prop_map(|(s, more)| poor_voice(s, (s + more).min(1.0)));
    let speaker = prop_oneof![1 => missing(), 4 => scored];
    let living = prop_oneof![
        missing(),
        Just(heard(Suspicion::None)),
        Just(heard(Suspicion::Some)),
        Just(heard(Suspicion::Attack)),
    ];
    (speaker, living, proof(), proof(), proof()).prop_map(
        |(speaker, countermeasures, fresh, challenge, signature)| Evidence {
            speaker,
            countermeasures,
            fresh,
            challenge,
            signature,
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let requirement = || {
        let steps = [StepUp::LiveChallenge, StepUp::Password, StepUp::OtherFactor];
        let others = [Requirement::Optional, Requirement::Required];
        prop::sample::select(others.into_iter().chain(steps.map(Requirement::Or)).collect::<Vec<_>>())
    };
    let steps = vec![StepUp::LiveChallenge, StepUp::Password, StepUp::OtherFactor];
    let suspicious = prop::sample::select(steps);
    (0.65f32..0.9, requirement(), suspicious, requirement(), requirement()).prop_map(
        |(base, countermeasures, suspicious, challenge, signature)| Policy {
            base,
            countermeasures,
            suspicious,
            challenge,
            signature,
            ..Policy::default()
        },
    )
}

fn context() -> impl Strategy<Value = Context> {
    use prop::option::of;
    let device = of(prop::sample::select(vec![DeviceTrust::Trusted, DeviceTrust::New]));
    let risk = of(prop::sample::select(vec![RiskLevel::Low, RiskLevel::Elevated, RiskLevel::High]));
    let heard = of((0.3f32..30.0, of(0f32..40.0), of(any::<bool>())));
    (device, of(0u32..40), heard, risk).prop_map(|(device, recent_failures, heard, risk)| Context {
        device,
        recent_failures,
        quality: heard.map(|(net_speech_s, snr_db, telephone_band)| QualityMeasures {
            net_speech_s,
            snr_db,
            telephone_band,
        }),
        risk,
        since_verified: None,
    })
}

proptest! {
    /// L3
    #[test]
    fn whatever_is_found_the_answer_is_explained_and_only_a_match_is_accepted(
        evidence in evidence(), policy in policy(), context in context(),
    ) {
        let decision = decide(&evidence, &policy, &context);
        prop_assert!(!decision.reasons.is_empty());
        prop_assert!(BOUNDS.contains(&decision.threshold.value));
        if matches!(decision.outcome, Outcome::Accept | Outcome::StepUp(_)) {
            prop_assert!(decision.similarity.unwrap() >= decision.threshold.value);
        }
        prop_assert_eq!(decision.outcome.is_failure(), decision.outcome == Outcome::Reject);
    }

    #[test]
    fn more_speaker_evidence_never_takes_an_accept_away(
        evidence in evidence(), policy in policy(), context in context(), more in 0f32..1.0,
    ) {
        let before = decide(&evidence, &policy, &context);
        if let (Outcome::Accept, Measured::Value(score)) = (before.outcome, &evidence.speaker) {
            let surer = SpeakerScore { similarity: score.similarity + more, ..score.clone() };
            let evidence = Evidence { speaker: Measured::Value(surer), ..evidence };
            prop_assert_eq!(decide(&evidence, &policy, &context).outcome, Outcome::Accept);
        }
    }

    #[test]
    fn a_failed_check_is_never_outvoted(
        evidence in evidence(), policy in policy(), context in context(), which in 0..4,
    ) {
        let failed = Measured::Value(Proof::Failed);
        let evidence = match which {
            0 => Evidence { countermeasures: heard(Suspicion::Attack), ..evidence },
            1 => Evidence { challenge: failed, ..evidence },
            2 => Evidence { fresh: failed, ..evidence },
            _ => Evidence { signature: failed, ..evidence },
        };
        prop_assert_eq!(decide(&evidence, &policy, &context).outcome, Outcome::Reject);
    }

    #[test]
    fn missing_evidence_never_rejects(
        evidence in evidence(), policy in policy(), context in context(), which in 0..5,
    ) {
        let before = decide(&evidence, &policy, &context).outcome;
        let none = Measured::Missing(vec![]);
        let less = match which {
            0 => Evidence { speaker: Measured::Missing(vec![]), ..evidence },
            1 => Evidence { countermeasures: Measured::Missing(vec![]), ..evidence },
            2 => Evidence { challenge: none, ..evidence },
            3 => Evidence { fresh: none, ..evidence },
            _ => Evidence { signature: none, ..evidence },
        };
        let after = decide(&less, &policy, &context).outcome;
        prop_assert!(after != Outcome::Reject || before == Outcome::Reject);
        let nothing = Evidence { speaker: Measured::Missing(vec![]), ..Evidence::of_voice(voice(1.0)) };
        prop_assert_eq!(decide(&nothing, &policy, &context).outcome, Outcome::Inconclusive);
    }

    /// P5.1: a suspicion is never waved through unless the person said the words that were made up for the attempt.
    #[test]
    fn a_suspicion_is_answered_or_not_accepted(
        evidence in evidence(), policy in policy(), context in context(),
    ) {
        let evidence = Evidence { countermeasures: heard(Suspicion::Some), ..evidence };
        if decide(&evidence, &policy, &context).outcome == Outcome::Accept {
            prop_assert_eq!(policy.suspicious, StepUp::LiveChallenge);
            prop_assert_eq!(&evidence.challenge, &Measured::Value(Proof::Passed));
        }
    }

    /// Poor quality only ever turns a rejection into "nothing can be said".
    #[test]
    fn what_quality_cannot_reach_is_never_accepted_and_no_failure(
        evidence in evidence(), policy in policy(), context in context(), reachable in 0f32..1.0,
    ) {
        if let Measured::Value(score) = &evidence.speaker {
            let of = |reachable| {
                let speaker = Measured::Value(SpeakerScore { reachable, ..score.clone() });
                decide(&Evidence { speaker, ..evidence.clone() }, &policy, &context)
            };
            let (good, poor) = (of(1.0), of(reachable));
            if poor.outcome != good.outcome {
                prop_assert_eq!((good.outcome, poor.outcome), (Outcome::Reject, Outcome::Inconclusive));
                prop_assert_eq!(codes(&poor), ["quality_cannot_reach_threshold"]);
                prop_assert!(reachable < poor.threshold.value && !poor.outcome.is_failure());
            }
        }
    }
}
