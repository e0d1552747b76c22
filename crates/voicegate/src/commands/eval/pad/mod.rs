//! How often attacks pass for bona fide, and how often people are taken for attackers.

mod detectors;
pub(super) mod fit;
mod list;
mod measure;
mod report;
mod scores;
mod voices;

use std::fs;
use std::path::PathBuf;

use voicegate_core::metrics::Resampling;
use voicegate_models::ModelId;
use voicegate_service::config::VoiceAuthConfig;

use self::detectors::Detectors;
use self::report::{Case, Report, Setting};
use super::Draws;
use super::condition::Condition;
use super::report::plan;
use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,

    /// Put every recording into an acoustic condition.
    #[arg(long, value_enum, default_value_t = Condition::Clean)]
    condition: Condition,

    /// Also try the attacks on the voices of this list, of people who are named in the column `speaker` of the corpus. They
    /// enrol with the list's recordings.
    #[arg(long, value_name = "FILE.tsv")]
    enrolled: Option<PathBuf>,

    #[command(flatten)]
    draws: Draws,

    /// Seed of the resampling, for other intervals from the same recordings.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Also write the scores of every recording: path, kind, system, a column for each detector (empty where it measured nothing) and the
    /// log-likelihood ratio of the fusion.
    #[arg(long, value_name = "OUT.tsv")]
    scores: Option<PathBuf>,

    /// Also write the report as one page for a browser.
    #[arg(long, value_name = "OUT.html")]
    html: Option<PathBuf>,
}

/// The recordings, and who listens to them.
#[derive(Debug, clap::Args)]
struct Source {
    /// List of recordings: tab-separated, with a heading that names at least `path`, and with attacks in it `kind` (bonafide or spoof)
    /// and `system`. Paths are relative to the list. May be given several times.
    #[arg(long = "corpus", value_name = "FILE.tsv", required = true)]
    lists: Vec<PathBuf>,

    /// Listen with this network; may be given several times [default: all countermeasures that are listed and can be used].
    #[arg(long = "model", value_name = "ID")]
    models: Vec<ModelId>,

    /// Keep the scores of the networks in this folder, so that the next run is fast and a stopped one goes on. They tell of what was
    /// heard: delete the folder when you are done.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Source {
    fn detectors(&self, context: &Context, config: &VoiceAuthConfig) -> Result<Detectors, Failure> {
        Detectors::open(context, config, &self.models, self.cache.as_deref())
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let rows = list::read(&args.source.lists)?;
    let detectors = args.source.detectors(context, &config)?;
    let measured = measure::all(&rows, args.condition, &detectors, &config)?;
    if let Some(path) = &args.scores {
        fs::write(path, scores::scores(&rows, &measured, &detectors.all()))
            .map_err(|error| Failure::file(path, &error))?;
    }
    let voices = match &args.enrolled {
        Some(list) => voices::try_attacks(list, &rows, args.condition, context, &config)?,
        None => vec![None; rows.len()],
    };
    let units = list::units(&rows);
    let case = |i: usize| Case { row: &rows[i], measured: &measured[i], unit: units[i], voice: voices[i] };
    let cases: Vec<Case> = (0..rows.len()).map(case).collect();
    let usual = plan(args.draws.draws);
    let setting = Setting {
        lists: &args.source.lists,
        condition: args.condition,
        detectors: &detectors.all(),
        fusion: detectors.fusion.as_ref(),
        plan: Resampling { seed: args.seed.unwrap_or(usual.seed), ..usual },
    };
    let report = Report::new(&setting, &cases);
    if let Some(path) = &args.html {
        fs::write(path, report.html()).map_err(|error| Failure::file(path, &error))?;
    }
    context.format.print(&report, Report::text)?;
    Ok(Exit::Good)
}
