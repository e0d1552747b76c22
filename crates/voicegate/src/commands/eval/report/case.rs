//! Trials with everything that they are grouped by.

use std::collections::BTreeMap;

use voicegate_core::QualityMeasures;
use voicegate_core::decide::{Evidence, Measured, Outcome, Policy, decide};
use voicegate_core::score::SpeakerScore;
use voicegate_core::threshold::Context;

use super::super::corpus::{Corpus, Sex};
use super::super::embed::Heard;
use super::super::trials::Trials;

/// One trial.
#[derive(Debug, Clone)]
pub(in crate::commands::eval) struct Case<'a> {
    /// Number of the enrolled speaker; the same speaker has the same number in both places.
    pub(in crate::commands::eval) owner: u32,
    /// Number of the speaker of the attempt.
    pub(in crate::commands::eval) tested: u32,
    pub(in crate::commands::eval) dataset: &'a str,
    pub(in crate::commands::eval) target: bool,
    pub(in crate::commands::eval) outcome: Outcome,
    /// `None` if the attempt could not be compared.
    pub(in crate::commands::eval) score: Option<&'a SpeakerScore>,
    /// Of the attempt.
    pub(in crate::commands::eval) quality: QualityMeasures,
    pub(in crate::commands::eval) owner_sex: Option<Sex>,
    pub(in crate::commands::eval) tested_sex: Option<Sex>,
    pub(in crate::commands::eval) owner_age: Option<u8>,
}

/// The trials in their order. `condition` is the place of the condition they were made in.
pub(in crate::commands::eval) fn cases<'a>(
    corpus: &'a Corpus,
    heard: &[Heard],
    condition: usize,
    outcome: &'a Trials,
) -> Vec<Case<'a>> {
    let mut numbers: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let speakers: Vec<u32> = corpus
        .rows
        .iter()
        .map(|row| {
            let next = numbers.len() as u32;
            *numbers.entry((&row.dataset, &row.speaker)).or_insert(next)
        })
        .collect();
    let case = |trial: &'a super::super::trials::Trial| {
        let enrolled = &outcome.enrolments[trial.enrolment].speaker;
        let own = || enrolled.rows.iter().map(|&row| &corpus.rows[row]);
        Case {
            owner: enrolled.rows.first().map_or(u32::MAX, |&row| speakers[row]),
            tested: speakers[trial.row],
            dataset: &enrolled.dataset,
            target: trial.target,
            outcome: trial.outcome,
            score: trial.score.as_ref(),
            quality: heard[trial.row].attempts[condition].quality,
            owner_sex: own().find_map(|row| row.sex),
            tested_sex: corpus.rows[trial.row].sex,
            owner_age: own().find_map(|row| row.age),
        }
    };
    outcome.trials.iter().map(case).collect()
}

/// The outcomes if the threshold were another one.
pub(in crate::commands::eval) fn with_threshold<'a>(
    cases: &[Case<'a>],
    base: f32,
    policy: &Policy,
) -> Vec<Case<'a>> {
    let policy = Policy { base, ..policy.clone() };
    let again = |case: &Case<'a>| {
        // What could not be compared cannot be compared at another threshold either.
        let outcome = case.score.map_or(case.outcome, |score| {
            let evidence = Evidence::of_voice(Measured::Value(score.clone()));
            let context = Context { quality: Some(case.quality), ..Context::default() };
            decide(&evidence, &policy, &context).outcome
        });
        Case { outcome, ..case.clone() }
    };
    cases.iter().map(again).collect()
}
