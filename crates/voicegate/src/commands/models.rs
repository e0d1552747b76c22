use std::fmt::Write as _;

use serde::Serialize;
use voicegate_models::{ModelState, Registry, Task};

use crate::exit::{Exit, Failure, chain};
use crate::output::table;
use crate::wiring::{Context, ModelsAt};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the models and check the hash of every file.
    List,
    /// Check every file, load the active models and run their self-tests.
    Verify,
}

/// The models of the configured folder.
#[derive(Debug, Serialize)]
struct Listing {
    folder: String,
    models: Vec<Entry>,
    /// Why no model can serve; only known after loading.
    fault: Option<String>,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: String,
    task: Option<Task>,
    version: Option<String>,
    licence: Option<String>,
    size_bytes: Option<u64>,
    sha256: Option<String>,
    #[serde(flatten)]
    state: ModelState,
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let folder = context.models_folder(&config.models, ModelsAt::Hand)?;
    let registry =
        Registry::open(&folder).map_err(|error| Failure::new("model-unavailable", chain(&error)))?;
    let mut listing = Listing {
        folder: folder.display().to_string(),
        models: registry.models().iter().map(|(id, found)| entry(id.as_str(), found)).collect(),
        fault: None,
    };
    if matches!(command, Command::Verify) {
        match context.models(&config.models, ModelsAt::Hand) {
            Ok(models) => {
                for health in models.health() {
                    let known = listing.models.iter_mut().filter(|entry| entry.id == health.id.as_str());
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

fn entry(id: &str, found: &Result<voicegate_models::Metadata, voicegate_models::Refusal>) -> Entry {
    let metadata = found.as_ref().ok();
    Entry {
        id: id.to_owned(),
        task: metadata.map(|m| m.task),
        version: metadata.map(|m| m.version.to_string()),
        licence: metadata.map(|m| m.licence.to_string()),
        size_bytes: metadata.map(|m| m.file.size_bytes),
        sha256: metadata.map(|m| m.file.sha256.to_string()),
        state: match found {
            Ok(_) => ModelState::Verified,
            Err(refusal) => ModelState::Refused { reason: refusal.to_string() },
        },
    }
}

fn describe(listing: &Listing) -> String {
    let heading = ["model", "task", "version", "MB", "licence", "state"].map(String::from).to_vec();
    let rows = listing.models.iter().map(|entry| {
        let state = match &entry.state {
            ModelState::Loaded => "loaded, self-test passed".into(),
            ModelState::Verified => "hash verified".into(),
            ModelState::Refused { reason } => format!("REFUSED: {reason}"),
        };
        vec![
            entry.id.clone(),
            entry.task.map_or_else(String::new, |task| task.to_string()),
            entry.version.clone().unwrap_or_default(),
            entry.size_bytes.map_or_else(String::new, |bytes| format!("{:.1}", bytes as f64 / 1e6)),
            entry.licence.clone().unwrap_or_default(),
            state,
        ]
    });
    let mut text = table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>());
    if let Some(fault) = &listing.fault {
        let _ = writeln!(text, "no model can serve: {fault}");
    }
    let _ = writeln!(text, "folder: {}", listing.folder);
    text
}
