//! One attempt against a template.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ageing::MOST_GAIN;
use crate::similarity::{self, similarity};
use crate::threshold::reachable;
use crate::{Calibration, Condition, Origin, QualityMeasures, Template, Voiceprint};

/// How an attempt compares with a template.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeakerScore {
    /// Score per model in [-1, 1], see [`cosine`].
    pub cosines: BTreeMap<String, f32>,
    /// Natural-log likelihood ratio: the enrolled person against somebody else.
    pub llr: f64,
    /// The same on the scale of the answers, in [0, 1].
    pub similarity: f32,
    /// The highest similarity that recordings of this quality allow, in [0, 1]; see [`reachable`].
    pub reachable: f32,
}

impl SpeakerScore {
    /// Scores an attempt; `None` unless every model of the calibration heard both.
    ///
    /// What was learnt since the enrolment lifts a score by [`MOST_GAIN`] at most above what the enrolled recordings give
    /// alone ([`crate::ageing`]).
    #[must_use]
    pub fn new(
        attempt: &Voiceprint,
        quality: &QualityMeasures,
        template: &Template,
        calibration: &Calibration,
    ) -> Option<Self> {
        let score = Self::plain(attempt, quality, template, calibration)?;
        let learnt = template.exemplars().iter().any(|exemplar| exemplar.origin == Origin::Learnt);
        let enrolled = if learnt { template.enrolled() } else { None };
        let anchored = enrolled.and_then(|enrolled| Self::plain(attempt, quality, &enrolled, calibration));
        let most =
            anchored.map_or(f64::INFINITY, |anchored| anchored.llr + similarity::llr_of_step(MOST_GAIN));
        let llr = score.llr.min(most);
        Some(Self { llr, similarity: similarity(llr)?, ..score })
    }

    /// Scores an attempt against all exemplars alike.
    fn plain(
        attempt: &Voiceprint,
        quality: &QualityMeasures,
        template: &Template,
        calibration: &Calibration,
    ) -> Option<Self> {
        let condition = quality.condition();
        let one = |model: &str| Some((model.to_owned(), cosine(attempt, template, model, condition)?));
        let cosines: BTreeMap<String, f32> = calibration.models().map(one).collect::<Option<_>>()?;
        let enrolment = template.quality();
        let llr = calibration.llr(|model| cosines.get(model).copied(), &enrolment, quality)?;
        let reachable = reachable(calibration, &enrolment, quality)?;
        Some(Self { cosines, llr, similarity: similarity(llr)?, reachable })
    }
}

/// The score of one model: the average of the attempt's cosines to the mean of the exemplars and to the nearest one, in
/// [-1, 1]; `None` unless it heard both. Exemplars are taken in the attempt's acoustic condition.
///
/// The mean averages the noise of single recordings away; the nearest exemplar keeps a person with two microphones from
/// falling between them.
#[must_use]
pub fn cosine(attempt: &Voiceprint, template: &Template, model: &str, condition: Condition) -> Option<f32> {
    let attempt = attempt.get(model)?;
    let to_mean = attempt.cosine(template.mean(model, condition)?)?;
    let heard = template.exemplars().iter().filter_map(|exemplar| exemplar.heard(model, condition));
    let to_nearest = heard.filter_map(|embedding| attempt.cosine(embedding)).reduce(f32::max)?;
    Some(0.5 * (to_mean + to_nearest))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::calibration::{QualityWeights, ScoreWeights};
    use crate::{Embedding, Exemplar};

    const CLEAR: QualityMeasures = QualityMeasures { net_speech_s: 2.0, snr_db: None, telephone_band: None };

    fn print(values: &[f32]) -> Voiceprint {
        Voiceprint::single("m", Embedding::new(values.to_vec()).unwrap())
    }

    fn exemplar(values: &[f32]) -> Exemplar {
        Exemplar {
            voiceprint: print(values),
            renderings: BTreeMap::new(),
            quality: CLEAR,
            origin: Origin::Enrolled,
            added_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn calibration(model: &str) -> Calibration {
        Calibration {
            scores: BTreeMap::from([(model.to_owned(), ScoreWeights { cosine: 10.0, closeness: 0.0 })]),
            offset: -5.0,
            quality: QualityWeights::default(),
            slope: QualityWeights::default(),
            owners_best: BTreeMap::new(),
        }
    }

    #[test]
    fn nearest_exemplar_counts_beside_the_mean() {
        let both = Template::new(vec![exemplar(&[1.0, 0.0]), exemplar(&[0.0, 1.0])]).unwrap();
        let score = SpeakerScore::new(&print(&[1.0, 0.0]), &CLEAR, &both, &calibration("m")).unwrap();
        let expected = 0.5 * (1.0 + std::f32::consts::FRAC_1_SQRT_2);
        assert!((score.cosines["m"] - expected).abs() < 1e-6);
        assert!((score.llr - (10.0 * f64::from(expected) - 5.0)).abs() < 1e-5);
        assert_eq!(Some(score.similarity), similarity(score.llr));
    }

    #[test]
    fn other_spaces_and_other_models_have_no_score() {
        let enrolled = Template::new(vec![exemplar(&[1.0, 0.0])]).unwrap();
        assert_eq!(SpeakerScore::new(&print(&[1.0, 0.0, 0.0]), &CLEAR, &enrolled, &calibration("m")), None);
        assert_eq!(SpeakerScore::new(&print(&[1.0, 0.0]), &CLEAR, &enrolled, &calibration("n")), None);
    }

    #[test]
    fn an_attempt_over_the_telephone_is_compared_with_the_voice_over_the_telephone() {
        let mut recorded = exemplar(&[1.0, 0.0]);
        recorded.renderings.insert(Condition::Telephone, print(&[0.0, 1.0]));
        let enrolled = Template::new(vec![recorded, exemplar(&[0.0, 1.0])]).unwrap();
        let over_telephone = QualityMeasures { telephone_band: Some(true), ..CLEAR };
        let score = |quality| {
            SpeakerScore::new(&print(&[0.0, 1.0]), quality, &enrolled, &calibration("m")).unwrap().cosines["m"]
        };
        assert!((score(&over_telephone) - 1.0).abs() < 1e-6);
        assert!(score(&CLEAR) < 0.9);
    }
}
