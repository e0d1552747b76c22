//! Error rates on labelled recordings, through the same gates, rules and comparison as the service.

pub(super) mod corpus;
pub(super) mod embed;
mod report;
pub(super) mod trials;

use std::fs;
use std::path::PathBuf;

use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Enrol each speaker and try every other recording of theirs and of strangers.
    Verify(Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List of recordings: tab-separated, with a heading that names at least `path`, `dataset` and `speaker`. Paths
    /// are relative to the list.
    #[arg(long, value_name = "FILE.tsv")]
    corpus: PathBuf,

    /// Usable files to enrol with; more are taken only while the enrolment asks for more.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    enroll: u16,

    /// Enrol only so many speakers, spread evenly over the list. Strangers are still all others of the data set.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    speakers: Option<u16>,

    /// Only this data set; may be given several times.
    #[arg(long = "dataset", value_name = "NAME")]
    datasets: Vec<String>,

    /// Also write every trial: enrolled speaker, recording, 1 for the speaker's own and 0 for a stranger's, score
    /// (empty if inconclusive).
    #[arg(long, value_name = "OUT.tsv")]
    scores: Option<PathBuf>,
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let Command::Verify(args) = command;
    let config = context.configure()?.current();
    let corpus = corpus::Corpus::read(&args.corpus, &args.datasets)?;
    let models = context.models_on_every_core(&config)?;
    let speakers = models.speakers().map_err(|reason| Failure::new("model-unavailable", reason))?;
    let rule = trials::Rule::new(&config, speakers, usize::from(args.enroll))?;
    let recordings = embed::all(&corpus, speakers, &config)?;
    let chosen = corpus.choose(args.speakers.map(usize::from));
    let outcome = trials::run(&corpus, &recordings, &chosen, &rule);
    if let Some(path) = &args.scores {
        fs::write(path, report::scores(&corpus, &outcome)).map_err(|error| Failure::file(path, &error))?;
    }
    let report = report::Report::new(&corpus, &outcome, &rule);
    context.format.print(&report, report::Report::text)?;
    Ok(Exit::Good)
}
