//! What is kept of a voice: the exemplars of one model and their mean.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Embedding;

/// One accepted recording, as its embedding and the circumstances it was made in. The audio itself is never kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exemplar {
    /// Direction of the voice in the model's space.
    pub embedding: Embedding,
    /// Seconds of speech the embedding was computed from.
    pub net_speech_s: f32,
    /// Signal-to-noise ratio of the recording in dB, where it could be measured.
    pub snr_db: Option<f32>,
    /// When the recording was accepted.
    pub added_at: Timestamp,
}

/// The exemplars of one person in the space of one model, never empty and all of one dimension.
///
/// Exemplars are kept beside the mean so that several microphones can live in one profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Template {
    model: String,
    exemplars: Vec<Exemplar>,
    mean: Embedding,
}

/// Why exemplars do not make a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the exemplars are empty, of different dimensions, or cancel each other")]
pub struct TemplateError;

impl Template {
    /// A template for `model` (its registry id) out of accepted exemplars.
    ///
    /// # Errors
    /// [`TemplateError`] if `exemplars` is empty, mixes dimensions or has no mean direction.
    pub fn new(model: impl Into<String>, exemplars: Vec<Exemplar>) -> Result<Self, TemplateError> {
        let mean = Embedding::mean(exemplars.iter().map(|e| &e.embedding)).ok_or(TemplateError)?;
        Ok(Self { model: model.into(), exemplars, mean })
    }

    /// Registry id of the model whose space this is.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The exemplars, in the order they were accepted.
    #[must_use]
    pub fn exemplars(&self) -> &[Exemplar] {
        &self.exemplars
    }

    /// Unit-length mean of the exemplars.
    #[must_use]
    pub fn mean(&self) -> &Embedding {
        &self.mean
    }

    /// Seconds of speech in all exemplars together.
    #[must_use]
    pub fn net_speech_s(&self) -> f32 {
        self.exemplars.iter().map(|e| e.net_speech_s).sum()
    }
}

/// The stored form: the mean is derived, so it is not stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    model: String,
    exemplars: Vec<Exemplar>,
}

impl TryFrom<Stored> for Template {
    type Error = TemplateError;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::new(stored.model, stored.exemplars)
    }
}

impl From<Template> for Stored {
    fn from(template: Template) -> Self {
        Self { model: template.model, exemplars: template.exemplars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(values: &[f32]) -> Exemplar {
        Exemplar {
            embedding: Embedding::new(values.to_vec()).unwrap(),
            net_speech_s: 2.0,
            snr_db: None,
            added_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn mean_has_unit_length_and_speech_adds_up() {
        let template = Template::new("m", vec![exemplar(&[1.0, 0.0]), exemplar(&[0.0, 5.0])]).unwrap();
        let expected = std::f32::consts::FRAC_1_SQRT_2;
        assert!(template.mean().values().iter().all(|v| (v - expected).abs() < 1e-6));
        assert!((template.net_speech_s() - 4.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_and_opposites_make_no_template() {
        assert!(Template::new("m", vec![]).is_err());
        assert!(Template::new("m", vec![exemplar(&[1.0, 0.0]), exemplar(&[-1.0, 0.0])]).is_err());
        assert!(Template::new("m", vec![exemplar(&[1.0, 0.0]), exemplar(&[1.0])]).is_err());
    }

    #[test]
    fn stored_form_comes_back_equal() {
        let template = Template::new("m", vec![exemplar(&[1.0, 2.0]), exemplar(&[2.0, 1.0])]).unwrap();
        let json = serde_json::to_string(&template).unwrap();
        let back: Template = serde_json::from_str(&json).unwrap();
        assert_eq!(back.model(), "m");
        assert!(back.mean().cosine(template.mean()).unwrap() > 0.999_999);
        assert!(serde_json::from_str::<Template>(r#"{"model":"m","exemplars":[]}"#).is_err());
    }
}
