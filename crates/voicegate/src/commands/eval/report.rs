//! Counts, rates and intervals.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use voicegate_core::decide::Outcome;
use voicegate_core::error_rates::{Rate, equal_error_rate};

use super::corpus::Corpus;
use super::trials::{Rule, Trial, Trials};
use crate::output::table;

/// The whole evaluation.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    model: String,
    threshold: f32,
    min_agreement: f32,
    /// Files each enrolment began with.
    enroll_files: usize,
    /// By data set; `all` counts every trial once.
    datasets: BTreeMap<String, Group>,
}

/// The trials of one data set.
#[derive(Debug, Serialize)]
struct Group {
    /// Speakers that were to be enrolled.
    speakers: usize,
    /// Speakers whose files made no complete profile; they have no trials.
    enrolments_refused: usize,
    /// Samples offered per enrolled speaker, mean.
    samples_per_enrolment: Option<f64>,
    /// Offered samples that did not agree with the others of their speaker.
    samples_disagreeing: usize,
    owners: Counts,
    strangers: Counts,
    /// Owners rejected, of those decided.
    false_reject: Option<Rate>,
    /// Strangers accepted, of those decided.
    false_accept: Option<Rate>,
    /// Owners not accepted, of all tried: rejected or inconclusive.
    owners_not_accepted: Option<Rate>,
    /// Equal error rate over the scores, 0 to 1.
    equal_error_rate: Option<f64>,
    /// The threshold where it is reached.
    equal_error_threshold: Option<f32>,
}

/// Outcomes of trials.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Counts {
    accept: usize,
    reject: usize,
    inconclusive: usize,
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accept => self.accept += 1,
            Outcome::Reject => self.reject += 1,
            Outcome::Inconclusive => self.inconclusive += 1,
        }
    }

    fn decided(self) -> usize {
        self.accept + self.reject
    }
}

impl Report {
    pub(super) fn new(corpus: &Corpus, outcome: &Trials, rule: &Rule) -> Self {
        let mut names: Vec<&str> = corpus.rows.iter().map(|row| row.dataset.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut datasets: BTreeMap<String, Group> = names
            .iter()
            .map(|name| ((*name).to_owned(), group(outcome, |dataset| dataset == *name)))
            .collect();
        if names.len() > 1 {
            datasets.insert("all".into(), group(outcome, |_| true));
        }
        Self {
            model: rule.model.clone(),
            threshold: rule.decision.score_threshold,
            min_agreement: rule.enrolment.min_agreement,
            enroll_files: rule.files,
            datasets,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "model {}, threshold {:.3}, least agreement {:.3}, {} files to enrol with\n\n",
            self.model, self.threshold, self.min_agreement, self.enroll_files
        );
        let heading = [
            "data set",
            "speakers",
            "refused",
            "samples",
            "own: yes/no/?",
            "strangers: yes/no/?",
            "false reject %",
            "false accept %",
            "EER %",
        ];
        let mut rows = vec![heading.map(String::from).to_vec()];
        // Ordinary data sets first, the sum last.
        let (all, single): (Vec<_>, Vec<_>) = self.datasets.iter().partition(|(name, _)| *name == "all");
        rows.extend(single.into_iter().chain(all).map(|(name, group)| group.row(name)));
        text.push_str(&table(&rows));
        let _ = write!(
            text,
            "\nyes/no/?: accepted, rejected, inconclusive. Rates are of the decided trials, with 95 % Wilson intervals, \
             which take the trials as independent;\ntrials of one speaker are not, so the true intervals are wider.\n"
        );
        text
    }
}

impl Group {
    fn row(&self, name: &str) -> Vec<String> {
        let counts = |c: Counts| format!("{}/{}/{}", c.accept, c.reject, c.inconclusive);
        let rate = |rate: Option<Rate>| {
            rate.map_or_else(
                || "none".into(),
                |r| format!("{:.2} [{:.2}, {:.2}]", 100.0 * r.rate, 100.0 * r.low, 100.0 * r.high),
            )
        };
        let percent =
            |value: Option<f64>| value.map_or_else(|| "none".into(), |v| format!("{:.2}", 100.0 * v));
        vec![
            name.to_owned(),
            self.speakers.to_string(),
            self.enrolments_refused.to_string(),
            self.samples_per_enrolment.map_or_else(|| "none".into(), |mean| format!("{mean:.2}")),
            counts(self.owners),
            counts(self.strangers),
            rate(self.false_reject),
            rate(self.false_accept),
            percent(self.equal_error_rate),
        ]
    }
}

fn group(outcome: &Trials, belongs: impl Fn(&str) -> bool) -> Group {
    let enrolments: Vec<_> =
        outcome.enrolments.iter().filter(|enrolment| belongs(&enrolment.speaker.dataset)).collect();
    let enrolled: Vec<_> = enrolments.iter().filter(|enrolment| enrolment.template.is_some()).collect();
    let offered: usize = enrolled.iter().map(|enrolment| enrolment.offered.len()).sum();
    let trials =
        || outcome.trials.iter().filter(|t| belongs(&outcome.enrolments[t.enrolment].speaker.dataset));
    let (mut owners, mut strangers) = (Counts::default(), Counts::default());
    trials().for_each(|t| if t.target { owners.add(t.outcome) } else { strangers.add(t.outcome) });
    let scores = |target: bool| -> Vec<f32> {
        trials().filter(|t| t.target == target).filter_map(|t| t.score).collect()
    };
    let equal = equal_error_rate(&scores(true), &scores(false));
    Group {
        speakers: enrolments.len(),
        enrolments_refused: enrolments.len() - enrolled.len(),
        samples_per_enrolment: (!enrolled.is_empty()).then(|| offered as f64 / enrolled.len() as f64),
        samples_disagreeing: enrolments.iter().map(|enrolment| enrolment.disagreeing).sum(),
        owners,
        strangers,
        false_reject: Rate::new(owners.reject, owners.decided()),
        false_accept: Rate::new(strangers.accept, strangers.decided()),
        owners_not_accepted: Rate::new(
            owners.reject + owners.inconclusive,
            owners.decided() + owners.inconclusive,
        ),
        equal_error_rate: equal.map(|(rate, _)| rate),
        equal_error_threshold: equal.map(|(_, threshold)| threshold),
    }
}

/// Every trial as a line.
pub(super) fn scores(corpus: &Corpus, outcome: &Trials) -> String {
    let mut text = String::from("dataset\tenrolled\tpath\ttarget\tscore\n");
    for Trial { enrolment, row, target, score, .. } in &outcome.trials {
        let speaker = &outcome.enrolments[*enrolment].speaker;
        let score = score.map_or_else(String::new, |score| format!("{score:.6}"));
        let path = &corpus.rows[*row].path;
        let _ =
            writeln!(text, "{}\t{}\t{path}\t{}\t{score}", speaker.dataset, speaker.name, u8::from(*target));
    }
    text
}
