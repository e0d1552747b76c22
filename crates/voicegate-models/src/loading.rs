//! Bringing the models of one task to work.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::models::{LoadError, Quantized, Settings};
use crate::registry::{Metadata, ModelId, Refusal, Registry, Task};
use crate::served::{MakeWorker, Served};
use crate::{Runtime, int8_is_fast};

/// What came of every model and fusion that was wanted, over all tasks.
#[derive(Debug, Default)]
pub(crate) struct LoadState {
    /// Models that run, under their own name and under that of the form that runs, and the fusions that serve.
    pub(crate) loaded: BTreeSet<ModelId>,
    pub(crate) refused: BTreeMap<ModelId, Refusal>,
}

/// What loading needs.
#[derive(Clone, Copy)]
pub(crate) struct Loader<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) registry: &'a Registry,
    pub(crate) settings: &'a Settings,
}

/// The models of one task, with what came of each so far.
pub(crate) struct Loading<'a, R> {
    loader: Loader<'a>,
    task: Task,
    make: MakeWorker<R>,
    loaded: Vec<Served<R>>,
    refused: BTreeMap<ModelId, Refusal>,
}

/// Who serves a task.
pub(crate) struct Serving<T, R> {
    pub(crate) system: T,
    /// Every model that runs.
    pub(crate) models: Vec<Served<R>>,
    /// Whether it is the active choice and not the fallback.
    pub(crate) first_choice: bool,
}

impl<'a, R: Send + 'static> Loading<'a, R> {
    pub(crate) fn new(loader: Loader<'a>, task: Task, make: MakeWorker<R>) -> Self {
        Self { loader, task, make, loaded: Vec::new(), refused: BTreeMap::new() }
    }

    /// What `system` makes of the active choice of the task, or else of the fallback, with its id; the models that run;
    /// and whether it is the active choice. What came of each is noted in `state`.
    pub(crate) fn serve<T>(
        mut self,
        state: &mut LoadState,
        mut system: impl FnMut(&mut Self, &ModelId) -> io::Result<Option<T>>,
    ) -> Result<Serving<T, R>, LoadError> {
        let assignment =
            self.loader.registry.tasks().get(&self.task).ok_or(LoadError::Unassigned(self.task))?;
        for id in std::iter::once(&assignment.active).chain(&assignment.fallback) {
            if let Some(system) = system(&mut self, id)? {
                let running =
                    self.loaded.iter().flat_map(|model| [&model.metadata().id, &model.running().id]);
                state.loaded.extend(running.chain([id]).cloned());
                state.refused.extend(self.refused);
                let first_choice = *id == assignment.active;
                return Ok(Serving { system, models: self.loaded, first_choice });
            }
        }
        state.refused.extend(self.refused.clone());
        Err(LoadError::AllRefused { task: self.task, refused: self.refused.into_iter().collect() })
    }

    /// The models that run, and why others do not.
    pub(crate) fn into_models(self) -> (Vec<Served<R>>, BTreeMap<ModelId, Refusal>) {
        (self.loaded, self.refused)
    }

    /// Whether every model of the fusion `id` runs.
    pub(crate) fn whole<'m>(
        &mut self,
        id: &ModelId,
        members: impl IntoIterator<Item = &'m ModelId>,
    ) -> io::Result<bool> {
        let mut missing = Vec::new();
        for member in members {
            if self.model(member)?.is_none() {
                missing.push(member.clone());
            }
        }
        if !missing.is_empty() {
            let refusal = Refusal::Members(missing);
            tracing::error!(system = %id, %refusal, "fusion refused");
            self.refused.insert(id.clone(), refusal);
            return Ok(false);
        }
        Ok(true)
    }

    /// The metadata of the model `id`, which is loaded if it is not yet; `None` if it is refused.
    pub(crate) fn model(&mut self, id: &ModelId) -> Result<Option<&Metadata>, io::Error> {
        if self.refused.contains_key(id) {
            return Ok(None);
        }
        if !self.loaded.iter().any(|model| model.metadata().id == *id) {
            let loaded = self.read(id);
            match loaded {
                Ok(model) => {
                    let model = model?;
                    tracing::info!(model = %id, file = %model.running().id, "model loaded");
                    self.loaded.push(model);
                }
                Err(refusal) => {
                    tracing::error!(model = %id, %refusal, "model refused");
                    self.refused.insert(id.clone(), refusal);
                }
            }
        }
        Ok(self.loaded.iter().map(Served::metadata).find(|metadata| metadata.id == *id))
    }

    /// The model `id`, in its quantized form where that is wanted and usable.
    fn read(&mut self, id: &ModelId) -> Result<Result<Served<R>, io::Error>, Refusal> {
        let (metadata, bytes) = self.loader.registry.read(id, self.task)?;
        let wanted = match self.loader.settings.quantized {
            Quantized::Auto => int8_is_fast(),
            Quantized::Never => false,
            Quantized::Always => true,
        };
        let load = |running: &Metadata, bytes: &[u8]| {
            let Loader { runtime, settings, .. } = self.loader;
            Served::load(runtime, (metadata.clone(), running.clone()), bytes, settings, self.make)
        };
        if let Some(quantized) = metadata.quantized.as_ref().filter(|_| wanted) {
            let loaded = self.loader.registry.read(quantized, self.task);
            match loaded.and_then(|(running, bytes)| load(running, &bytes)) {
                Ok(model) => return Ok(model),
                Err(refusal) => {
                    tracing::error!(model = %quantized, %refusal, "quantized model refused");
                    self.refused.insert(quantized.clone(), refusal);
                }
            }
        }
        load(metadata, &bytes)
    }
}
