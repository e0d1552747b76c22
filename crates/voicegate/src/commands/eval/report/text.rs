//! The report in a terminal.

use std::fmt::Write as _;

use super::super::compare;
use super::Report;
use super::group::{ENOUGH_OWNER_TRIALS, ENOUGH_SPEAKERS, Enrolled, Group};
use super::metrics::Estimate;
use super::share::{Counts, LEAST_SPEAKERS, Share};
use crate::output::table;

impl Report {
    pub(in crate::commands::eval) fn text(&self) -> String {
        let mut text = format!(
            "{}, {}, attempts {}, of {}\nthreshold {:.3}, least agreement {:.3}, {} files to enrol with\n\n",
            self.model,
            self.calibration
                .as_ref()
                .map_or_else(|| "not calibrated".into(), |id| format!("calibration {id}")),
            self.condition.name(),
            self.corpus,
            self.threshold,
            self.min_agreement,
            self.enroll_files,
        );
        text += &self.headline();
        text += &enrolments(&self.enrolments);
        for (name, groups) in self.tables() {
            text += &table(&rates(name, &groups));
            text.push('\n');
        }
        let sets: Vec<&Group> = self.tables().swap_remove(0).1;
        text += &table(&scores(&sets));
        text.push('\n');
        if self.calibration.is_some() {
            text += &table(&promises(&sets));
            text.push('\n');
        }
        if !self.comparison.is_empty() {
            let rows = self.comparison.iter().map(compare::Row::cells);
            text += &table(&std::iter::once(heading(&compare::HEADING)).chain(rows).collect::<Vec<_>>());
            text.push('\n');
        }
        text += &self.worst_group();
        text += &notes(self.draws);
        text
    }

    /// What most readers want to know.
    fn headline(&self) -> String {
        match (self.all.false_reject, self.all.false_accept) {
            (Some(owners), Some(strangers)) => format!(
                "Of 1000 owners {} are turned away, of 1000 strangers {} get in.\n\n",
                of_1000(owners),
                of_1000(strangers)
            ),
            _ if self.calibration.is_none() => {
                "Without a calibration there is no threshold: only how well the scores order the trials is shown.\n\n".into()
            }
            _ => "There are no trials of both owners and strangers.\n\n".into(),
        }
    }

    pub(super) fn worst_group(&self) -> String {
        let enough =
            format!("with {ENOUGH_SPEAKERS} speakers and {ENOUGH_OWNER_TRIALS} decided attempts of owners");
        match &self.worst {
            Some(worst) => format!(
                "Worst group {enough} or more: {} ({}), where of 1000 owners {} are turned away.\n",
                worst.group,
                worst.by,
                of_1000(worst.false_reject)
            ),
            None => format!("No group is large enough to be called the worst ({enough}).\n"),
        }
    }
}

/// `12 [8, 19]`
pub(in crate::commands::eval) fn of_1000(share: Share) -> String {
    let number = |rate: f64| per_1000(rate);
    format!("{} [{}, {}]", number(share.rate), number(share.low), number(share.high))
}

/// As few digits as say something.
pub(in crate::commands::eval) fn per_1000(rate: f64) -> String {
    let number = 1000.0 * rate;
    match number {
        0.0 => "0".into(),
        _ if number < 0.095 => format!("{number:.2}"),
        _ if number < 9.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

fn enrolments(all: &[Enrolled]) -> String {
    let refused: Vec<&Enrolled> = all.iter().filter(|e| e.refused > 0 && e.name != super::ALL).collect();
    let mut text = String::new();
    for Enrolled { name, speakers, refused, .. } in &refused {
        let _ = writeln!(
            text,
            "{name}: {refused} of {speakers} speakers could not be enrolled and have no trials."
        );
    }
    if refused.is_empty() { text } else { text + "\n" }
}

fn heading(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}

fn rates(name: &str, groups: &[&Group]) -> Vec<Vec<String>> {
    let columns = [
        name,
        "speakers",
        "own yes/no/?",
        "strangers yes/no/?",
        "turned away %",
        "let in %",
        "EER %",
        "Cllr (min)",
    ];
    let counts = |c: Counts| match c.undecided {
        0 => format!("{}/{}/{}", c.accept, c.reject, c.inconclusive),
        tried => format!("{tried} compared, {} not", c.inconclusive),
    };
    let row = |group: &&Group| {
        let metrics = group.metrics.as_ref();
        let cllr = metrics.map(|m| {
            let actual = m.cllr.map_or_else(|| "-".into(), |cllr| format!("{:.3}", cllr.value));
            format!("{actual} ({:.3})", m.min_cllr.value)
        });
        vec![
            group.name.clone(),
            group.speakers.to_string(),
            counts(group.owners),
            counts(group.strangers),
            share(group.false_reject),
            share(group.false_accept),
            metrics.map_or_else(none, |m| percent(m.equal_error_rate)),
            cllr.unwrap_or_else(none),
        ]
    };
    std::iter::once(heading(&columns)).chain(groups.iter().map(row)).collect()
}

fn scores(groups: &[&Group]) -> Vec<Vec<String>> {
    let columns = [
        "data set",
        "FRR % at FAR 1 %",
        "at 0.1 %",
        "at 0.01 %",
        "minDCF .01",
        "actDCF .01",
        "minDCF .05",
        "actDCF .05",
    ];
    let row = |group: &&Group| {
        let Some(metrics) = &group.metrics else { return vec![group.name.clone(), none()] };
        let frr = metrics.frr_at_far.iter().map(|at| match at.frr {
            Some(frr) => percent(frr),
            None => {
                format!("not measurable with {} trials, {} needed", metrics.stranger_trials, at.trials_needed)
            }
        });
        let cost =
            |cost: Option<Estimate>| cost.map_or_else(|| "-".into(), |cost| format!("{:.3}", cost.value));
        let costs =
            metrics.detection_cost.iter().flat_map(|found| [cost(Some(found.min)), cost(found.actual)]);
        std::iter::once(group.name.clone()).chain(frr).chain(costs).collect()
    };
    std::iter::once(heading(&columns)).chain(groups.iter().map(row)).collect()
}

fn promises(groups: &[&Group]) -> Vec<Vec<String>> {
    let columns = ["data set", "similarity", "promised FAR %", "FAR %", "FRR %"];
    let rows = groups.iter().flat_map(|group| {
        group.metrics.iter().flat_map(|metrics| &metrics.at_similarity).map(|at| {
            vec![
                group.name.clone(),
                format!("{:.2}", at.similarity),
                format!("{:.3}", 100.0 * at.promised_false_accept),
                share(at.false_accept),
                share(at.false_reject),
            ]
        })
    });
    std::iter::once(heading(&columns)).chain(rows).collect()
}

pub(in crate::commands::eval) fn share(share: Option<Share>) -> String {
    share
        .map_or_else(none, |s| format!("{:.2} [{:.2}, {:.2}]", 100.0 * s.rate, 100.0 * s.low, 100.0 * s.high))
}

/// An estimate between 0 and 1, in percent.
pub(in crate::commands::eval) fn percent(estimate: Estimate) -> String {
    let value = 100.0 * estimate.value;
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{value:.2} [{:.2}, {:.2}]", 100.0 * low, 100.0 * high),
        _ => format!("{value:.2}"),
    }
}

pub(in crate::commands::eval) fn none() -> String {
    "-".into()
}

fn notes(draws: usize) -> String {
    format!(
        "\nyes/no/?: accepted, rejected, inconclusive. Turned away and let in are of the decided trials, FAR and FRR by the \
         similarity alone.\n[low, high] covers 95 %: {draws} resamples of the speakers; the rule of three where there \
         is no error to resample, Wilson's interval with fewer than {LEAST_SPEAKERS} speakers.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rates_keep_their_digits() {
        let shown = [0.0, 0.000_02, 0.000_5, 0.0042, 0.0123, 1.0].map(per_1000);
        assert_eq!(shown, ["0", "0.02", "0.5", "4.2", "12", "1000"]);
    }
}
