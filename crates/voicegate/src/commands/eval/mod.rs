//! Error rates on labelled recordings, through the same gates, rules and comparison as the service.

mod advise;
mod cache;
mod challenge;
mod compare;
pub(super) mod condition;
pub(super) mod corpus;
pub(super) mod embed;
mod fit;
mod pad;
mod parallel;
mod report;
mod systems;
pub(super) mod trials;
mod verify;

use std::path::PathBuf;

use voicegate_models::SpeakerModels;
use voicegate_service::config::VoiceAuthConfig;

use self::cache::Cache;
use self::condition::Condition;
use self::corpus::Corpus;
use self::embed::{Heard, Listener};
use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Enrol each speaker and try every other recording of theirs and of strangers.
    Verify(verify::Args),
    /// Say from your own recordings which threshold fits, and whether the calibration holds there.
    Advise(advise::Args),
    /// Make the calibration of models out of labelled recordings.
    Fit(fit::Args),
    /// Count how many attacks pass, by species, and how many people are taken for attackers.
    Pad(pad::Args),
    /// Make the fusion of attack detectors out of labelled recordings.
    FitPad(pad::fit::Args),
    /// Count how often the words of a challenge are accepted, said or not.
    Challenge(challenge::Args),
}

/// The recordings of an evaluation.
#[derive(Debug, clap::Args)]
struct Source {
    /// List of recordings: tab-separated, with a heading that names at least `path`, `dataset` and `speaker`. Paths
    /// are relative to the list.
    #[arg(long, value_name = "FILE.tsv")]
    corpus: PathBuf,

    /// Only this data set; may be given several times.
    #[arg(long = "dataset", value_name = "NAME")]
    datasets: Vec<String>,

    /// Keep embeddings in this folder, so that the next run is fast and a stopped one goes on. They are biometric data: delete the
    /// folder when you are done.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

/// How speakers are enrolled.
#[derive(Debug, clap::Args)]
struct Enroll {
    /// Usable files to enrol with; more are taken only while the enrolment asks for more.
    #[arg(long = "enroll", value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    files: u16,
}

/// How sure the intervals are.
#[derive(Debug, clap::Args)]
struct Draws {
    /// Resamples of the speakers for the intervals; more make the ends of an interval steadier.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(20..=10_000))]
    draws: u16,
}

impl Source {
    fn read(&self) -> Result<Corpus, Failure> {
        Corpus::read(&self.corpus, &self.datasets)
    }

    fn hear(
        &self,
        corpus: &Corpus,
        models: &SpeakerModels,
        config: &VoiceAuthConfig,
        conditions: &[Condition],
    ) -> Result<Vec<Heard>, Failure> {
        let cache = self.cache.as_deref().map(|folder| Cache::open(folder, models)).transpose()?;
        Listener { models, config, conditions, cache: cache.as_ref() }.hear_all(corpus)
    }
}

pub(crate) fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Verify(args) => verify::run(args, context),
        Command::Advise(args) => advise::run(args, context),
        Command::Fit(args) => fit::run(args, context),
        Command::Pad(args) => pad::run(args, context),
        Command::FitPad(args) => pad::fit::run(args, context),
        Command::Challenge(args) => challenge::run(args, context),
    }
}
