//! Which threshold an operator's own recordings speak for.

mod proposal;
mod text;

use serde::Serialize;

use super::condition::Condition;
use super::report::{
    self, AtSimilarity, AtThreshold, Case, Counts, ENOUGH_SPEAKERS, Estimate, Group, cases, file_name,
};
use super::systems::Chosen;
use super::{Draws, Enroll, Source, trials};
use crate::exit::{Exit, Failure};
use crate::wiring::Context;
use proposal::Proposal;
use voicegate_core::similarity::promised_false_accept_rate;
use voicegate_service::policy;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    enroll: Enroll,

    /// The most strangers that may get in, as a share: 0.001 is one in 1000.
    #[arg(long, value_name = "RATE", default_value_t = 0.001, value_parser = rate)]
    far: f64,

    #[command(flatten)]
    draws: Draws,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if rate > 0.0 && rate < 1.0 { Ok(rate) } else { Err("it must lie between 0 and 1".to_owned()) }
}

/// The advice, and what it rests on.
#[derive(Debug, Serialize)]
struct Advice {
    corpus: String,
    model: String,
    calibration: String,
    /// Speakers with trials.
    speakers: usize,
    /// Whether there are so few that nothing here says much about anybody else.
    few_speakers: bool,
    owners: Counts,
    strangers: Counts,
    /// What the present threshold did.
    present: AtThreshold,
    /// The most strangers that the scale promises there.
    promised_false_accept: f64,
    check: Option<Check>,
    wanted_false_accept: f64,
    proposal: Proposal,
    refit: Refit,
}

/// Whether the calibration holds on these recordings.
#[derive(Debug, Serialize)]
struct Check {
    holds: bool,
    cllr: Estimate,
    min_cllr: Estimate,
    /// What is lost by the calibration.
    loss: Estimate,
    at_similarity: Vec<AtSimilarity>,
}

/// Bits that a calibration may lose.
const LOSS: f64 = 0.05;

impl Check {
    /// It does not hold if it surely loses much, or surely lets more strangers in than the scale promises.
    fn new(all: &Group) -> Option<Self> {
        let metrics = all.metrics.as_ref()?;
        let (cllr, loss) = (metrics.cllr?, metrics.calibration_loss?);
        let kept = metrics
            .at_similarity
            .iter()
            .all(|at| at.false_accept.is_none_or(|share| share.low <= at.promised_false_accept));
        Some(Self {
            holds: kept && loss.low.unwrap_or(loss.value) <= LOSS,
            cllr,
            min_cllr: metrics.min_cllr,
            loss,
            at_similarity: metrics.at_similarity.clone(),
        })
    }
}

/// Whether to fit a calibration to these recordings.
#[derive(Debug, Serialize)]
struct Refit {
    recommended: bool,
    /// Speakers below which a calibration of one's own is worse than the shipped one.
    speakers_needed: usize,
}

/// Pairs of fewer speakers show too little of how strangers score.
const FIT_SPEAKERS: usize = 50;

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.configure()?.current();
    let corpus = args.source.read()?;
    let chosen = Chosen::serving(context, &config, false)?;
    let speakers = chosen.speakers()?;
    // Without a calibration no threshold means anything.
    let calibration = policy::calibration(speakers.serving())?.id.clone();
    let rule = chosen.rule(speakers.serving(), &config, args.enroll.files)?;
    let heard = args.source.hear(&corpus, speakers, &config, &[Condition::Clean])?;
    let outcome = trials::run(&corpus, &heard, 0, &corpus.choose(None), &rule);
    let plan = report::plan(args.draws.draws);
    let cases = cases(&corpus, &heard, 0, &outcome);
    let every: Vec<&Case> = cases.iter().collect();
    let all = Group::new("all".into(), &every, true, &plan);

    let check = Check::new(&all);
    let present = rule.decision.base;
    let advice = Advice {
        corpus: file_name(&args.source.corpus),
        model: rule.model.clone(),
        calibration,
        speakers: all.speakers,
        few_speakers: all.speakers < ENOUGH_SPEAKERS,
        owners: all.owners,
        strangers: all.strangers,
        present: AtThreshold::new(&cases, present, &rule.decision, &plan),
        promised_false_accept: promised_false_accept_rate(present),
        wanted_false_accept: args.far,
        proposal: Proposal::new(&cases, all.strangers, args.far, &rule.decision, &plan),
        refit: Refit {
            recommended: check.as_ref().is_some_and(|check| !check.holds) && all.speakers >= FIT_SPEAKERS,
            speakers_needed: FIT_SPEAKERS,
        },
        check,
    };
    context.format.print(&advice, text::text)?;
    Ok(Exit::Good)
}
