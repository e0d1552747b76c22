//! A recording → what each detector says of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use voicegate_audio::spoof::{SIGNALS, signals};
use voicegate_audio::{Pcm, Quality, detect_speech};
use voicegate_core::countermeasure::{Detector, FittedSpoofFusion, Orientation, SpoofEvidence};
use voicegate_models::{
    Metadata, ModelId, Registry, ScoreError, Scored, Served, Task, countermeasures_side_by_side,
};
use voicegate_service::config::VoiceAuthConfig;

use super::super::cache::{Key, Shelf, key, locked, prepare};
use crate::exit::{Failure, chain};
use crate::wiring::{Context, ModelsAt, every_core};

/// The loaded networks, the signal detectors, and the fusion that serves.
pub(super) struct Detectors {
    networks: Vec<Network>,
    /// `None` if the registry assigns none.
    pub(super) fusion: Option<FittedSpoofFusion>,
}

/// A network with what it said in earlier runs.
struct Network {
    served: Served<Result<Scored, ScoreError>>,
    known: Option<Mutex<Shelf>>,
}

impl Detectors {
    /// Loads the networks `ids`, or all that are listed and can be used; their scores are kept in the folder `cache`.
    pub(super) fn open(
        context: &Context,
        config: &VoiceAuthConfig,
        ids: &[ModelId],
        cache: Option<&Path>,
    ) -> Result<Self, Failure> {
        let unavailable = |error: &dyn std::error::Error| Failure::new("model-unavailable", chain(error));
        let (runtime, folder) = context.runtime(&config.models, ModelsAt::Hand)?;
        let registry = Registry::open(&folder).map_err(|error| unavailable(&error))?;
        let ids = if ids.is_empty() { usable(&registry) } else { ids.to_vec() };
        let networks = countermeasures_side_by_side(&runtime, &registry, &ids, &every_core(config))
            .map_err(|error| unavailable(&error))?;
        cache.map_or(Ok(()), prepare)?;
        let networks =
            networks.into_iter().map(|served| Network::new(served, cache)).collect::<Result<_, _>>()?;
        let serving = registry.tasks().get(&Task::Antispoofing).map(|assigned| &assigned.active);
        let fusion = serving.and_then(|id| registry.countermeasures().get(id));
        Ok(Self { networks, fusion: fusion.map(|entry| entry.fitted.clone()) })
    }

    /// Registry ids of the networks, by the name under which their scores count.
    pub(super) fn networks(&self) -> impl Iterator<Item = &ModelId> {
        self.networks.iter().map(Network::id)
    }

    /// Every detector: networks, then signals.
    pub(super) fn all(&self) -> Vec<Detector> {
        let networks = self.networks().map(|id| (id.to_string(), Orientation::High));
        let signals = SIGNALS.iter().map(|signal| (signal.name.to_owned(), Orientation::Either));
        networks.chain(signals).map(|(name, orientation)| Detector { name, orientation }).collect()
    }

    /// The scores of the detectors that could measure `pcm`, by name.
    pub(super) fn score(&self, pcm: &Arc<Pcm>) -> Result<BTreeMap<String, f64>, Failure> {
        let speech = detect_speech(pcm);
        let quality = Quality::measure(pcm, &speech);
        let mut scores = signals(pcm, &speech, &quality).scores();
        let key = key(pcm);
        for network in &self.networks {
            if let Some(score) = network.score(pcm, &key)? {
                scores.insert(network.id().to_string(), score);
            }
        }
        Ok(scores)
    }

    /// The scores weighed together; `None` without a fusion or an answer.
    pub(super) fn weigh(&self, scores: &BTreeMap<String, f64>) -> Option<SpoofEvidence> {
        let evidence = self.fusion.as_ref()?.fusion.evaluate(|name| scores.get(name).copied());
        (!evidence.contributions.is_empty()).then_some(evidence)
    }
}

impl Network {
    fn new(served: Served<Result<Scored, ScoreError>>, cache: Option<&Path>) -> Result<Self, Failure> {
        let open = |folder: &Path| {
            let path = folder.join(format!("{}.scores", served.running().file.sha256));
            Shelf::open(&path, size_of::<f64>()).map(Mutex::new).map_err(|error| Failure::file(&path, &error))
        };
        Ok(Self { known: cache.map(open).transpose()?, served })
    }

    fn id(&self) -> &ModelId {
        &self.served.metadata().id
    }

    /// The score of `pcm`, whose name in a cache is `key`; `None` if it is too short.
    fn score(&self, pcm: &Arc<Pcm>, key: &Key) -> Result<Option<f64>, Failure> {
        let known = self.known.as_ref().and_then(|known| locked(known).get(key)?.try_into().ok());
        if let Some(bytes) = known {
            return Ok(Some(f64::from_le_bytes(bytes)));
        }
        let failed = |error: &dyn std::error::Error| Failure::new("model-unavailable", chain(error));
        match self.served.answer(pcm.clone()).map_err(|error| failed(&error))?.result {
            Ok(Scored { score, .. }) => {
                if let Some(known) = &self.known
                    && let Err(error) = locked(known).put(key, &score.to_le_bytes())
                {
                    tracing::warn!(%error, "a score was not cached");
                }
                Ok(Some(score))
            }
            Err(ScoreError::TooShort { .. }) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// Networks that can be used, without those that are only another's quantized form.
fn usable(registry: &Registry) -> Vec<ModelId> {
    let own = |metadata: &&Metadata| metadata.task == Task::Antispoofing;
    let is_form =
        |id: &ModelId| registry.models().values().flatten().any(|other| other.quantized.as_ref() == Some(id));
    let all = registry.models().values().flatten().filter(own).map(|metadata| metadata.id.clone());
    all.filter(|id| !is_form(id)).collect()
}
