//! Choosing who serves a task.

use std::path::Path;

use serde_json::json;

use crate::registry::{Assignment, Metadata, ModelId, Refusal, Registry, RegistryEdit, RegistryError, Task};
use crate::{Runtime, antispoofing, extractor, recogniser};

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// The task.
    pub task: Task,
    /// Who serves it now.
    pub assignment: Assignment,
    /// Who served it before.
    pub former: Option<Assignment>,
    /// The models that were loaded and passed their self-test.
    pub checked: Vec<ModelId>,
    /// Whether the active model or fusion has a calibration.
    pub has_calibration: bool,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivateError {
    /// The registry does not know it.
    #[error("'{0}' is neither a model nor a fusion of the registry; `models list` shows those there are")]
    NotListed(ModelId),
    /// It, or one of its models, cannot be used.
    #[error("'{id}' cannot serve: {refusal}")]
    Refused {
        /// What was to serve.
        id: ModelId,
        /// Why it cannot.
        refusal: Refusal,
    },
    /// A member of a fusion cannot be used.
    #[error("'{id}' cannot serve, because its model '{member}' is refused: {refusal}")]
    Member {
        /// What was to serve.
        id: ModelId,
        /// Its member.
        member: ModelId,
        /// Why it cannot.
        refusal: Refusal,
    },
    /// It is for a task that it cannot be chosen for.
    #[error("'{id}' is a model for {task}, and cannot serve here")]
    Task {
        /// The model.
        id: ModelId,
        /// Its task.
        task: Task,
    },
    /// A countermeasure without a fusion that says what its scores mean.
    #[error("'{0}' cannot serve by itself; `voicegate eval fit-pad --write ID` makes a fusion that can")]
    Unfitted(ModelId),
    /// Active and fallback are the same.
    #[error("'{0}' cannot be its own fallback")]
    OwnFallback(ModelId),
    /// The registry cannot be read or changed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Makes `id`, a model or fusion of the registry in `folder`, serve its task from the next start on, after loading it
/// with its self-tests. What served before becomes the fallback unless `fallback` names another one, which is checked
/// in the same way.
///
/// # Errors
/// [`ActivateError`]; the registry is as it was.
pub fn activate(
    runtime: &Runtime,
    folder: &Path,
    id: &ModelId,
    fallback: Option<&ModelId>,
) -> Result<Activated, ActivateError> {
    if fallback == Some(id) {
        return Err(ActivateError::OwnFallback(id.clone()));
    }
    let edit = RegistryEdit::begin(folder)?;
    let registry = Registry::open(folder)?;
    let mut checked = Vec::new();
    let task = task_of(&registry, id);
    for id in std::iter::once(id).chain(fallback) {
        check(runtime, &registry, (id, task), &mut checked)?;
    }
    let former = registry.tasks().get(&task).cloned();
    let successor = fallback.cloned().or_else(|| match &former {
        Some(former) if former.active == *id => former.fallback.clone(),
        former => former.as_ref().map(|former| former.active.clone()),
    });
    let assignment = Assignment { active: id.clone(), fallback: successor };
    edit.apply(|registry| {
        registry["tasks"][task.to_string()] =
            json!({ "active": assignment.active, "fallback": assignment.fallback });
    })?;
    let has_calibration = match registry.systems().get(id) {
        Some(system) => system.calibration.is_some(),
        None if registry.countermeasures().contains_key(id) => true,
        None => metadata(&registry, id)
            .is_some_and(|found| found.calibration.is_some() || found.challenge_rule.is_some()),
    };
    Ok(Activated { task, assignment, former, checked, has_calibration })
}

/// What `id` is for; a model that cannot be read counts as a speaker model, whose refusal is said when it is loaded.
fn task_of(registry: &Registry, id: &ModelId) -> Task {
    if registry.countermeasures().contains_key(id) {
        return Task::Antispoofing;
    }
    metadata(registry, id).map_or(Task::SpeakerVerification, |metadata| metadata.task)
}

/// Loads everything that `id` needs to serve `task`, except what `checked` holds already.
fn check(
    runtime: &Runtime,
    registry: &Registry,
    (id, task): (&ModelId, Task),
    checked: &mut Vec<ModelId>,
) -> Result<(), ActivateError> {
    let members: Vec<&ModelId> = match (registry.systems().get(id), registry.countermeasures().get(id)) {
        (Some(system), _) => system.members.keys().collect(),
        (None, Some(entry)) => entry.models.iter().collect(),
        (None, None) if !registry.models().contains_key(id) => {
            return Err(ActivateError::NotListed(id.clone()));
        }
        (None, None) if task == Task::Antispoofing => return Err(ActivateError::Unfitted(id.clone())),
        (None, None) => vec![id],
    };
    let own = task_of(registry, id);
    if own != task {
        return Err(ActivateError::Task { id: id.clone(), task: own });
    }
    for member in members {
        if checked.contains(member) {
            continue;
        }
        load(runtime, registry, member, task).map_err(|refusal| match member == id {
            true => ActivateError::Refused { id: id.clone(), refusal },
            false => ActivateError::Member { id: id.clone(), member: member.clone(), refusal },
        })?;
        checked.push(member.clone());
    }
    Ok(())
}

fn load(runtime: &Runtime, registry: &Registry, id: &ModelId, task: Task) -> Result<(), Refusal> {
    let (metadata, bytes) = registry.read(id, task)?;
    let threads = std::num::NonZeroUsize::MIN;
    match task {
        Task::SpeakerVerification => extractor(runtime, &bytes, metadata, threads).map(drop),
        Task::Antispoofing => antispoofing::worker(runtime, &bytes, metadata, threads).map(drop),
        Task::SpeechRecognition => recogniser::worker(runtime, &bytes, metadata, threads).map(drop),
        // No network of this program is for it, so no metadata names it.
        Task::AgeDetection => Err(Refusal::Task { expected: Task::SpeakerVerification, found: task }),
    }
}

fn metadata<'a>(registry: &'a Registry, id: &ModelId) -> Option<&'a Metadata> {
    registry.models().get(id)?.as_ref().ok()
}
