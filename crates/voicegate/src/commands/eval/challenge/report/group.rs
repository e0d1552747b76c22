//! The answers to prompts of one kind and length, or of one speaker.

use std::collections::BTreeSet;

use serde::Serialize;
use voicegate_core::challenge::PromptKind;
use voicegate_core::metrics::{Bootstrap, Resampling, Scores, Tally, Trial, eer, share_interval};

use super::super::super::report::{Estimate, LEAST_SPEAKERS, Share};
use super::super::hear::{Answer, Spoken};
use super::super::trials::Kind;

/// Shares of the answers whose ratios are told.
const QUANTILES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// Utterances that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in super::super) struct Group {
    pub(in super::super) spoken: Spoken,
    pub(in super::super) prompt: PromptKind,
    /// Words of the prompts; `null` for all lengths.
    pub(in super::super) length: Option<usize>,
    /// `null` for all.
    pub(in super::super) speaker: Option<String>,
    /// By kind of trial.
    pub(in super::super) trials: Vec<Trials>,
}

/// Trials of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in super::super) struct Trials {
    pub(in super::super) kind: Kind,
    pub(in super::super) accepted: Share,
    /// Against the right prompts, over all thresholds; `null` for those themselves.
    pub(in super::super) equal_error_rate: Option<Estimate>,
    pub(in super::super) llr: Vec<Quantile>,
}

/// The smallest log-likelihood ratio that at least the share `at` of the trials does not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(in super::super) struct Quantile {
    pub(in super::super) at: f64,
    pub(in super::super) llr: f64,
}

impl Group {
    pub(super) fn new(
        (spoken, prompt): (Spoken, PromptKind),
        length: Option<usize>,
        speaker: Option<&str>,
        answers: &[&Answer],
        plan: &Resampling,
    ) -> Self {
        let of = |kind: Kind| -> Vec<&Answer> {
            answers.iter().copied().filter(|answer| answer.kind == kind).collect()
        };
        let right = of(Kind::Right);
        let trials = |kind: Kind| {
            let own = of(kind);
            Some(Trials {
                kind,
                accepted: accepted(&own, plan)?,
                equal_error_rate: (kind != Kind::Right)
                    .then(|| equal_error_rate(&right, &own, plan))
                    .flatten(),
                llr: quantiles(&own),
            })
        };
        Self {
            spoken,
            prompt,
            length,
            speaker: speaker.map(str::to_owned),
            trials: Kind::ALL.into_iter().filter_map(trials).collect(),
        }
    }
}

/// `None` without answers.
fn accepted(answers: &[&Answer], plan: &Resampling) -> Option<Share> {
    let trials: Vec<(u32, bool)> =
        answers.iter().map(|answer| (answer.speaker as u32, answer.passed)).collect();
    let interval = enough_speakers(answers).then(|| share_interval(&trials, plan)).flatten();
    Share::new(trials.iter().filter(|(_, passed)| *passed).count(), trials.len(), interval)
}

/// `None` without answers of both sorts.
fn equal_error_rate(right: &[&Answer], wrong: &[&Answer], plan: &Resampling) -> Option<Estimate> {
    let owned = right.iter().map(|answer| Trial::target(answer.llr, answer.speaker as u32));
    let wrong =
        wrong.iter().map(|answer| Trial::impostor(answer.llr, answer.speaker as u32, answer.speaker as u32));
    let scores = Scores::new(owned.chain(wrong).collect()).ok()?;
    let rate = |tally: &Tally| eer(tally).rate;
    let interval = enough_speakers(right).then(|| Bootstrap::new(&scores).interval(plan, rate)).flatten();
    // Where there is no error resampling shows none either.
    let interval = interval.filter(|found| found.low < found.high);
    Some(Estimate {
        value: rate(&Tally::new(&scores)),
        low: interval.map(|found| found.low),
        high: interval.map(|found| found.high),
    })
}

fn enough_speakers(answers: &[&Answer]) -> bool {
    let speakers: BTreeSet<usize> = answers.iter().map(|answer| answer.speaker).collect();
    speakers.len() >= LEAST_SPEAKERS
}

fn quantiles(answers: &[&Answer]) -> Vec<Quantile> {
    let mut ratios: Vec<f64> = answers.iter().map(|answer| answer.llr).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let quantile = |at: f64| {
        let place = ((at * ratios.len() as f64).ceil() as usize).max(1) - 1;
        ratios.get(place).map(|&llr| Quantile { at, llr })
    };
    QUANTILES.into_iter().filter_map(quantile).collect()
}
