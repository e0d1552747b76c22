//! How many owners are turned away, how many strangers get in.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use super::compare::Row;
use super::condition::Condition;
use super::report::{self, Report, Setting};
use super::systems::Chosen;
use super::{Draws, Enroll, Source, compare, trials};
use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    enroll: Enroll,

    /// Enrol only so many speakers, spread evenly over the list. Strangers are still all others of the data set.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    speakers: Option<u16>,

    /// Put the attempts into an acoustic condition; samples of an enrolment stay as they are.
    #[arg(long, value_enum, default_value_t = Condition::Clean)]
    condition: Condition,

    /// Evaluate this model or fusion instead of the one that serves: its id, or the ids of a listed fusion's models with commas
    /// between them. Given several times, they are compared in one table, and everything else is about the first.
    #[arg(long = "models", value_name = "ID[,ID...]")]
    models: Vec<String>,

    /// Compare what serves with its parts: the other fusions of its models, and each model alone.
    #[arg(long, conflicts_with = "models")]
    compare: bool,

    /// Also compare score normalization (AS-norm) and PLDA with the cosine, both trained on the speakers of this list, who must not be
    /// in the corpus.
    #[arg(long, value_name = "FILE.tsv")]
    cohort: Option<PathBuf>,

    #[command(flatten)]
    draws: Draws,

    /// Also write every trial: data set, enrolled speaker, recording, 1 for the speaker's own and 0 for a stranger's, the score per
    /// model, log-likelihood ratio and similarity (empty if inconclusive).
    #[arg(long, value_name = "OUT.tsv")]
    scores: Option<PathBuf>,

    /// Also write the report as one page for a browser.
    #[arg(long, value_name = "OUT.html")]
    html: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let corpus = args.source.read()?;
    let chosen = match &args.models[..] {
        [] => Chosen::serving(context, &config, args.compare)?,
        names => Chosen::named(context, &config, names)?,
    };
    let speakers = chosen.speakers()?;
    let heard = args.source.hear(&corpus, speakers, &config, &[args.condition])?;
    let enrolled = corpus.choose(args.speakers.map(usize::from));
    let plan = report::plan(args.draws.draws);
    let setting = Setting {
        list: &args.source.corpus,
        corpus: &corpus,
        heard: &heard,
        condition: args.condition,
        plan,
    };

    let mut rows = Vec::new();
    let mut first = None;
    for system in &chosen.systems {
        let rule = chosen.rule(system, &config, args.enroll.files)?;
        let start = Instant::now();
        let outcome = trials::run(&corpus, &heard, 0, &enrolled, &rule);
        let (system, seconds) = (&rule.model, start.elapsed().as_secs_f64());
        tracing::info!(%system, trials = outcome.trials.len(), seconds, "trials scored on one core");
        if chosen.systems.len() > 1 {
            rows.push(Row::new(&setting, &outcome, &rule));
        }
        if first.is_none() {
            if let Some(path) = &args.scores {
                fs::write(path, report::scores(&corpus, &outcome, &rule))
                    .map_err(|error| Failure::file(path, &error))?;
            }
            first = Some(Report::new(&setting, &outcome, &rule));
        }
    }
    if let Some(list) = &args.cohort {
        let cohort = compare::Cohort::hear(list, &args.source, &corpus, speakers, &config)?;
        rows.extend(cohort.rows(
            &setting,
            &enrolled,
            &chosen.systems,
            &config,
            usize::from(args.enroll.files),
        )?);
    }
    let Some(mut report) = first else { return Err(Failure::new("internal", "no system was evaluated")) };
    report.comparison = rows;
    if let Some(path) = &args.html {
        fs::write(path, report::html(&report)).map_err(|error| Failure::file(path, &error))?;
    }
    context.format.print(&report, Report::text)?;
    Ok(Exit::Good)
}
