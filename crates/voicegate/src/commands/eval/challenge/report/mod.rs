//! What an evaluation of the challenges found.

mod group;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;

use serde::Serialize;
use voicegate_core::challenge::PromptKind;
use voicegate_core::metrics::Resampling;

use super::super::condition::Condition;
use super::hear::{Answer, Spoken};
use group::Group;

/// The whole evaluation.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Who heard the words.
    recogniser: String,
    /// Names of the lists of recordings.
    corpora: Vec<String>,
    condition: Condition,
    /// Of the strings and the resampling.
    seed: u64,
    /// Resamples of the intervals.
    draws: usize,
    /// `null` without a list of sentences.
    sentences: Option<Taken>,
    /// By how they were said and kind and length of the prompts, all lengths of a kind last.
    groups: Vec<Group>,
    /// The prompts of all lengths, by how they were said, kind and speaker.
    speakers: Vec<Group>,
}

/// How many sentences could be prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Taken {
    pub(super) listed: usize,
    pub(super) usable: usize,
}

/// What an evaluation ran on, and how.
pub(super) struct Setting<'a> {
    pub(super) recogniser: &'a str,
    pub(super) corpora: Vec<String>,
    pub(super) condition: Condition,
    pub(super) sentences: Option<Taken>,
    /// Names of the speakers by their numbers.
    pub(super) names: &'a [String],
    pub(super) plan: Resampling,
}

impl Report {
    pub(super) fn new(setting: Setting, answers: &[Answer]) -> Self {
        let Setting { recogniser, corpora, condition, sentences, names, plan } = setting;
        let (mut groups, mut speakers) = (Vec::new(), Vec::new());
        let kinds = [PromptKind::Digits, PromptKind::Words];
        for sort in Spoken::ALL.into_iter().flat_map(|spoken| kinds.map(|kind| (spoken, kind))) {
            let own: Vec<&Answer> =
                answers.iter().filter(|answer| (answer.spoken, answer.prompt) == sort).collect();
            let only = |holds: &dyn Fn(&Answer) -> bool| -> Vec<&Answer> {
                own.iter().copied().filter(|answer| holds(answer)).collect()
            };
            let lengths: BTreeSet<usize> = own.iter().map(|answer| answer.length).collect();
            for &length in &lengths {
                let those = only(&|answer| answer.length == length);
                groups.push(Group::new(sort, Some(length), None, &those, &plan));
            }
            if !own.is_empty() {
                groups.push(Group::new(sort, None, None, &own, &plan));
            }
            let numbers: BTreeSet<usize> = own.iter().map(|answer| answer.speaker).collect();
            for number in numbers {
                let those = only(&|answer| answer.speaker == number);
                speakers.push(Group::new(sort, None, Some(&names[number]), &those, &plan));
            }
        }
        Self {
            recogniser: recogniser.to_owned(),
            corpora,
            condition,
            seed: plan.seed,
            draws: plan.draws,
            sentences,
            groups,
            speakers,
        }
    }
}
