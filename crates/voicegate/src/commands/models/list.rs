use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use voicegate_models::{
    CountermeasureEntry, Metadata, ModelId, ModelState, Refusal, Registry, Role, SystemEntry, Task,
};

use super::role;
use crate::exit::{Exit, Failure, chain};
use crate::output::table;
use crate::wiring::{Context, ModelsAt};

/// How closely the models are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The hash of every file.
    Files,
    /// Also load those that serve, with their self-tests.
    Loaded,
}

/// The models of the configured folder.
#[derive(Debug, Serialize)]
struct Listing {
    folder: String,
    models: Vec<Entry>,
    systems: Vec<System>,
    countermeasures: Vec<Countermeasures>,
    /// Why no model can serve; only known after loading.
    fault: Option<String>,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: ModelId,
    task: Option<Task>,
    role: Role,
    version: Option<String>,
    licence: Option<String>,
    size_bytes: Option<u64>,
    sha256: Option<String>,
    #[serde(flatten)]
    state: ModelState,
}

/// A fusion of models.
#[derive(Debug, Serialize)]
struct System {
    id: ModelId,
    role: Role,
    /// The models with their weights.
    members: BTreeMap<ModelId, f32>,
    /// Version of its calibration.
    calibration: Option<String>,
}

/// A fusion of countermeasures.
#[derive(Debug, Serialize)]
struct Countermeasures {
    id: ModelId,
    role: Role,
    /// The networks.
    models: Vec<ModelId>,
    /// Networks and signal detectors that count.
    detectors: Vec<String>,
    /// Version of its fit.
    calibration: String,
}

pub(super) fn run(depth: Depth, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    // With the runtime comes what the set-up fetched; without it, the files can be checked all the same.
    let folder = match context.runtime(&config.models, ModelsAt::Hand) {
        Ok((_, folder)) => folder,
        Err(_) => context.models_folder(&config.models, ModelsAt::Hand)?,
    };
    let registry =
        Registry::open(&folder).map_err(|error| Failure::new("model-unavailable", chain(&error)))?;
    let mut listing = Listing {
        folder: folder.display().to_string(),
        models: registry.models().iter().map(|(id, found)| entry(&registry, id, found)).collect(),
        systems: registry.systems().iter().map(|(id, found)| system(&registry, id, found)).collect(),
        countermeasures: countermeasures(&registry),
        fault: None,
    };
    if depth == Depth::Loaded {
        match context.models(&config.models, ModelsAt::Hand) {
            Ok(models) => {
                for health in models.health() {
                    let known = listing.models.iter_mut().filter(|entry| entry.id == health.id);
                    known.for_each(|entry| entry.state = health.state.clone());
                }
            }
            Err(failure) => listing.fault = Some(failure.message),
        }
    }
    let refused = |entry: &Entry| matches!(entry.state, ModelState::Refused { .. });
    let bad = listing.fault.is_some() || listing.models.iter().any(refused);
    context.format.print(&listing, describe)?;
    Ok(if bad { Exit::Bad } else { Exit::Good })
}

fn entry(registry: &Registry, id: &ModelId, found: &Result<Metadata, Refusal>) -> Entry {
    let metadata = found.as_ref().ok();
    Entry {
        id: id.clone(),
        task: metadata.map(|m| m.task),
        role: registry.role(id),
        version: metadata.map(|m| m.version.clone()),
        licence: metadata.map(|m| m.licence.clone()),
        size_bytes: metadata.map(|m| m.file.size_bytes),
        sha256: metadata.map(|m| m.file.sha256.to_string()),
        state: match found {
            Ok(_) => ModelState::Verified,
            Err(refusal) => ModelState::Refused { reason: refusal.to_string() },
        },
    }
}

fn system(registry: &Registry, id: &ModelId, found: &SystemEntry) -> System {
    System {
        id: id.clone(),
        role: registry.role(id),
        members: found.members.clone(),
        calibration: found.calibration.as_ref().map(|calibration| calibration.id.clone()),
    }
}

fn countermeasures(registry: &Registry) -> Vec<Countermeasures> {
    let fusions = registry.countermeasures().iter();
    let fusion = |(id, entry): (&ModelId, &CountermeasureEntry)| Countermeasures {
        id: id.clone(),
        role: registry.role(id),
        models: entry.models.clone(),
        detectors: entry.fitted.fusion.detectors.keys().cloned().collect(),
        calibration: entry.fitted.id.clone(),
    };
    fusions.map(fusion).collect()
}

fn describe(listing: &Listing) -> String {
    let heading = ["model", "task", "role", "version", "MB", "licence", "state"].map(String::from).to_vec();
    let rows = listing.models.iter().map(|entry| {
        let state = match &entry.state {
            ModelState::Loaded => "loaded, self-test passed".into(),
            ModelState::Verified => "hash verified".into(),
            ModelState::Refused { reason } => format!("REFUSED: {reason}"),
        };
        vec![
            entry.id.to_string(),
            entry.task.map_or_else(String::new, |task| task.to_string()),
            role(entry.role).to_owned(),
            entry.version.clone().unwrap_or_default(),
            entry.size_bytes.map_or_else(String::new, |bytes| format!("{:.1}", bytes as f64 / 1e6)),
            entry.licence.clone().unwrap_or_default(),
            state,
        ]
    });
    let mut text = table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>());
    if !listing.systems.is_empty() {
        let heading = ["fusion", "role", "calibration", "weights"].map(String::from).to_vec();
        let rows = listing.systems.iter().map(|system| {
            let weights = system.members.iter().map(|(id, weight)| format!("{weight} {id}"));
            vec![
                system.id.to_string(),
                role(system.role).to_owned(),
                system.calibration.clone().unwrap_or_else(|| "none".into()),
                weights.collect::<Vec<_>>().join(" + "),
            ]
        });
        let _ = write!(text, "\n{}", table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>()));
    }
    if !listing.countermeasures.is_empty() {
        let heading = ["countermeasures", "role", "calibration", "detectors"].map(String::from).to_vec();
        let rows = listing.countermeasures.iter().map(|fusion| {
            let detectors = fusion.detectors.join(" + ");
            vec![fusion.id.to_string(), role(fusion.role).to_owned(), fusion.calibration.clone(), detectors]
        });
        let _ = write!(text, "\n{}", table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>()));
    }
    if let Some(fault) = &listing.fault {
        let _ = writeln!(text, "no model can serve: {fault}");
    }
    let _ = writeln!(text, "folder: {}", listing.folder);
    text
}
