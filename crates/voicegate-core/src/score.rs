//! One attempt against a template.

use serde::Serialize;

use crate::fusion::Fusion;
use crate::{Template, Voiceprint};

/// How close an attempt is to a template; every part is a (weighted mean of) cosine in [-1, 1].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpeakerScore {
    /// Cosine to the mean of the exemplars.
    pub to_mean: f32,
    /// Cosine to the nearest exemplar: high when the attempt was made over the same microphone.
    pub to_nearest: f32,
}

impl SpeakerScore {
    /// Scores `attempt` against `template`; `None` unless every model of `fusion` heard both.
    #[must_use]
    pub fn new(attempt: &Voiceprint, template: &Template, fusion: &Fusion) -> Option<Self> {
        let to_mean = fusion.weigh(|model| attempt.get(model)?.cosine(template.mean(model)?))?;
        // Of the exemplars that all models heard; where there is none, the mean is all there is.
        let to_nearest = template
            .exemplars()
            .iter()
            .filter_map(|exemplar| fusion.similarity(attempt, &exemplar.voiceprint))
            .reduce(f32::max)
            .unwrap_or(to_mean);
        Some(Self { to_mean, to_nearest })
    }

    /// The one number that is compared with the threshold: the average of both cosines, in [-1, 1].
    ///
    /// The mean averages the noise of single recordings away; the nearest exemplar keeps a person with two
    /// microphones from falling between them.
    #[must_use]
    pub fn value(self) -> f32 {
        0.5 * (self.to_mean + self.to_nearest)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{Embedding, Exemplar};

    fn print(values: &[f32]) -> Voiceprint {
        Voiceprint::single("m", Embedding::new(values.to_vec()).unwrap())
    }

    fn template(vectors: &[[f32; 2]]) -> Template {
        let exemplars = vectors.iter().map(|v| Exemplar {
            voiceprint: print(v),
            net_speech_s: 2.0,
            snr_db: None,
            added_at: Timestamp::UNIX_EPOCH,
        });
        Template::new(exemplars.collect()).unwrap()
    }

    #[test]
    fn nearest_exemplar_counts_beside_the_mean() {
        let both = template(&[[1.0, 0.0], [0.0, 1.0]]);
        let score = SpeakerScore::new(&print(&[1.0, 0.0]), &both, &Fusion::single("m")).unwrap();
        assert!((score.to_nearest - 1.0).abs() < 1e-6);
        assert!((score.to_mean - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-6);
        assert!((score.value() - 0.5 * (score.to_mean + 1.0)).abs() < 1e-6);
    }

    #[test]
    fn other_spaces_and_other_models_have_no_score() {
        let enrolled = template(&[[1.0, 0.0]]);
        assert_eq!(SpeakerScore::new(&print(&[1.0, 0.0, 0.0]), &enrolled, &Fusion::single("m")), None);
        assert_eq!(SpeakerScore::new(&print(&[1.0, 0.0]), &enrolled, &Fusion::single("n")), None);
    }
}
