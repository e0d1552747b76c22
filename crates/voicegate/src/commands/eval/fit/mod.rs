//! Calibrations out of labelled recordings.

mod agreement;
mod regression;
mod trials;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use voicegate_models::{
    FittedCalibration, Metadata, ModelId, Registry, SpeakerModels, System, Task, set_calibrations,
    side_by_side,
};

use super::Source;
use super::condition::Condition;
use super::corpus::Speaker;
use super::systems::members;
use crate::exit::{Exit, Failure, chain};
use crate::wiring::{Context, ModelsAt, every_core};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,

    /// Take only the speakers in this file, one `dataset/speaker` a line. No model may have been trained on them.
    #[arg(long, value_name = "FILE")]
    speakers: Option<PathBuf>,

    /// Models and fusions to calibrate [default: all that are listed and can be used].
    #[arg(value_name = "ID")]
    ids: Vec<ModelId>,

    /// Name of the calibrations; answers and records carry it.
    #[arg(long, value_name = "NAME")]
    name: String,

    /// Write the calibrations into the models folder; they serve from the next start on.
    #[arg(long)]
    write: bool,
}

/// What was fitted.
#[derive(Debug, Serialize)]
struct Answer {
    speakers: usize,
    written: bool,
    calibrations: BTreeMap<ModelId, FittedCalibration>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let corpus = args.source.read()?;
    let mut speakers = corpus.choose(None);
    if let Some(path) = &args.speakers {
        let chosen = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        let named = |s: &Speaker| chosen.lines().any(|line| line == format!("{}/{}", s.dataset, s.name));
        speakers.retain(named);
    }
    let corpus = corpus.only(&speakers);
    let speakers = corpus.choose(None);
    if speakers.len() < 2 {
        return Err(Failure::new("corpus", "a calibration needs at least two speakers".to_owned()));
    }

    let (runtime, folder) = context.runtime(&config.models, ModelsAt::Hand)?;
    let unavailable = |error: &dyn std::error::Error| Failure::new("model-unavailable", chain(error));
    let registry = Registry::open(&folder).map_err(|error| unavailable(&error))?;
    let systems = systems(&registry, &args.ids)?;
    let models = side_by_side(&runtime, &registry, &members(&registry, &systems), &every_core(&config))
        .map_err(|error| unavailable(&error))?;
    let heard = args.source.hear(&corpus, &models, &config, &Condition::ALL)?;

    let trials = trials::all(&corpus, &heard, &speakers, &member_names(&models));
    let mut calibrations = BTreeMap::new();
    for system in systems {
        let llr = regression::fit(&trials, &system.fusion).map_err(|error| {
            Failure::new("corpus", format!("'{}' cannot be calibrated: {error}", system.id))
        })?;
        let enrolment_agreement = agreement::fit(&heard, &speakers, &system.fusion)
            .ok_or_else(|| Failure::new("corpus", "no speaker has three usable recordings".to_owned()))?;
        let fitted = FittedCalibration {
            id: args.name.clone(),
            llr,
            enrolment_agreement,
            owner_trials: trials.count(true),
            stranger_trials: trials.count(false),
            fitted_on: source(args, speakers.len()),
        };
        calibrations.insert(system.id, fitted);
    }
    if args.write {
        set_calibrations(&folder, &calibrations).map_err(|error| unavailable(&error))?;
    }
    let answer = Answer { speakers: speakers.len(), written: args.write, calibrations };
    context.format.print(&answer, describe)?;
    Ok(Exit::Good)
}

/// The systems to calibrate: those that are named, or every usable model and fusion.
fn systems(registry: &Registry, named: &[ModelId]) -> Result<Vec<System>, Failure> {
    let usable = |metadata: &&Metadata| {
        metadata.task == Task::SpeakerVerification && !is_quantized_form(registry, &metadata.id)
    };
    let models: Vec<System> =
        registry.models().values().flatten().filter(usable).map(System::alone).collect();
    let is_usable = |id: &ModelId| models.iter().any(|system| system.id == *id);
    let whole = registry.systems().iter().filter(|(_, entry)| entry.members.keys().all(is_usable));
    let fusions: Vec<System> = whole.map(|(id, entry)| System::listed(id, entry)).collect();
    let all: Vec<System> = models.into_iter().chain(fusions).collect();
    if let Some(unknown) = named.iter().find(|id| !all.iter().any(|system| system.id == **id)) {
        let what = format!("'{unknown}' is neither a speaker model nor a fusion that can be used");
        return Err(Failure::new("not-found", what));
    }
    Ok(all.into_iter().filter(|system| named.is_empty() || named.contains(&system.id)).collect())
}

/// Whether another model runs in the form of `id`: then its calibration counts.
fn is_quantized_form(registry: &Registry, id: &ModelId) -> bool {
    registry.models().values().flatten().any(|metadata| metadata.quantized.as_ref() == Some(id))
}

fn member_names(models: &SpeakerModels) -> Vec<String> {
    models.models().iter().map(|model| model.metadata().id.to_string()).collect()
}

fn source(args: &Args, speakers: usize) -> String {
    let list =
        |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let of = args.speakers.as_ref().map_or_else(String::new, |path| format!(" named in {}", list(path)));
    let conditions: Vec<&str> = Condition::ALL.iter().map(|condition| condition.name()).collect();
    format!(
        "{speakers} speakers of {}{of}, enrolled with 1, 3 and 5 recordings; attempts {}; strangers of the same data set",
        list(&args.source.corpus),
        conditions.join(", "),
    )
}

fn describe(answer: &Answer) -> String {
    let mut text = String::new();
    for (id, fitted) in &answer.calibrations {
        let scores = fitted.llr.scores.iter().map(|(model, w)| {
            format!("  {model}: {:.2} per cosine, {:.2} per closeness\n", w.cosine, w.closeness)
        });
        text += &format!(
            "{id}: {} owner and {} stranger trials of {} speakers, agreement {:.3}\n{}",
            fitted.owner_trials,
            fitted.stranger_trials,
            answer.speakers,
            fitted.enrolment_agreement,
            scores.collect::<String>(),
        );
    }
    text + if answer.written {
        "written; they serve from the next start on\n"
    } else {
        "not written (--write does)\n"
    }
}
