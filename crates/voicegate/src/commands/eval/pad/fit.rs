//! The fusion of detectors out of labelled recordings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use voicegate_core::countermeasure::{
    self, Detector, FittedSpoofFusion, Presentation, SCHEMA, SpoofFitError, thresholds, weight_intervals,
};
use voicegate_core::metrics::Interval;
use voicegate_models::{ModelId, set_countermeasures};

use super::super::Draws;
use super::super::condition::Condition;
use super::super::report::{file_name, plan};
use super::list::{Row, units};
use super::{Source, list, measure};
use crate::exit::{Exit, Failure, chain};
use crate::output::table;
use crate::wiring::{Context, ModelsAt};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,

    /// Leave out this detector, a network or a signal; may be given several times.
    #[arg(long = "without", value_name = "NAME")]
    without: Vec<String>,

    /// Acoustic conditions that every recording is put into; may be given several times [default: all].
    #[arg(long = "condition", value_enum)]
    conditions: Vec<Condition>,

    /// Name of the fit; answers and records carry it.
    #[arg(long, value_name = "NAME")]
    name: String,

    /// Write it into the registry of models as the fusion ID; it serves once it is the active choice for antispoofing.
    #[arg(long, value_name = "ID")]
    write: Option<ModelId>,

    #[command(flatten)]
    draws: Draws,
}

/// What was fitted.
#[derive(Debug, Serialize)]
struct Answer {
    fitted: FittedSpoofFusion,
    /// 95 % interval of each slope; `null` where a resample could not be fitted.
    slopes: Option<BTreeMap<String, Interval>>,
    /// Detectors that are not part of it, with the reason.
    left_out: BTreeMap<String, String>,
    written: Option<ModelId>,
}

pub(in super::super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let rows = list::read(&args.source.lists)?;
    let detectors = args.source.detectors(context, &config)?;
    let unknown = |name: &&String| !detectors.all().iter().any(|detector| detector.name == **name);
    if let Some(name) = args.without.iter().find(unknown) {
        return Err(Failure::new("not-found", format!("there is no detector '{name}'")));
    }
    let conditions = if args.conditions.is_empty() { &Condition::ALL[..] } else { &args.conditions };
    let mut presentations = Vec::new();
    for condition in conditions {
        let measured = measure::all(&rows, *condition, &detectors, &config)?;
        presentations.extend(label(&rows, measured));
    }

    let cannot = |error: &dyn std::error::Error| Failure::new("corpus", chain(error));
    let (chosen, mut left_out) = usable(&presentations, detectors.all(), &args.without);
    let fusion = countermeasure::fit(&presentations, &chosen).map_err(|error| cannot(&error))?;
    for detector in chosen.iter().filter(|detector| !fusion.detectors.contains_key(&detector.name)) {
        left_out.insert(detector.name.clone(), "it says nothing beside the others".to_owned());
    }
    let lines = thresholds(&fusion, &presentations)
        .ok_or_else(|| Failure::new("corpus", "no bona fide recording was answered"))?;
    let count = |attack: bool| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        rows.iter()
            .filter(|row| row.attack == attack)
            .for_each(|row| *counts.entry(row.group.clone()).or_default() += 1);
        counts
    };
    let fitted = FittedSpoofFusion {
        schema: SCHEMA,
        id: args.name.clone(),
        fusion,
        threshold_llr: lines.threshold_llr,
        suspicious_llr: lines.suspicious_llr,
        attacks: count(true),
        bona_fide: count(false),
        fitted_on: source(&args.source.lists, conditions),
    };
    fitted.check().map_err(|error| cannot(&error))?;
    if let Some(id) = &args.write {
        let networks: Vec<ModelId> = detectors
            .networks()
            .filter(|network| fitted.fusion.detectors.contains_key(network.as_str()))
            .cloned()
            .collect();
        let folder = context.models_folder(&config.models, ModelsAt::Hand)?;
        set_countermeasures(&folder, id, &networks, &fitted)
            .map_err(|error| Failure::new("model-unavailable", chain(&error)))?;
    }
    let slopes = weight_intervals(&presentations, &chosen, &plan(args.draws.draws));
    let answer = Answer { fitted, slopes, left_out, written: args.write.clone() };
    context.format.print(&answer, describe)?;
    Ok(Exit::Good)
}

/// Rows with what was found. The conditions of a recording are one thing to resample, and so is a speaker.
fn label(rows: &[Row], measured: Vec<measure::Measured>) -> Vec<Presentation> {
    let mut groups: BTreeMap<(bool, &str), u32> = BTreeMap::new();
    for row in rows {
        let next = groups.len() as u32;
        groups.entry((row.attack, &row.group)).or_insert(next);
    }
    let label = |((row, unit), found): ((&Row, u32), measure::Measured)| Presentation {
        scores: found.scores,
        attack: row.attack,
        group: groups[&(row.attack, row.group.as_str())],
        unit,
    };
    rows.iter().zip(units(rows)).zip(measured).map(label).collect()
}

/// The detectors that can be fitted each by itself, and why the others cannot.
fn usable(
    presentations: &[Presentation],
    all: Vec<Detector>,
    without: &[String],
) -> (Vec<Detector>, BTreeMap<String, String>) {
    let mut left_out = BTreeMap::new();
    let mut chosen = Vec::new();
    for detector in all {
        let why = if without.contains(&detector.name) {
            Some("it was to be left out".to_owned())
        } else {
            let alone = countermeasure::fit(presentations, std::slice::from_ref(&detector));
            alone.err().map(|error: SpoofFitError| chain(&error))
        };
        match why {
            Some(why) => _ = left_out.insert(detector.name, why),
            None => chosen.push(detector),
        }
    }
    (chosen, left_out)
}

fn source(lists: &[PathBuf], conditions: &[Condition]) -> String {
    let lists: Vec<String> = lists.iter().map(|list| file_name(list)).collect();
    let conditions: Vec<&str> = conditions.iter().map(|condition| condition.name()).collect();
    format!(
        "{}; recordings {}; every species and every source counts the same",
        lists.join(", "),
        conditions.join(", ")
    )
}

fn describe(answer: &Answer) -> String {
    let fitted = &answer.fitted;
    let mut rows = vec![["detector", "slope", "95 %", "range", "LLR in it"].map(str::to_owned).to_vec()];
    for (name, weights) in &fitted.fusion.detectors {
        let interval = answer.slopes.as_ref().and_then(|slopes| slopes.get(name));
        let llr = |score: f64| weights.offset + weights.slope * score;
        rows.push(vec![
            name.clone(),
            format!("{:.4}", weights.slope),
            interval.map_or_else(|| "-".into(), |found| format!("[{:.4}, {:.4}]", found.low, found.high)),
            format!("{:.3} to {:.3}", weights.low, weights.high),
            format!("{:.2} to {:.2}", llr(weights.low), llr(weights.high)),
        ]);
    }
    let mut text = format!("{}: {}\n\n{}", fitted.id, fitted.fitted_on, table(&rows));
    for (name, why) in &answer.left_out {
        text += &format!("left out: {name}, {why}\n");
    }
    text += &format!(
        "\nattack from LLR {:.3} on, suspicious from {:.3} on (1 % of the bona fide recordings here)\n",
        fitted.threshold_llr, fitted.suspicious_llr
    );
    text + &match &answer.written {
        Some(id) => format!("written as '{id}'\n"),
        None => "not written (--write ID does)\n".to_owned(),
    }
}
