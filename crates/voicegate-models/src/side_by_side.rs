//! Models beside each other, for measurements.

use crate::registry::{ModelId, Refusal, Registry, Task};
use crate::{Runtime, Settings, SpeakerModel, SpeakerModels, System};

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
            SpeakerModel::load(runtime, metadata.clone(), metadata.clone(), &bytes, settings)
        });
        models.push(loaded.map_err(|refusal| SideBySideError::Refused { id: id.clone(), refusal })??);
    }
    let serving = System::alone(models.first().ok_or(SideBySideError::Nothing)?.metadata());
    Ok(SpeakerModels::new(models, serving, [], true))
}
