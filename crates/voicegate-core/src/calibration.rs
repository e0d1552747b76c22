//! From scores and quality to a log-likelihood ratio.
//!
//! The LLR is an affine function of the models' scores with quality measures beside them, fitted by logistic regression
//! ([`crate::fit`]) on speakers that no model was trained on: N. Brümmer and J. du Preez, "Application-independent
//! evaluation of speaker detection", Computer Speech & Language 20 (2006), for the calibration; N. Brümmer et al.,
//! "Fusion of heterogeneous speaker recognition systems", IEEE TASLP 15 (2007), for several models at once; M. Mandasari
//! et al., "Quality measure functions for calibration of speaker recognition systems", IEEE TASLP 21 (2013), for quality.
//! Each set of models has its own, so a model that is down changes how sure the answer is, not what it means.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Fusion, QualityMeasures};

/// What one model's score adds to the LLR: `cosine · c + closeness · -ln(1.02 - c)` for a cosine c.
///
/// Cosines of one voice crowd towards 1, where small steps mean much; the logarithm spreads them. Neither weight is
/// negative, so that a higher cosine never counts against the speaker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreWeights {
    /// Per unit of cosine.
    pub cosine: f64,
    /// Per factor e of distance.
    pub closeness: f64,
}

/// A cosine as the logistic regression sees it: itself, and its closeness to 1.
#[must_use]
pub fn score_terms(cosine: f32) -> [f64; 2] {
    let cosine = f64::from(cosine);
    [cosine, -(1.02 - cosine.min(1.0)).ln()]
}

impl ScoreWeights {
    fn weigh(self, cosine: f32) -> f64 {
        let [plain, closeness] = score_terms(cosine);
        self.cosine * plain + self.closeness * closeness
    }
}

/// How much each quality measure counts; see [`quality_terms`] for the units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityWeights {
    /// Per factor e of enrolled speech.
    pub enrolment_speech: f64,
    /// Per factor e of the attempt's speech.
    pub attempt_speech: f64,
    /// Per 10 dB of noise in the attempt.
    pub attempt_noise: f64,
    /// For an attempt over a telephone.
    pub telephone: f64,
}

/// Number of quality terms.
pub const QUALITY_TERMS: usize = 4;

/// The quality of enrolment and attempt as the logistic regression sees it, in the order of [`QualityWeights`]: the
/// logarithms of net speech over 10 s and over 3 s, how far the attempt's signal-to-noise ratio lies below 25 dB, in 10 dB,
/// and 1 for a telephone, where noise does not count besides. What was not measured is 0. Each term ends where the
/// fitting data end (2 to 50 s, 1.5 to 15 s, 15 dB): beyond, a straight line through the measured would promise odds
/// that nobody measured. Noise in the enrolment is no term, because no fit varies it.
#[must_use]
pub fn quality_terms(enrolment: &QualityMeasures, attempt: &QualityMeasures) -> [f64; QUALITY_TERMS] {
    let speech = |seconds: f32, usual: f64, [least, most]: [f64; 2]| match f64::from(seconds) {
        known if known > 0.0 => (known.clamp(least, most) / usual).ln(),
        _ => 0.0,
    };
    let telephone = attempt.telephone_band == Some(true);
    let noise = attempt.snr_db.filter(|_| !telephone);
    [
        speech(enrolment.net_speech_s, 10.0, [2.0, 50.0]),
        speech(attempt.net_speech_s, 3.0, [1.5, 15.0]),
        noise.map_or(0.0, |snr| ((25.0 - f64::from(snr)) / 10.0).clamp(0.0, 1.0)),
        f64::from(u8::from(telephone)),
    ]
}

impl QualityWeights {
    /// The weights in the order of [`quality_terms`].
    #[must_use]
    pub fn from_terms(weights: [f64; QUALITY_TERMS]) -> Self {
        let [enrolment_speech, attempt_speech, attempt_noise, telephone] = weights;
        Self { enrolment_speech, attempt_speech, attempt_noise, telephone }
    }

    fn terms(self) -> [f64; QUALITY_TERMS] {
        [self.enrolment_speech, self.attempt_speech, self.attempt_noise, self.telephone]
    }

    fn weigh(self, terms: &[f64; QUALITY_TERMS]) -> f64 {
        self.terms().iter().zip(terms).map(|(weight, term)| weight * term).sum()
    }
}

/// The slope stays within these bounds whatever the quality, so that it never turns the scores round.
const SLOPE: std::ops::RangeInclusive<f64> = 0.25..=4.0;

/// The calibration of one set of models.
///
/// `llr = offset + quality + slope · Σ scores`, where quality and slope are affine in the quality terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Weights by registry id of the model; never empty.
    pub scores: BTreeMap<String, ScoreWeights>,
    /// LLR where everything else is 0.
    pub offset: f64,
    /// What quality adds.
    #[serde(default)]
    pub quality: QualityWeights,
    /// What quality adds to the slope, which is 1 where every term is 0.
    #[serde(default)]
    pub slope: QualityWeights,
    /// Cosine of each model that one owner in twenty exceeds: what a good recording reaches. 1 where it is not known.
    #[serde(default)]
    pub owners_best: BTreeMap<String, f32>,
}

/// Why numbers are no calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// No model is named.
    #[error("a calibration names one model or more")]
    Empty,
    /// A weight is not a number, or a score counts against the speaker, or none counts.
    #[error("every number must be finite, score weights zero or more, and one of them above zero")]
    Weights,
}

impl Calibration {
    /// The weighted cosine itself, which is no likelihood ratio: for comparing how systems order trials.
    #[must_use]
    pub fn plain(fusion: &Fusion) -> Self {
        let weight = |(model, weight): (&str, f32)| {
            (model.to_owned(), ScoreWeights { cosine: f64::from(weight), closeness: 0.0 })
        };
        Self {
            scores: fusion.weights().map(weight).collect(),
            offset: 0.0,
            quality: QualityWeights::default(),
            slope: QualityWeights::default(),
            owners_best: BTreeMap::new(),
        }
    }

    /// Checks numbers that were read.
    ///
    /// # Errors
    /// [`CalibrationError`] where a score could not be told or a better one could count less.
    pub fn check(&self) -> Result<(), CalibrationError> {
        if self.scores.is_empty() {
            return Err(CalibrationError::Empty);
        }
        let weights = || self.scores.values().flat_map(|w| [w.cosine, w.closeness]);
        let finite = weights()
            .chain([self.offset])
            .chain(self.quality.terms())
            .chain(self.slope.terms())
            .all(f64::is_finite);
        let sound = weights().all(|w| w >= 0.0) && weights().any(|w| w > 0.0);
        if finite && sound { Ok(()) } else { Err(CalibrationError::Weights) }
    }

    /// Registry ids of the models whose scores it takes.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.scores.keys().map(String::as_str)
    }

    /// The natural-log likelihood ratio; `None` if `cosine` has none in [-1, 1] for one of the models.
    #[must_use]
    pub fn llr(
        &self,
        cosine: impl Fn(&str) -> Option<f32>,
        enrolment: &QualityMeasures,
        attempt: &QualityMeasures,
    ) -> Option<f64> {
        let terms = quality_terms(enrolment, attempt);
        let score: Option<f64> =
            self.scores.iter().map(|(model, weights)| Some(weights.weigh(cosine(model)?))).sum();
        let slope = (1.0 + self.slope.weigh(&terms)).clamp(*SLOPE.start(), *SLOPE.end());
        Some(self.offset + self.quality.weigh(&terms) + slope * score?).filter(|llr| !llr.is_nan())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calibration(cosine: f64, closeness: f64, slope: f64) -> Calibration {
        Calibration {
            scores: BTreeMap::from([("m".to_owned(), ScoreWeights { cosine, closeness })]),
            offset: -3.0,
            quality: QualityWeights { attempt_noise: -0.5, ..QualityWeights::default() },
            slope: QualityWeights { attempt_noise: slope, telephone: slope, ..QualityWeights::default() },
            owners_best: BTreeMap::new(),
        }
    }

    fn quality(net_speech_s: f32, snr_db: Option<f32>) -> QualityMeasures {
        QualityMeasures { net_speech_s, snr_db, telephone_band: None }
    }

    #[test]
    fn what_was_not_measured_changes_nothing() {
        assert_eq!(quality_terms(&quality(0.0, None), &quality(0.0, None)), [0.0; QUALITY_TERMS]);
        assert_eq!(
            quality_terms(&quality(10.0, Some(25.0)), &quality(3.0, Some(99.0))),
            [0.0; QUALITY_TERMS]
        );
        let noisy = quality_terms(&quality(10.0, None), &quality(3.0, Some(18.0)));
        assert!((noisy[2] - 0.7).abs() < 1e-6, "{noisy:?}");
    }

    #[test]
    fn terms_end_where_the_fitting_data_end() {
        let at = |enrolled, speech, snr| quality_terms(&quality(enrolled, None), &quality(speech, Some(snr)));
        assert_eq!(at(0.5, 0.3, -10.0), at(2.0, 1.5, 15.0));
        assert_eq!(at(900.0, 60.0, 70.0), at(50.0, 15.0, 25.0));
        let noisy_line = QualityMeasures { telephone_band: Some(true), ..quality(3.0, Some(5.0)) };
        assert_eq!(quality_terms(&quality(10.0, None), &noisy_line), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn numbers_that_could_turn_scores_round_are_refused() {
        assert_eq!(calibration(1.0, 0.0, 0.0).check(), Ok(()));
        for wrong in [(-1.0, 2.0), (0.0, 0.0), (f64::NAN, 1.0), (f64::INFINITY, 0.0)] {
            assert_eq!(calibration(wrong.0, wrong.1, 0.0).check(), Err(CalibrationError::Weights));
        }
        let empty = Calibration { scores: BTreeMap::new(), ..calibration(1.0, 0.0, 0.0) };
        assert_eq!(empty.check(), Err(CalibrationError::Empty));
    }

    #[test]
    fn a_missing_score_leaves_no_answer() {
        let (enrolment, attempt) = (quality(9.0, None), quality(3.0, None));
        assert_eq!(calibration(8.0, 0.0, 0.0).llr(|_| None, &enrolment, &attempt), None);
        let llr = calibration(8.0, 0.0, 0.0).llr(|_| Some(0.5), &enrolment, &attempt).unwrap();
        assert!((llr - 1.0).abs() < 1e-9, "{llr}");
    }

    proptest! {
        #[test]
        fn a_higher_cosine_never_lowers_the_ratio(
            low in -1f32..1.0, more in 0f32..1.0, cosine in 0f64..50.0, closeness in 0f64..20.0,
            slope in -3f64..3.0, snr in prop::option::of(-10f32..60.0), speech in 0.1f32..100.0,
        ) {
            let calibration = calibration(cosine + 0.01, closeness, slope);
            let (enrolment, attempt) = (quality(9.0, None), quality(speech, snr));
            let llr = |cosine: f32| calibration.llr(|_| Some(cosine.min(1.0)), &enrolment, &attempt).unwrap();
            prop_assert!(llr(low + more) >= llr(low));
        }
    }
}
