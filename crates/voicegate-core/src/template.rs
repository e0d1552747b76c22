//! What is kept of a voice: the exemplars and each model's mean of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::quality::{Condition, QualityMeasures};
use crate::{Embedding, Voiceprint};

/// How a recording came into a template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The person enrolled it.
    #[default]
    Enrolled,
    /// It was kept from an accepted attempt; it can be dropped again without losing the enrolment.
    Learnt,
}

/// One accepted recording, as its embeddings and the circumstances it was made in. The audio itself is never kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// What each model made of it.
    pub voiceprint: Voiceprint,
    /// What each model made of it in the conditions that it was rendered into; empty where it was not clear itself.
    pub renderings: BTreeMap<Condition, Voiceprint>,
    /// How well the voice could be heard.
    pub quality: QualityMeasures,
    /// How it came into the template.
    pub origin: Origin,
    /// When the recording was accepted.
    pub added_at: Timestamp,
}

impl Exemplar {
    /// What `model` made of the recording in `condition`, or else of the recording as it was made.
    #[must_use]
    pub fn heard(&self, model: &str, condition: Condition) -> Option<&Embedding> {
        let rendered = self.renderings.get(&condition).and_then(|voiceprint| voiceprint.get(model));
        rendered.or_else(|| self.voiceprint.get(model))
    }
}

/// The exemplars of one person, never empty; the embeddings of one model are all of one dimension.
///
/// Exemplars are kept beside the means so that several microphones can live in one profile. An exemplar may lack a
/// model that came later, so each model's mean is over the exemplars that it heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    exemplars: Vec<Exemplar>,
    means: BTreeMap<Condition, BTreeMap<String, Embedding>>,
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
        let conditions = [Condition::Clear].into_iter().chain(Condition::RENDERED);
        let means =
            conditions.map(|c| Ok((c, means(&exemplars, c)?))).collect::<Result<_, TemplateError>>()?;
        Ok(Self { exemplars, means })
    }

    /// The exemplars, in the order they were accepted.
    #[must_use]
    pub fn exemplars(&self) -> &[Exemplar] {
        &self.exemplars
    }

    /// The template without what was learnt since the enrolment: all adaptations undone. `None` if nothing was enrolled.
    #[must_use]
    pub fn enrolled(&self) -> Option<Self> {
        let enrolled = self.exemplars.iter().filter(|exemplar| exemplar.origin == Origin::Enrolled);
        Self::new(enrolled.cloned().collect()).ok()
    }

    /// Unit-length mean of what `model` made of the exemplars in `condition`, or as they were made where they were not
    /// rendered; `None` if it heard none of them.
    #[must_use]
    pub fn mean(&self, model: &str, condition: Condition) -> Option<&Embedding> {
        self.means.get(&condition)?.get(model)
    }

    /// The quality of all exemplars as one: their speech together, the mean of the signal-to-noise ratios that were
    /// measured, and the telephone if most of those that tell were made over one.
    #[must_use]
    pub fn quality(&self) -> QualityMeasures {
        let all = || self.exemplars.iter().map(|exemplar| exemplar.quality);
        let snr: Vec<f32> = all().filter_map(|q| q.snr_db).collect();
        let bands: Vec<bool> = all().filter_map(|q| q.telephone_band).collect();
        let over_telephone = bands.iter().filter(|telephone| **telephone).count();
        QualityMeasures {
            net_speech_s: all().map(|q| q.net_speech_s).sum(),
            snr_db: (!snr.is_empty()).then(|| snr.iter().sum::<f32>() / snr.len() as f32),
            telephone_band: (!bands.is_empty()).then_some(2 * over_telephone > bands.len()),
        }
    }

    /// Registry ids of the models that heard at least one exemplar, in order.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        // Any condition would do: the means are over the same models in each.
        self.means.get(&Condition::Clear).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
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
                        renderings: exemplar
                            .renderings
                            .iter()
                            .filter_map(|(condition, heard)| Some((*condition, heard.get(model)?.clone())))
                            .collect(),
                        quality: exemplar.quality,
                        origin: exemplar.origin,
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
        let mut joined: BTreeMap<u32, Vec<(String, StoredExemplar)>> = BTreeMap::new();
        for part in parts {
            for (place, exemplar) in (0u32..).zip(part.exemplars) {
                let number = exemplar.recording.unwrap_or(place);
                joined.entry(number).or_default().push((part.model.clone(), exemplar));
            }
        }
        Self::new(joined.values().filter_map(|by_model| StoredExemplar::join(by_model)).collect())
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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    renderings: BTreeMap<Condition, Embedding>,
    #[serde(flatten)]
    quality: QualityMeasures,
    #[serde(default)]
    origin: Origin,
    added_at: Timestamp,
}

impl StoredExemplar {
    /// One recording out of what each model knows of it.
    fn join(by_model: &[(String, Self)]) -> Option<Exemplar> {
        let &(_, Self { quality, origin, added_at, .. }) = by_model.first()?;
        let heard = |of: &dyn Fn(&Self) -> Option<Embedding>| {
            Voiceprint::new(by_model.iter().filter_map(|(model, stored)| Some((model.clone(), of(stored)?))))
        };
        let rendered = |condition: Condition| {
            Some((condition, heard(&|stored| stored.renderings.get(&condition).cloned())?))
        };
        Some(Exemplar {
            voiceprint: heard(&|stored| Some(stored.embedding.clone()))?,
            renderings: Condition::RENDERED.into_iter().filter_map(rendered).collect(),
            quality,
            origin,
            added_at,
        })
    }
}

/// Each model's mean over what it heard in `condition`.
fn means(exemplars: &[Exemplar], condition: Condition) -> Result<BTreeMap<String, Embedding>, TemplateError> {
    let mut heard: BTreeMap<&str, Vec<&Embedding>> = BTreeMap::new();
    for exemplar in exemplars {
        for (model, _) in exemplar.voiceprint.iter() {
            heard.entry(model).or_default().extend(exemplar.heard(model, condition));
        }
    }
    let mean = |(model, embeddings): (&str, Vec<&Embedding>)| {
        let mean = Embedding::mean(embeddings).ok_or_else(|| TemplateError::NoMean(model.to_owned()))?;
        Ok((model.to_owned(), mean))
    };
    heard.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(embeddings: &[(&str, &[f32])]) -> Exemplar {
        let one = |(m, v): &(&str, &[f32])| ((*m).to_owned(), Embedding::new(v.to_vec()).unwrap());
        Exemplar {
            voiceprint: Voiceprint::new(embeddings.iter().map(one)).unwrap(),
            renderings: BTreeMap::new(),
            quality: QualityMeasures { net_speech_s: 2.0, snr_db: None, telephone_band: None },
            origin: Origin::Enrolled,
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
        assert!(
            template
                .mean("m", Condition::Clear)
                .unwrap()
                .values()
                .iter()
                .all(|v| (v - expected).abs() < 1e-6)
        );
        assert_eq!(template.mean("n", Condition::Clear).unwrap().values(), [1.0]);
        assert_eq!(template.mean("o", Condition::Clear), None);
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
        assert_eq!(template.exemplars()[1].quality.net_speech_s, 3.0);
        assert_eq!(Template::from_parts(vec![]), Err(TemplateError::Empty));
    }
}
