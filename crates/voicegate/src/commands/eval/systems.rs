//! Which models and fusions are evaluated.

use voicegate_models::{ModelId, Models, Registry, Settings, SpeakerModels, System, side_by_side};
use voicegate_service::ServiceError;
use voicegate_service::config::VoiceAuthConfig;

use super::trials::Rule;
use crate::exit::{Failure, chain};
use crate::wiring::{Context, ModelsAt, every_core};

/// Loaded models, and the systems of them that are evaluated.
pub(super) struct Chosen {
    speakers: Speakers,
    /// Never empty.
    pub(super) systems: Vec<System>,
}

enum Speakers {
    Serving(Box<Models>),
    Named(Box<SpeakerModels>),
}

impl Chosen {
    /// The system that serves, and with `parts` every other one of its models.
    pub(super) fn serving(context: &Context, config: &VoiceAuthConfig, parts: bool) -> Result<Self, Failure> {
        let models = context.models_on_every_core(config)?;
        let speakers = models.speakers().map_err(|reason| Failure::new("model-unavailable", reason))?;
        let systems = if parts { speakers.systems().to_vec() } else { vec![speakers.serving().clone()] };
        Ok(Self { speakers: Speakers::Serving(Box::new(models)), systems })
    }

    /// The systems that are named, whatever serves: each an id, or the ids of the models of a listed fusion with commas
    /// between them.
    pub(super) fn named(
        context: &Context,
        config: &VoiceAuthConfig,
        names: &[String],
    ) -> Result<Self, Failure> {
        let unavailable = |error: &dyn std::error::Error| Failure::new("model-unavailable", chain(error));
        let (runtime, folder) = context.runtime(&config.models, ModelsAt::Hand)?;
        let registry = Registry::open(&folder).map_err(|error| unavailable(&error))?;
        let systems: Vec<System> =
            names.iter().map(|name| find(&registry, name)).collect::<Result<_, _>>()?;
        let settings: Settings = every_core(config);
        let speakers = side_by_side(&runtime, &registry, &members(&registry, &systems), &settings)
            .map_err(|error| unavailable(&error))?;
        Ok(Self { speakers: Speakers::Named(Box::new(speakers)), systems })
    }

    pub(super) fn speakers(&self) -> Result<&SpeakerModels, Failure> {
        match &self.speakers {
            Speakers::Serving(models) => {
                models.speakers().map_err(|reason| Failure::new("model-unavailable", reason))
            }
            Speakers::Named(speakers) => Ok(speakers),
        }
    }

    /// What the enrolments and decisions of a system follow; a system without a calibration only orders trials.
    pub(super) fn rule(
        &self,
        system: &System,
        config: &VoiceAuthConfig,
        files: u16,
    ) -> Result<Rule, Failure> {
        let files = usize::from(files);
        if system.calibration.is_none() {
            return Ok(Rule::uncalibrated(config, system.id.to_string(), system.fusion.clone(), files));
        }
        Rule::new(config, self.speakers()?, system, files).map_err(|error: ServiceError| error.into())
    }
}

/// The listed models that `systems` are made of.
pub(super) fn members(registry: &Registry, systems: &[System]) -> Vec<ModelId> {
    let needed = |id: &&ModelId| systems.iter().any(|s| s.fusion.models().any(|model| model == id.as_str()));
    registry.models().keys().filter(needed).cloned().collect()
}

fn find(registry: &Registry, name: &str) -> Result<System, Failure> {
    let names: Vec<&str> = name.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    let listed = registry.systems().iter().find(|(id, entry)| match names[..] {
        [one] => id.as_str() == one,
        _ => {
            names.len() == entry.members.len()
                && entry.members.keys().all(|member| names.contains(&member.as_str()))
        }
    });
    if let Some((id, entry)) = listed {
        return Ok(System::listed(id, entry));
    }
    let model = registry.models().iter().find(|(id, _)| names == [id.as_str()]);
    match model {
        Some((_, Ok(metadata))) => Ok(System::alone(metadata)),
        Some((id, Err(refusal))) => {
            Err(Failure::new("model-unavailable", format!("'{id}' is refused: {refusal}")))
        }
        None if names.len() > 1 => Err(Failure::new(
            "not-found",
            format!("no fusion is listed that has exactly the models {}", names.join(", ")),
        )),
        None => {
            Err(Failure::new("not-found", format!("'{name}' is neither a listed model nor a listed fusion")))
        }
    }
}
