//! How often the words of a challenge are accepted when they were said, and others when they were not.

mod columns;
mod digits;
mod hear;
mod listening;
mod random;
mod report;
mod scores;
mod sentences;
mod trials;

use std::fs;
use std::path::PathBuf;

use voicegate_core::metrics::Resampling;

use self::digits::Digits;
use self::listening::Listening;
use self::report::{Report, Setting, Taken};
use self::sentences::Sentences;
use super::Draws;
use super::condition::Condition;
use super::report::{file_name, plan};
use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,

    /// Digits of a string; shorter ones than the service asks for are allowed.
    #[arg(
        long, value_name = "N[,N...]", value_delimiter = ',', default_values_t = [7, 8],
        value_parser = clap::value_parser!(u8).range(2..=16)
    )]
    lengths: Vec<u8>,

    /// Strings of each length for each speaker.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    strings: u16,

    /// Put every utterance into an acoustic condition.
    #[arg(long, value_enum, default_value_t = Condition::Clean)]
    condition: Condition,

    #[command(flatten)]
    draws: Draws,

    /// Seed of the strings, the prompts and the resampling, for others from the same recordings.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Also write every trial: speaker, how it was said, kind and length of the prompt, what that has to do with what was said, log-likelihood
    /// ratio, and whether it passed.
    #[arg(long, value_name = "OUT.tsv")]
    scores: Option<PathBuf>,
}

/// What is said.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Source {
    /// List of recordings of one digit each, which are joined to strings: tab-separated, with a heading that names `path`,
    /// `speaker` and `digit`. Paths are relative to the list.
    #[arg(long, value_name = "FILE.tsv")]
    digits: Option<PathBuf>,

    /// List of sentences that were read: as above, with `path`, `dataset`, `speaker` and `text`. Those are taken that
    /// could be prompts: digits alone, or words that prompts are made of.
    #[arg(long, value_name = "FILE.tsv")]
    sentences: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let mut lengths: Vec<usize> = args.lengths.iter().copied().map(usize::from).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let longest = lengths.last().copied().unwrap_or_default();
    let digits = args.source.digits.as_deref().map(|list| Digits::read(list, longest)).transpose()?;
    let sentences = args.source.sentences.as_deref().map(Sentences::read).transpose()?;
    let models = context.models_on_every_core(&config)?;
    let recogniser = models
        .recogniser()
        .map_err(|reason| Failure::new("model-unavailable", format!("there is no recogniser: {reason}")))?;
    let usual = plan(args.draws.draws);
    let plan = Resampling { seed: args.seed.unwrap_or(usual.seed), ..usual };

    let listening = Listening { recogniser, config: &config, condition: args.condition, seed: plan.seed };
    let (mut names, mut answers) = (Vec::new(), Vec::new());
    if let Some(digits) = &digits {
        answers.extend(listening.to_strings(digits, &lengths, args.strings, &mut names)?);
    }
    if let Some(sentences) = &sentences {
        answers.extend(listening.to_sentences(sentences, &mut names)?);
    }
    if let Some(path) = &args.scores {
        fs::write(path, scores::scores(&answers, &names)).map_err(|error| Failure::file(path, &error))?;
    }
    let lists = [&args.source.digits, &args.source.sentences].into_iter().flatten();
    let setting = Setting {
        recogniser: recogniser.name(),
        corpora: lists.map(|list| file_name(list)).collect(),
        condition: args.condition,
        sentences: sentences.map(|found| Taken { listed: found.listed, usable: found.usable.len() }),
        names: &names,
        plan,
    };
    context.format.print(&Report::new(setting, &answers), Report::text)?;
    Ok(Exit::Good)
}
