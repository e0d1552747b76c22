//! The loaded countermeasures.

use std::collections::BTreeMap;
use std::sync::Arc;

use voicegate_audio::Pcm;
use voicegate_core::countermeasure::{FittedSpoofFusion, SpoofEvidence};

use super::{ScoreError, Scored};
use crate::registry::ModelId;
use crate::{Answer, PoolError, Served};

type Answered = Result<Scored, ScoreError>;

/// The networks of a fusion of countermeasures, and what their scores mean.
pub struct Countermeasures {
    id: ModelId,
    fitted: FittedSpoofFusion,
    models: Vec<Served<Answered>>,
}

impl Countermeasures {
    pub(crate) fn new(id: ModelId, fitted: FittedSpoofFusion, models: Vec<Served<Answered>>) -> Self {
        Self { id, fitted, models }
    }

    /// Registry id of the fusion.
    #[must_use]
    pub fn id(&self) -> &ModelId {
        &self.id
    }

    /// What the scores mean.
    #[must_use]
    pub fn fitted(&self) -> &FittedSpoofFusion {
        &self.fitted
    }

    /// The networks.
    #[must_use]
    pub fn models(&self) -> &[Served<Answered>] {
        &self.models
    }

    /// The score of each network that could judge `pcm`, by name; dropping the future cancels work that has not started.
    ///
    /// # Errors
    /// [`PoolError`] if a queue is full or too slow: evidence must not depend on load.
    pub async fn scores_async(&self, pcm: &Arc<Pcm>) -> Result<BTreeMap<String, f64>, PoolError> {
        let tickets: Vec<_> = self
            .models
            .iter()
            .map(|model| Ok((model, model.submit(pcm.clone())?)))
            .collect::<Result<_, _>>()?;
        let mut answers = Vec::with_capacity(tickets.len());
        for (model, ticket) in tickets {
            answers.push((model, ticket.ready().await));
        }
        gather(answers)
    }

    /// Weighs the scores of networks and of signal detectors, by name.
    #[must_use]
    pub fn weigh(&self, scores: &BTreeMap<String, f64>) -> SpoofEvidence {
        self.fitted.fusion.evaluate(|name| scores.get(name).copied())
    }
}

/// The scores that there are. A network that failed is missing; a queue that is full is an error.
fn gather<'a>(
    answers: impl IntoIterator<Item = (&'a Served<Answered>, Result<Answer<Answered>, PoolError>)>,
) -> Result<BTreeMap<String, f64>, PoolError> {
    let mut scores = BTreeMap::new();
    for (model, answer) in answers {
        let id = &model.metadata().id;
        let result = match answer {
            Ok(answer) => answer.result.map_err(|error| error.to_string()),
            Err(error @ (PoolError::Overloaded { .. } | PoolError::DeadlineExceeded(_))) => {
                return Err(error);
            }
            Err(error) => Err(error.to_string()),
        };
        match result {
            Ok(scored) => _ = scores.insert(id.to_string(), scored.score),
            Err(error) => tracing::warn!(model = %id, error, "a countermeasure gave no score"),
        }
    }
    Ok(scores)
}
