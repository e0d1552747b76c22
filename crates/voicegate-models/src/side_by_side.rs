//! Models beside each other, for measurements.

use crate::loading::{Loader, Loading};
use crate::registry::{ModelId, Refusal, Registry, Task};
use crate::{
    Runtime, ScoreError, Scored, Served, Settings, SpeakerModel, SpeakerModels, System, antispoofing, speaker,
};

/// Why models cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum SideBySideError {
    /// None was named.
    #[error("there is no speaker model to load")]
    Nothing,
    /// One of them cannot be used.
    #[error("'{id}' is refused: {refusal}")]
    Refused {
        /// The model.
        id: ModelId,
        /// Why.
        refusal: Refusal,
    },
    /// The system gives no more threads.
    #[error("the threads of the models cannot be started: {0}")]
    Threads(#[from] std::io::Error),
}

/// Loads the speaker models `ids`, whatever the registry assigns to them. The first counts as the one that serves.
///
/// # Errors
/// [`SideBySideError`] with the first model that cannot be used.
pub fn side_by_side(
    runtime: &Runtime,
    registry: &Registry,
    ids: &[ModelId],
    settings: &Settings,
) -> Result<SpeakerModels, SideBySideError> {
    let mut models = Vec::with_capacity(ids.len());
    for id in ids {
        let loaded = registry.read(id, Task::SpeakerVerification).and_then(|(metadata, bytes)| {
            SpeakerModel::load(
                runtime,
                (metadata.clone(), metadata.clone()),
                &bytes,
                settings,
                speaker::worker,
            )
        });
        models.push(loaded.map_err(|refusal| SideBySideError::Refused { id: id.clone(), refusal })??);
    }
    let serving = System::alone(models.first().ok_or(SideBySideError::Nothing)?.metadata());
    Ok(SpeakerModels::new(models, serving, [], true))
}

/// Loads the countermeasures `ids`, each in the form in which it would serve: quantized where that is wanted.
///
/// # Errors
/// [`SideBySideError`] with the first model that cannot be used.
pub fn countermeasures_side_by_side(
    runtime: &Runtime,
    registry: &Registry,
    ids: &[ModelId],
    settings: &Settings,
) -> Result<Vec<Served<Result<Scored, ScoreError>>>, SideBySideError> {
    let loader = Loader { runtime, registry, settings };
    let mut loading = Loading::new(loader, Task::Antispoofing, antispoofing::worker);
    let mut missing = None;
    for id in ids {
        if loading.model(id)?.is_none() {
            missing = missing.or(Some(id.clone()));
        }
    }
    let (models, mut refused) = loading.into_models();
    match missing.and_then(|id| refused.remove_entry(&id)) {
        Some((id, refusal)) => Err(SideBySideError::Refused { id, refusal }),
        None => Ok(models),
    }
}
