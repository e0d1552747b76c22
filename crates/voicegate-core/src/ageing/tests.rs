use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::calibration::{QualityWeights, ScoreWeights};
use crate::decide::{Countermeasures, Measured, Policy, Proof, Suspicion, decide};
use crate::threshold::Context;
use crate::{Embedding, QualityMeasures, Voiceprint};

const DIMENSIONS: usize = 24;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const CLEAR: QualityMeasures = QualityMeasures { net_speech_s: 3.0, snr_db: None, telephone_band: None };

/// Cosine 0.3 is neutral, 0.645 the base threshold, 0.76 learnt.
fn calibration() -> Calibration {
    Calibration {
        scores: BTreeMap::from([("m".to_owned(), ScoreWeights { cosine: 20.0, closeness: 0.0 })]),
        offset: -6.0,
        quality: QualityWeights::default(),
        slope: QualityWeights::default(),
        owners_best: BTreeMap::new(),
    }
}

/// `share` of the way from `a` to `b`.
fn between(a: &[f32], b: &[f32], share: f32) -> Option<Embedding> {
    Embedding::new(a.iter().zip(b).map(|(a, b)| (1.0 - share) * a + share * b).collect()).ok()
}

fn exemplar(embedding: Embedding, week: i32) -> Exemplar {
    Exemplar {
        voiceprint: Voiceprint::single("m", embedding),
        renderings: BTreeMap::new(),
        quality: CLEAR,
        origin: Origin::Enrolled,
        added_at: Timestamp::UNIX_EPOCH + WEEK * week,
    }
}

fn score(template: &Template, attempt: &Exemplar) -> SpeakerScore {
    SpeakerScore::new(&attempt.voiceprint, &attempt.quality, template, &calibration()).unwrap()
}

fn proven(score: SpeakerScore) -> Evidence {
    Evidence {
        countermeasures: Measured::Value(Countermeasures { suspicion: Suspicion::None, llr: -5.0 }),
        fresh: Measured::Value(Proof::Passed),
        challenge: Measured::Value(Proof::Passed),
        signature: Measured::Value(Proof::Passed),
        ..Evidence::of_voice(Measured::Value(score))
    }
}

/// Everything proven: what a stranger would be who holds the person's device and passes every check but the voice.
fn attempt(template: &Template, attempt: Exemplar, policy: &AgeingPolicy) -> Result<Template, Unlearnt> {
    let evidence = proven(score(template, &attempt));
    let decision = decide(&evidence, &Policy::default(), &Context::default());
    learn(template, attempt, &evidence, &decision, &calibration(), policy)
}

fn axis(i: usize) -> Vec<f32> {
    (0..DIMENSIONS).map(|j| f32::from(u8::from(i == j))).collect()
}

fn at(share: f32, week: i32) -> Exemplar {
    exemplar(between(&axis(0), &axis(1), share).unwrap(), week)
}

fn enrolled() -> Template {
    Template::new(vec![at(0.0, 0), at(0.05, 0), at(0.1, 0)]).unwrap()
}

#[test]
fn each_rule_keeps_the_template_as_it_is() {
    let template = enrolled();
    let policy = AgeingPolicy::default();
    let with = |evidence: &Evidence, exemplar: Exemplar, policy: &AgeingPolicy| {
        let decision = decide(evidence, &Policy::default(), &Context::default());
        learn(&template, exemplar, evidence, &decision, &calibration(), policy).err()
    };
    let sure = score(&template, &at(0.2, 1));
    let good = proven(sure.clone());
    assert_eq!(with(&good, at(0.2, 1), &policy), None);
    assert_eq!(
        with(&good, at(0.2, 1), &AgeingPolicy { enabled: false, ..policy.clone() }),
        Some(Unlearnt::Off)
    );
    assert_eq!(with(&good, at(0.55, 1), &policy), Some(Unlearnt::NotSureEnough));
    assert_eq!(
        with(&proven(score(&template, &at(0.9, 1))), at(0.9, 1), &policy),
        Some(Unlearnt::NotAccepted)
    );
    let strict = AgeingPolicy { min_mean_cosine: 0.999_999, ..policy.clone() };
    assert_eq!(with(&good, at(0.2, 1), &strict), Some(Unlearnt::TooFar));
    for lacking in [
        Evidence::of_voice(Measured::Value(sure)),
        Evidence { countermeasures: Measured::Missing(vec![]), ..good.clone() },
        Evidence { challenge: Measured::Missing(vec![]), ..good.clone() },
        Evidence { signature: Measured::Missing(vec![]), ..good.clone() },
    ] {
        assert_eq!(with(&lacking, at(0.2, 1), &policy), Some(Unlearnt::NotLiveAndSigned));
    }
}

#[test]
fn the_oldest_learnt_one_goes_and_all_of_them_can() {
    let policy = AgeingPolicy { max_learnt: 2, ..AgeingPolicy::default() };
    let mut template = enrolled();
    for week in 1..=4 {
        assert_eq!(
            attempt(&template, at(0.1, week - 1), &policy).err(),
            (week > 1).then_some(Unlearnt::TooSoon)
        );
        template = attempt(&template, at(0.1, week), &policy).unwrap();
    }
    let weeks: Vec<_> = template.exemplars().iter().map(|e| e.added_at).collect();
    assert_eq!(weeks, [0, 0, 0, 3, 4].map(|week| Timestamp::UNIX_EPOCH + WEEK * week));
    assert_eq!(template.enrolled(), Some(enrolled()));
}

#[test]
fn a_voice_that_changes_slowly_is_followed() {
    let mut template = enrolled();
    for week in 1..=20i16 {
        let voice = at(0.1 + 0.015 * f32::from(week), week.into());
        template = attempt(&template, voice, &AgeingPolicy::default()).unwrap_or(template);
    }
    let later = at(0.6, 40);
    assert!(score(&enrolled(), &later).similarity < 0.75);
    assert!(score(&template, &later).similarity >= 0.75);
}

/// A stranger with the person's device, who makes recordings between the two voices, at any share and in any order.
fn poisoned(owner: &[f32], stranger: &[f32], shares: &[f32]) -> Option<(Template, Template)> {
    let policy = AgeingPolicy { min_interval: SignedDuration::ZERO, ..AgeingPolicy::default() };
    let enrolled = [0.0, 0.02, -0.02].map(|share| Some(exemplar(between(owner, stranger, share)?, 0)));
    let before = Template::new(enrolled.into_iter().collect::<Option<_>>()?).ok()?;
    let mut after = before.clone();
    for (week, share) in (1i32..).zip(shares) {
        let made = exemplar(between(owner, stranger, *share)?, week);
        after = attempt(&after, made, &policy).unwrap_or(after);
        assert!(least_mean_cosine(&before, &after, &calibration()) >= policy.min_mean_cosine);
    }
    Some((before, after))
}

#[test]
fn a_patient_stranger_gets_no_further_than_the_bounds() {
    let shares: Vec<f32> = (0..=400u16).map(|step| f32::from(step) / 400.0).collect();
    let (before, after) = poisoned(&axis(0), &axis(1), &shares).unwrap();
    assert!(after.exemplars().len() > before.exemplars().len(), "the first steps are learnt");
    let stranger = exemplar(Embedding::new(axis(1)).unwrap(), 0);
    assert!(score(&after, &stranger).similarity < 0.45, "and the stranger is no nearer to being taken in");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A sequence of a stranger's attempts never walks the template to the stranger.
    #[test]
    fn no_sequence_of_attempts_lets_a_stranger_in(
        owner in prop::collection::vec(-1f32..1.0, DIMENSIONS),
        stranger in prop::collection::vec(-1f32..1.0, DIMENSIONS),
        mut shares in prop::collection::vec(0f32..1.0, 1..40),
        gradually in any::<bool>(),
    ) {
        if gradually {
            shares.sort_by(f32::total_cmp);
        }
        if let Some((before, after)) = poisoned(&owner, &stranger, &shares) {
            let own = exemplar(Embedding::new(stranger).unwrap(), 0);
            let (at_first, in_the_end) = (score(&before, &own).similarity, score(&after, &own).similarity);
            prop_assert!(in_the_end <= at_first + MOST_GAIN + 1e-6);
            // No two of these voices are closer than a cosine of 0.6 by chance.
            prop_assert!(at_first >= 0.70 || in_the_end < 0.75);
            prop_assert_eq!(after.enrolled(), Some(before));
        }
    }
}
