//! What the speaker models made of one recording.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Embedding;

/// The embeddings of one recording by registry id of the model; never empty.
///
/// Several models hear the same recording, so that their answers can be weighed together ([`crate::fusion`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, Embedding>", into = "BTreeMap<String, Embedding>")]
pub struct Voiceprint(BTreeMap<String, Embedding>);

/// Nothing that could be a voiceprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a voiceprint holds the embedding of at least one model")]
pub struct NoVoiceprint;

impl Voiceprint {
    /// The embeddings that there are; `None` if there are none. Of one model's the last counts.
    #[must_use]
    pub fn new(embeddings: impl IntoIterator<Item = (String, Embedding)>) -> Option<Self> {
        let embeddings: BTreeMap<_, _> = embeddings.into_iter().collect();
        (!embeddings.is_empty()).then_some(Self(embeddings))
    }

    /// The embedding of a single model.
    #[must_use]
    pub fn single(model: impl Into<String>, embedding: Embedding) -> Self {
        Self(BTreeMap::from([(model.into(), embedding)]))
    }

    /// What `model` made of the recording.
    #[must_use]
    pub fn get(&self, model: &str) -> Option<&Embedding> {
        self.0.get(model)
    }

    /// Every model with its embedding, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Embedding)> {
        self.0.iter().map(|(model, embedding)| (model.as_str(), embedding))
    }
}

impl TryFrom<BTreeMap<String, Embedding>> for Voiceprint {
    type Error = NoVoiceprint;

    fn try_from(embeddings: BTreeMap<String, Embedding>) -> Result<Self, NoVoiceprint> {
        Self::new(embeddings).ok_or(NoVoiceprint)
    }
}

impl From<Voiceprint> for BTreeMap<String, Embedding> {
    fn from(voiceprint: Voiceprint) -> Self {
        voiceprint.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_nobody_heard_has_no_voiceprint() {
        assert_eq!(Voiceprint::new([]), None);
        assert!(serde_json::from_str::<Voiceprint>("{}").is_err());
        let one = Embedding::new(vec![1.0, 0.0]).unwrap();
        let other = Embedding::new(vec![0.0, 1.0]).unwrap();
        let print = Voiceprint::new([("a".into(), one), ("a".into(), other.clone())]).unwrap();
        assert_eq!(print, Voiceprint::single("a", other));
    }
}
