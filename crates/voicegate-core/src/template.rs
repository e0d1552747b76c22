//! What is kept of a voice: the exemplars and each model's mean of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Embedding, Voiceprint};

/// One accepted recording, as its embeddings and the circumstances it was made in. The audio itself is never kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// What each model made of it.
    pub voiceprint: Voiceprint,
    /// Seconds of speech it was computed from.
    pub net_speech_s: f32,
    /// Signal-to-noise ratio of the recording in dB, where it could be measured.
    pub snr_db: Option<f32>,
    /// When the recording was accepted.
    pub added_at: Timestamp,
}

/// The exemplars of one person, never empty; the embeddings of one model are all of one dimension.
///
/// Exemplars are kept beside the means so that several microphones can live in one profile. An exemplar may lack a
/// model that came later, so each model's mean is over the exemplars that it heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    exemplars: Vec<Exemplar>,
    means: BTreeMap<String, Embedding>,
}

/// Why exemplars do not make a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is none.
    #[error("a template needs an exemplar")]
    Empty,
    /// A model's embeddings have no mean direction.
    #[error("the embeddings of model '{0}' are of different dimensions or cancel each other")]
    NoMean(String),
}

impl Template {
    /// A template out of accepted exemplars.
    ///
    /// # Errors
    /// [`TemplateError`] if `exemplars` is empty or a model's embeddings have no mean.
    pub fn new(exemplars: Vec<Exemplar>) -> Result<Self, TemplateError> {
        if exemplars.is_empty() {
            return Err(TemplateError::Empty);
        }
        let mut heard: BTreeMap<&str, Vec<&Embedding>> = BTreeMap::new();
        for (model, embedding) in exemplars.iter().flat_map(|e| e.voiceprint.iter()) {
            heard.entry(model).or_default().push(embedding);
        }
        let mean = |(model, embeddings): (&str, Vec<&Embedding>)| {
            let mean = Embedding::mean(embeddings).ok_or_else(|| TemplateError::NoMean(model.to_owned()))?;
            Ok((model.to_owned(), mean))
        };
        let means = heard.into_iter().map(mean).collect::<Result<_, TemplateError>>()?;
        Ok(Self { exemplars, means })
    }

    /// The exemplars, in the order they were accepted.
    #[must_use]
    pub fn exemplars(&self) -> &[Exemplar] {
        &self.exemplars
    }

    /// Unit-length mean of what `model` made of the exemplars; `None` if it heard none of them.
    #[must_use]
    pub fn mean(&self, model: &str) -> Option<&Embedding> {
        self.means.get(model)
    }

    /// Registry ids of the models that heard at least one exemplar, in order.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.means.keys().map(String::as_str)
    }

    /// The form in which it is stored: one part per model, so that one model's data can be dropped on its own.
    #[must_use]
    pub fn parts(&self) -> Vec<TemplatePart> {
        let part = |model: &str| TemplatePart {
            model: model.to_owned(),
            exemplars: (0u32..)
                .zip(&self.exemplars)
                .filter_map(|(number, exemplar)| {
                    Some(StoredExemplar {
                        recording: Some(number),
                        embedding: exemplar.voiceprint.get(model)?.clone(),
                        net_speech_s: exemplar.net_speech_s,
                        snr_db: exemplar.snr_db,
                        added_at: exemplar.added_at,
                    })
                })
                .collect(),
        };
        self.models().map(part).collect()
    }

    /// The template that `parts` were made of.
    ///
    /// # Errors
    /// [`TemplateError`] if the parts make no template.
    pub fn from_parts(parts: Vec<TemplatePart>) -> Result<Self, TemplateError> {
        let mut joined: BTreeMap<u32, (StoredExemplar, Vec<(String, Embedding)>)> = BTreeMap::new();
        for part in parts {
            for (place, exemplar) in (0u32..).zip(part.exemplars) {
                let embedding = exemplar.embedding.clone();
                let number = exemplar.recording.unwrap_or(place);
                joined
                    .entry(number)
                    .or_insert((exemplar, Vec::new()))
                    .1
                    .push((part.model.clone(), embedding));
            }
        }
        let exemplar = |(stored, embeddings): (StoredExemplar, Vec<(String, Embedding)>)| {
            Some(Exemplar {
                voiceprint: Voiceprint::new(embeddings)?,
                net_speech_s: stored.net_speech_s,
                snr_db: stored.snr_db,
                added_at: stored.added_at,
            })
        };
        Self::new(joined.into_values().filter_map(exemplar).collect())
    }
}

/// What one model knows of a voice, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplatePart {
    model: String,
    exemplars: Vec<StoredExemplar>,
}

impl TemplatePart {
    /// Registry id of the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredExemplar {
    /// Which recording of the person: the same number in every part. Absent in data from before there were several
    /// models; then it is the place in the list.
    recording: Option<u32>,
    embedding: Embedding,
    net_speech_s: f32,
    snr_db: Option<f32>,
    added_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(embeddings: &[(&str, &[f32])]) -> Exemplar {
        let one = |(m, v): &(&str, &[f32])| ((*m).to_owned(), Embedding::new(v.to_vec()).unwrap());
        Exemplar {
            voiceprint: Voiceprint::new(embeddings.iter().map(one)).unwrap(),
            net_speech_s: 2.0,
            snr_db: None,
            added_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_mean_has_unit_length_and_is_over_what_the_model_heard() {
        let template = Template::new(vec![
            exemplar(&[("m", &[1.0, 0.0])]),
            exemplar(&[("m", &[0.0, 5.0]), ("n", &[1.0])]),
        ])
        .unwrap();
        let expected = std::f32::consts::FRAC_1_SQRT_2;
        assert!(template.mean("m").unwrap().values().iter().all(|v| (v - expected).abs() < 1e-6));
        assert_eq!(template.mean("n").unwrap().values(), [1.0]);
        assert_eq!(template.mean("o"), None);
        assert_eq!(template.models().collect::<Vec<_>>(), ["m", "n"]);
    }

    #[test]
    fn nothing_and_opposites_make_no_template() {
        assert_eq!(Template::new(vec![]), Err(TemplateError::Empty));
        for other in [&[-1.0, 0.0][..], &[1.0]] {
            let found = Template::new(vec![exemplar(&[("m", &[1.0, 0.0])]), exemplar(&[("m", other)])]);
            assert_eq!(found, Err(TemplateError::NoMean("m".into())));
        }
    }

    #[test]
    fn the_stored_parts_come_back_equal_whatever_model_missed_a_recording() {
        let template = Template::new(vec![
            exemplar(&[("m", &[1.0, 0.0])]),
            exemplar(&[("m", &[0.6, 0.8]), ("n", &[1.0])]),
            exemplar(&[("n", &[-1.0])]),
            exemplar(&[("n", &[-1.0])]),
        ])
        .unwrap();
        let json = serde_json::to_string(&template.parts()).unwrap();
        let parts: Vec<TemplatePart> = serde_json::from_str(&json).unwrap();
        assert_eq!(parts[1].model(), "n");
        let back = Template::from_parts(parts).unwrap();
        assert_eq!(back.exemplars().len(), 4);
        for (before, after) in template.exemplars().iter().zip(back.exemplars()) {
            let models = |e: &Exemplar| e.voiceprint.iter().map(|(m, _)| m.to_owned()).collect::<Vec<_>>();
            assert_eq!(models(before), models(after));
            for (model, embedding) in before.voiceprint.iter() {
                assert!(embedding.cosine(after.voiceprint.get(model).unwrap()).unwrap() > 0.999_999);
            }
        }
    }

    #[test]
    fn parts_from_before_there_were_numbers_are_read() {
        let old = r#"[{"model":"m","exemplars":[
            {"embedding":[1.0,0.0],"net_speech_s":2.0,"snr_db":null,"added_at":"1970-01-01T00:00:00Z"},
            {"embedding":[0.0,1.0],"net_speech_s":3.0,"snr_db":20.0,"added_at":"1970-01-01T00:00:00Z"}]}]"#;
        let template = Template::from_parts(serde_json::from_str(old).unwrap()).unwrap();
        assert_eq!(template.exemplars().len(), 2);
        assert_eq!(template.exemplars()[1].net_speech_s, 3.0);
        assert_eq!(Template::from_parts(vec![]), Err(TemplateError::Empty));
    }
}
