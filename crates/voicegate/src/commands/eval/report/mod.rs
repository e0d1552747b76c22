//! What an evaluation found.

mod case;
mod curves;
mod group;
mod html;
mod metrics;
mod scores;
mod share;
mod text;
mod threshold;

use std::path::Path;

use serde::Serialize;
use voicegate_core::metrics::Resampling;

use super::compare;
use super::condition::Condition;
use super::corpus::Corpus;
use super::embed::Heard;
use super::trials::{Rule, Trials};
use crate::progress;

pub(super) use case::{Case, cases};
use curves::Curves;
use group::{Breakdown, Enrolled, Worst};
pub(super) use group::{ENOUGH_SPEAKERS, Group};
#[cfg(test)]
pub(super) use html::tests::faults;
pub(super) use html::{
    Table, condition as condition_words, det, escape, estimate_cell, figure, html, page, share_cell,
};
pub(super) use metrics::{AtSimilarity, Estimate, Metrics, needed};
pub(super) use scores::scores;
pub(super) use share::{Counts, LEAST_SPEAKERS, Share, plan};
pub(super) use text::{none, of_1000, per_1000, percent as estimate_percent, share as share_percent};
pub(super) use threshold::AtThreshold;

/// Name of the group of all trials.
const ALL: &str = "all";

/// The whole evaluation.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Name of the list of recordings.
    corpus: String,
    /// Registry id of the model or fusion.
    pub(super) model: String,
    /// Version of the calibration; `null` if the scores are not calibrated, and then whatever needs one is `null` too.
    calibration: Option<String>,
    /// Of the attempts.
    condition: Condition,
    threshold: f32,
    min_agreement: f32,
    /// Files each enrolment began with.
    enroll_files: usize,
    /// Resamples of the intervals.
    draws: usize,
    /// By data set, and all together.
    enrolments: Vec<Enrolled>,
    /// Every trial.
    pub(super) all: Group,
    /// The trials of each data set.
    datasets: Vec<Group>,
    breakdowns: Vec<Breakdown>,
    /// `null` if no group has enough trials.
    worst: Option<Worst>,
    /// What other thresholds would have done; empty if the scores are not calibrated.
    thresholds: Vec<AtThreshold>,
    /// `null` without trials of both kinds.
    curves: Option<Curves>,
    /// Several systems on the same recordings; empty if there is one.
    pub(super) comparison: Vec<compare::Row>,
}

/// What an evaluation ran on, and how.
pub(super) struct Setting<'a> {
    pub(super) list: &'a Path,
    pub(super) corpus: &'a Corpus,
    pub(super) heard: &'a [Heard],
    /// The attempts that were heard in place 0.
    pub(super) condition: Condition,
    pub(super) plan: Resampling,
}

impl Report {
    pub(super) fn new(setting: &Setting, outcome: &Trials, rule: &Rule) -> Self {
        let calibrated = rule.version.is_some();
        let plan = &setting.plan;
        let cases = cases(setting.corpus, setting.heard, 0, outcome);
        let every: Vec<&Case> = cases.iter().collect();
        let mut names: Vec<&str> =
            outcome.enrolments.iter().map(|enrolment| enrolment.speaker.dataset.as_str()).collect();
        names.sort_unstable();
        names.dedup();

        let bar = progress::bar(
            (1 + names.len() + group::KINDS.len() + threshold::CHOICES.len()) as u64,
            "intervals",
        );
        let all = Group::new(ALL.into(), &every, calibrated, plan);
        bar.inc(1);
        let dataset = |name: &&str| {
            let own: Vec<&Case> = every.iter().copied().filter(|case| case.dataset == *name).collect();
            bar.inc(1);
            Group::new((*name).to_owned(), &own, calibrated, plan)
        };
        // Of one data set all is the same.
        let datasets: Vec<Group> = match names[..] {
            [name] => vec![Group { name: name.to_owned(), ..all.clone() }],
            _ => names.iter().map(dataset).collect(),
        };
        let breakdown = |kind| {
            bar.inc(1);
            Breakdown::new(kind, &every, calibrated, plan)
        };
        let breakdowns: Vec<Breakdown> =
            group::KINDS.iter().map(breakdown).filter(|found| !found.groups.is_empty()).collect();
        let choice = |threshold: &f32| {
            bar.inc(1);
            AtThreshold::new(&cases, *threshold, &rule.decision, plan)
        };
        let thresholds =
            if calibrated { threshold::CHOICES.iter().map(choice).collect() } else { Vec::new() };
        bar.finish_and_clear();

        let grouped = || breakdowns.iter().flat_map(|b| b.groups.iter().map(|group| (b.by, group)));
        let worst = Worst::among(datasets.iter().map(|group| ("data set", group)).chain(grouped()));
        let enrolled = |name: &str| {
            let own = outcome.enrolments.iter().filter(|e| name == ALL || e.speaker.dataset == name);
            Enrolled::new(name.to_owned(), own)
        };
        Self {
            corpus: file_name(setting.list),
            model: rule.model.clone(),
            calibration: rule.version.clone(),
            condition: setting.condition,
            threshold: rule.decision.base,
            min_agreement: rule.enrolment.min_agreement,
            enroll_files: rule.files,
            draws: plan.draws,
            enrolments: names.iter().copied().chain([ALL]).map(enrolled).collect(),
            curves: Curves::new(&every, calibrated),
            all,
            datasets,
            breakdowns,
            worst,
            thresholds,
            comparison: Vec::new(),
        }
    }

    /// Every table of groups with its name: data sets first. A way of grouping that puts all trials into one group says
    /// nothing.
    fn tables(&self) -> Vec<(&str, Vec<&Group>)> {
        let sum = Some(&self.all).filter(|_| self.datasets.len() > 1);
        let datasets = ("data set", self.datasets.iter().chain(sum).collect());
        let telling = |found: &&Breakdown| found.groups.len() > 1;
        let others =
            self.breakdowns.iter().filter(telling).map(|found| (found.by, found.groups.iter().collect()));
        std::iter::once(datasets).chain(others).collect()
    }
}

/// Name of a file without its folder.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
