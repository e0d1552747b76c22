//! One attempt against a template.

use serde::Serialize;

use crate::{Embedding, Template};

/// How close an attempt is to a template; every part is a cosine in [-1, 1].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpeakerScore {
    /// Cosine to the mean of the exemplars.
    pub to_mean: f32,
    /// Cosine to the nearest exemplar: high when the attempt was made over the same microphone.
    pub to_nearest: f32,
}

impl SpeakerScore {
    /// Scores `attempt` against `template`; `None` if they come from different spaces.
    #[must_use]
    pub fn new(attempt: &Embedding, template: &Template) -> Option<Self> {
        let to_mean = attempt.cosine(template.mean())?;
        let to_nearest = template
            .exemplars()
            .iter()
            .filter_map(|exemplar| attempt.cosine(&exemplar.embedding))
            .fold(f32::NEG_INFINITY, f32::max);
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
    use crate::Exemplar;

    fn template(vectors: &[[f32; 2]]) -> Template {
        let exemplars = vectors.iter().map(|v| Exemplar {
            embedding: Embedding::new(v.to_vec()).unwrap(),
            net_speech_s: 2.0,
            snr_db: None,
            added_at: Timestamp::UNIX_EPOCH,
        });
        Template::new("m", exemplars.collect()).unwrap()
    }

    #[test]
    fn nearest_exemplar_counts_beside_the_mean() {
        let attempt = Embedding::new(vec![1.0, 0.0]).unwrap();
        let score = SpeakerScore::new(&attempt, &template(&[[1.0, 0.0], [0.0, 1.0]])).unwrap();
        assert!((score.to_nearest - 1.0).abs() < 1e-6);
        assert!((score.to_mean - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-6);
        assert!((score.value() - 0.5 * (score.to_mean + 1.0)).abs() < 1e-6);
    }

    #[test]
    fn other_spaces_have_no_score() {
        let attempt = Embedding::new(vec![1.0, 0.0, 0.0]).unwrap();
        assert_eq!(SpeakerScore::new(&attempt, &template(&[[1.0, 0.0]])), None);
    }
}
