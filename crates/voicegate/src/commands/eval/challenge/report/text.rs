//! The report in a terminal.

use super::super::super::report::{LEAST_SPEAKERS, estimate_percent, none, share_percent};
use super::group::{Group, Quantile, Trials};
use super::{Report, Taken};
use crate::output::table;

/// Sentences below which their rates show little.
const ENOUGH_SENTENCES: usize = 20;

impl Report {
    pub(in super::super) fn text(&self) -> String {
        let about = format!(
            "recogniser {}, {}, {}\n\n",
            self.recogniser,
            self.corpora.join(", "),
            self.condition.name()
        );
        let heading =
            ["said", "prompt", "n", "accepted %", "EER % against right", "LLR 5 %", "median", "95 %"];
        let rows = self.groups.iter().flat_map(|group| group.trials.iter().map(|trials| row(group, trials)));
        let rows: Vec<Vec<String>> =
            std::iter::once(heading.map(str::to_owned).to_vec()).chain(rows).collect();
        about + &table(&rows) + &self.sentences.map_or_else(String::new, taken) + &notes(self.draws)
    }
}

fn row(group: &Group, trials: &Trials) -> Vec<String> {
    let length = group.length.map_or_else(|| "all".to_owned(), |length| length.to_string());
    let mut row = vec![
        format!("{length} {}, {}", group.prompt, group.spoken.name()),
        trials.kind.name().to_owned(),
        trials.accepted.trials.to_string(),
        share_percent(Some(trials.accepted)),
        trials.equal_error_rate.map_or_else(none, estimate_percent),
    ];
    row.extend([0.05, 0.5, 0.95].map(|at| llr(&trials.llr, at)));
    row
}

fn llr(quantiles: &[Quantile], at: f64) -> String {
    let found = quantiles.iter().find(|quantile| quantile.at == at);
    found.map_or_else(none, |quantile| format!("{:.2}", quantile.llr))
}

fn taken(Taken { listed, usable }: Taken) -> String {
    let little = if usable < ENOUGH_SENTENCES { "; that is too few to show much" } else { "" };
    format!("\n{usable} of {listed} sentences could be prompts{little}.\n")
}

fn notes(draws: usize) -> String {
    format!(
        "\nright: what was said; other: drawn by itself; exchanged: two neighbouring words the other way round; \
         one_changed: one word is another.\n[low, high] covers 95 %: {draws} resamples of the speakers; the rule of three \
         where all or none were accepted, Wilson's interval with fewer than {LEAST_SPEAKERS} speakers.\n"
    )
}
