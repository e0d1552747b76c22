//! What the quality of the recordings lets a voice reach at best.

use crate::similarity::similarity;
use crate::{Calibration, QualityMeasures};

/// The similarity in [0, 1] of an owner whose cosines are as high as one in twenty has them, recorded like this; `None` if
/// the calibration gives no number.
///
/// Where the calibration does not say what owners reach, every cosine is taken to be 1, which is a copy's.
#[must_use]
pub fn reachable(
    calibration: &Calibration,
    enrolment: &QualityMeasures,
    attempt: &QualityMeasures,
) -> Option<f32> {
    let best = |model: &str| Some(calibration.owners_best.get(model).copied().unwrap_or(1.0));
    similarity(calibration.llr(best, enrolment, attempt)?)
}

/// Speech in seconds from which more is not asked for.
const ENOUGH_SPEECH_S: f32 = 3.0;

/// Signal-to-noise ratio in dB from which less noise is not asked for.
const QUIET_DB: f32 = 20.0;

/// What the person can do so that the next attempt can be heard well enough.
#[must_use]
pub fn advice(attempt: Option<&QualityMeasures>) -> String {
    let attempt = attempt.copied();
    let of = |applies: fn(&QualityMeasures) -> bool, text| attempt.filter(applies).map(|_| text);
    let advice: Vec<&str> = [
        of(|q| q.net_speech_s < ENOUGH_SPEECH_S, "speak longer"),
        of(|q| q.snr_db.is_some_and(|snr| snr < QUIET_DB), "speak in a quieter place"),
        of(|q| q.telephone_band == Some(true), "do not speak over a telephone"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match advice.split_last() {
        None => "Enrol more recordings of this voice.".to_owned(),
        Some((last, [])) => format!("Please {last}."),
        Some((last, others)) => format!("Please {} and {last}.", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::calibration::{QualityWeights, ScoreWeights};

    fn quality(net_speech_s: f32, snr_db: f32, telephone: bool) -> QualityMeasures {
        QualityMeasures { net_speech_s, snr_db: Some(snr_db), telephone_band: Some(telephone) }
    }

    fn calibration() -> Calibration {
        Calibration {
            scores: BTreeMap::from([("m".to_owned(), ScoreWeights { cosine: 12.0, closeness: 0.5 })]),
            offset: -5.0,
            quality: QualityWeights { attempt_speech: 1.0, telephone: -1.0, ..QualityWeights::default() },
            slope: QualityWeights { attempt_noise: -0.3, ..QualityWeights::default() },
            owners_best: BTreeMap::new(),
        }
    }

    #[test]
    fn noise_lowers_what_can_be_reached() {
        let enrolled = quality(10.0, 30.0, false);
        let best = |attempt| reachable(&calibration(), &enrolled, &attempt).unwrap();
        assert!(best(quality(3.0, 30.0, false)) > 0.80);
        assert!(best(quality(1.5, 5.0, false)) < best(quality(3.0, 30.0, false)));
        let known = Calibration { owners_best: BTreeMap::from([("m".to_owned(), 0.6)]), ..calibration() };
        assert!(
            reachable(&known, &enrolled, &quality(3.0, 30.0, false)) < Some(best(quality(3.0, 30.0, false)))
        );
    }

    #[test]
    fn advice_names_what_falls_short() {
        for (attempt, expected) in [
            (quality(1.0, 30.0, false), "Please speak longer."),
            (quality(1.0, 9.0, false), "Please speak longer and speak in a quieter place."),
            (
                quality(1.0, 9.0, true),
                "Please speak longer, speak in a quieter place and do not speak over a telephone.",
            ),
            (quality(5.0, 30.0, false), "Enrol more recordings of this voice."),
        ] {
            assert_eq!(advice(Some(&attempt)), expected);
        }
        assert_eq!(advice(None), "Enrol more recordings of this voice.");
    }

    proptest! {
        #[test]
        fn no_cosine_reaches_higher_where_owners_are_not_known(cosine in -1f32..1.0, speech in 0.3f32..60.0, snr in -10f32..60.0) {
            let (enrolled, attempt) = (quality(10.0, 30.0, false), quality(speech, snr, false));
            let llr = calibration().llr(|_| Some(cosine), &enrolled, &attempt).unwrap();
            prop_assert!(similarity(llr).unwrap() <= reachable(&calibration(), &enrolled, &attempt).unwrap());
        }
    }
}
