//! The loaded speaker models, and which of them judge together.

use std::sync::Arc;

use voicegate_audio::Pcm;
use voicegate_core::{Fusion, Template, Voiceprint};

use super::model::{EmbedTicket, embedded};
use super::{EmbedError, Embedded, SpeakerModel};
use crate::PoolError;
use crate::registry::{FittedCalibration, Metadata, ModelId, SystemEntry};

/// Models that judge together, with what their scores mean.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Registry id: of a fusion, or of the one model.
    pub id: ModelId,
    /// The models and their weights.
    pub fusion: Fusion,
    /// What the scores mean; without, it can't decide.
    pub calibration: Option<FittedCalibration>,
}

impl System {
    /// The fusion `id` as it is listed.
    #[must_use]
    pub fn listed(id: &ModelId, entry: &SystemEntry) -> Self {
        Self { id: id.clone(), fusion: entry.fusion.clone(), calibration: entry.calibration.clone() }
    }

    /// One model that judges by itself.
    #[must_use]
    pub fn alone(metadata: &Metadata) -> Self {
        let Metadata { id, calibration, .. } = metadata;
        Self { id: id.clone(), fusion: Fusion::single(id.as_str()), calibration: calibration.clone() }
    }

    /// This system if its models all heard `attempt` and at least `enough` exemplars of `template`, or as many as any of
    /// the systems here heard; or else the first of `stand_ins` of which that holds, each with its own calibration. So a
    /// template from before a model came, or a model that failed, does not change what an answer means.
    ///
    /// This one is taken even without a calibration, so that its lack is said; another one only if it can decide.
    #[must_use]
    pub fn or_stand_in<'a>(
        &'a self,
        stand_ins: impl Iterator<Item = &'a Self> + Clone,
        attempt: &Voiceprint,
        template: &Template,
        enough: usize,
    ) -> Option<&'a Self> {
        let calibrated = stand_ins.filter(|system| system.calibration.is_some());
        let mut able = std::iter::once(self).chain(calibrated).filter(|system| system.fusion.heard(attempt));
        let heard_of = |system: &'a Self| system.fusion.heard_of(template);
        let most = able.clone().map(heard_of).max().filter(|most| *most > 0)?;
        able.find(|system| heard_of(system) >= enough.min(most))
    }
}

/// Every loaded speaker model, and the systems they make.
pub struct SpeakerModels {
    models: Vec<SpeakerModel>,
    /// The serving system first, then other fusions of loaded models, the larger ones first, then each model alone.
    systems: Vec<System>,
    first_choice: bool,
}

/// What the models made of one recording.
#[derive(Debug)]
pub struct Heard {
    /// An embedding per model that answered.
    pub voiceprint: Voiceprint,
    /// Each model with its time.
    pub by_model: Vec<(ModelId, Embedded)>,
}

impl SpeakerModels {
    /// `serving` with all of its models among `models`, which is not empty; `first_choice` unless it is a fallback.
    /// `listed` are all fusions that are known.
    pub(crate) fn new(
        models: Vec<SpeakerModel>,
        serving: System,
        listed: impl IntoIterator<Item = System>,
        first_choice: bool,
    ) -> Self {
        let loaded = |id: &str| models.iter().any(|model| model.metadata().id.as_str() == id);
        let mut parts: Vec<System> =
            listed.into_iter().filter(|system| system.fusion.models().all(loaded)).collect();
        parts.sort_by_key(|system| std::cmp::Reverse(system.fusion.models().count()));
        let alone = models.iter().map(|model| System::alone(model.metadata()));
        let others: Vec<System> =
            parts.into_iter().chain(alone).filter(|system| system.id != serving.id).collect();
        Self { models, systems: std::iter::once(serving).chain(others).collect(), first_choice }
    }

    /// The loaded models.
    #[must_use]
    pub fn models(&self) -> &[SpeakerModel] {
        &self.models
    }

    /// The system that serves.
    #[must_use]
    pub fn serving(&self) -> &System {
        &self.systems[0]
    }

    /// Whether `system` is the one that the operator made active: what the operator set for it means nothing for a
    /// fallback or for a single model of a fusion.
    #[must_use]
    pub fn is_first_choice(&self, system: &System) -> bool {
        self.first_choice && system.id == self.serving().id
    }

    /// The serving system first, then other fusions of loaded models, then each model alone.
    #[must_use]
    pub fn systems(&self) -> &[System] {
        &self.systems
    }

    /// Utterances waiting now, in the longest of the queues.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.models.iter().map(SpeakerModel::waiting).max().unwrap_or_default()
    }

    /// What the models make of `pcm`, side by side; blocks the calling thread.
    ///
    /// # Errors
    /// [`EmbedError::Pool`] if one of the queues is full or too slow: a fusion that lacks a model only because of load
    /// would answer differently under load. Another [`EmbedError`] if no model answers.
    pub fn embed(&self, pcm: &Arc<Pcm>) -> Result<Heard, EmbedError> {
        let tickets = self.submit(pcm)?;
        gather(tickets.into_iter().map(|(model, ticket)| (model, embedded(ticket.wait()))))
    }

    /// The same for async callers; dropping the future cancels work that has not started.
    ///
    /// # Errors
    /// See [`SpeakerModels::embed`].
    pub async fn embed_async(&self, pcm: &Arc<Pcm>) -> Result<Heard, EmbedError> {
        let mut answers = Vec::with_capacity(self.models.len());
        for (model, ticket) in self.submit(pcm)? {
            answers.push((model, embedded(ticket.ready().await)));
        }
        gather(answers)
    }

    /// One job for each model, all queued before the first is waited for.
    fn submit(&self, pcm: &Arc<Pcm>) -> Result<Vec<(&SpeakerModel, EmbedTicket)>, PoolError> {
        self.models.iter().map(|model| Ok((model, model.submit(pcm.clone())?))).collect()
    }
}

fn gather<'a>(
    answers: impl IntoIterator<Item = (&'a SpeakerModel, Result<Embedded, EmbedError>)>,
) -> Result<Heard, EmbedError> {
    let (mut by_model, mut failed) = (Vec::new(), None);
    for (model, answer) in answers {
        let id = &model.metadata().id;
        match answer {
            Ok(embedded) => by_model.push((id.clone(), embedded)),
            Err(error @ EmbedError::Pool(PoolError::Overloaded { .. } | PoolError::DeadlineExceeded(_))) => {
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(model = %id, %error, "a speaker model gave no embedding");
                failed = Some(error);
            }
        }
    }
    let embeddings = by_model.iter().map(|(id, embedded)| (id.to_string(), embedded.embedding.clone()));
    match Voiceprint::new(embeddings) {
        Some(voiceprint) => Ok(Heard { voiceprint, by_model }),
        None => Err(failed.unwrap_or(EmbedError::Pool(PoolError::Stopped))),
    }
}
