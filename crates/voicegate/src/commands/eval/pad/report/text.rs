//! The report in a terminal.

use super::super::super::report::{LEAST_SPEAKERS, estimate_percent, none, share_percent};
use super::group::Species;
use super::measures::{AtLimit, Measures};
use super::{ALL, Report};
use crate::output::table;

impl Report {
    pub(in super::super) fn text(&self) -> String {
        let mut text = self.headline();
        if self.all.is_some() {
            text += &table(&self.species_table());
            text.push('\n');
            text += &table(&self.equal_errors());
            text.push('\n');
        }
        if !self.sources.is_empty() {
            text += &table(&self.sources_table());
            text.push('\n');
        }
        text += &table(&self.detectors_table());
        if !self.end_to_end.is_empty() {
            text.push('\n');
            text += &super::end_to_end::text(&self.end_to_end);
        }
        text + &notes(self.draws)
    }

    fn headline(&self) -> String {
        let about = format!("{}, {}", self.corpora.join(", "), self.condition.name());
        match (&self.fusion, &self.policy) {
            (Some(id), Some(policy)) => {
                let worst = self.worst.as_ref().map_or_else(String::new, |worst| {
                    format!(
                        "Worst species: {}, APCER {} %.\n",
                        worst.species,
                        share_percent(Some(worst.apcer))
                    )
                });
                format!(
                    "fusion {id}, {about}\nattack from LLR {:.2} on, suspicious from {:.2} on\n{worst}\n",
                    policy.threshold_llr, policy.suspicious_llr
                )
            }
            _ => format!("no fusion serves, {about}\n\n"),
        }
    }

    fn species_table(&self) -> Vec<Vec<String>> {
        let heading = [
            "species",
            "n",
            "no answer %",
            "APCER %",
            "unsuspected %",
            "APCER % at BPCER 1 %",
            "at BPCER 5 %",
        ];
        let row = |species: &Species| {
            let at = |place: usize| at_limit(species.fused.as_ref().map(|fused| fused.apcer_at_bpcer[place]));
            vec![
                species.name.clone(),
                species.presentations.to_string(),
                share_percent(species.non_response),
                share_percent(species.apcer),
                share_percent(species.unsuspected),
                at(0),
                at(1),
            ]
        };
        headed(&heading, self.all_species().map(row))
    }

    /// Of the fusion and the networks; the signals stand in the table of detectors.
    fn equal_errors(&self) -> Vec<Vec<String>> {
        let names: Vec<&str> = self.measured.iter().map(|alone| alone.name.as_str()).collect();
        let heading: Vec<&str> =
            ["EER % of species", "fused"].into_iter().chain(names.iter().copied()).collect();
        let rate = |found: Option<&Measures>| {
            found.map_or_else(none, |found| format!("{:.1}", 100.0 * found.equal_error_rate.value))
        };
        let row = |species: &Species| {
            let alone = names.iter().map(|name| rate(species.detectors.get(*name)));
            [species.name.clone(), rate(species.fused.as_ref())].into_iter().chain(alone).collect()
        };
        // Detectors stand below each other: there are more of them than fit beside each other.
        turned(&headed(&heading, self.all_species().map(row)))
    }

    fn sources_table(&self) -> Vec<Vec<String>> {
        let heading = ["bona fide source", "n", "no answer %", "BPCER %", "suspected %"];
        let rows = self.sources.iter().map(|source| {
            vec![
                source.name.clone(),
                source.presentations.to_string(),
                share_percent(source.non_response),
                share_percent(source.bpcer),
                share_percent(source.suspected),
            ]
        });
        headed(&heading, rows)
    }

    /// Over all species.
    fn detectors_table(&self) -> Vec<Vec<String>> {
        let heading = [
            "detector",
            "no answer % attacks",
            "bona fide",
            "EER %",
            "APCER % at BPCER 1 %",
            "at BPCER 5 %",
            "BPCER % at APCER 5 %",
            "Cllr",
            "min Cllr",
        ];
        let cells = |found: Option<&Measures>| match found {
            None => vec![none(); 6],
            Some(found) => vec![
                estimate_percent(found.equal_error_rate),
                at_limit(Some(found.apcer_at_bpcer[0])),
                at_limit(Some(found.apcer_at_bpcer[1])),
                at_limit(Some(found.bpcer_at_apcer[1])),
                found.cllr.map_or_else(none, |cllr| format!("{:.3}", cllr.value)),
                format!("{:.3}", found.min_cllr.value),
            ],
        };
        let percent = |share: Option<f64>| share.map_or_else(none, |share| format!("{:.1}", 100.0 * share));
        let all = self.all.as_ref();
        let fused_unanswered = |share: Option<f64>| percent(share.filter(|_| self.fusion.is_some()));
        let attacks = all.and_then(|all| all.non_response).map(|share| share.rate);
        let bona_fide = self.sources.iter().find(|source| source.name == ALL);
        let bona_fide = bona_fide.and_then(|all| all.non_response).map(|share| share.rate);
        let mut fused = vec!["fused".to_owned(), fused_unanswered(attacks), fused_unanswered(bona_fide)];
        fused.extend(cells(all.and_then(|all| all.fused.as_ref())));
        let rows = self.measured.iter().map(|alone| {
            let mut row = vec![
                alone.name.clone(),
                percent(alone.attacks_unmeasured),
                percent(alone.bona_fide_unmeasured),
            ];
            row.extend(cells(all.and_then(|all| all.detectors.get(&alone.name))));
            row
        });
        headed(&heading, std::iter::once(fused).chain(rows))
    }
}

/// A rate at a limit, in brackets where there are too few recordings to show one as low.
pub(super) fn at_limit(found: Option<AtLimit>) -> String {
    match found {
        Some(found) if found.measurable => estimate_percent(found.rate),
        Some(found) => format!("({})", estimate_percent(found.rate)),
        None => none(),
    }
}

pub(in super::super) fn headed(
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Vec<Vec<String>> {
    std::iter::once(columns.iter().map(|column| (*column).to_owned()).collect()).chain(rows).collect()
}

fn turned(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let columns = rows.first().map_or(0, Vec::len);
    (0..columns).map(|column| rows.iter().map(|row| row[column].clone()).collect()).collect()
}

fn notes(draws: usize) -> String {
    format!(
        "\nAPCER: attacks taken for bona fide, BPCER: bona fide recordings taken for attacks, both of those that were \
         answered. In brackets: too few recordings to show a rate as low as the limit.\n[low, high] covers 95 %: {draws} \
         resamples of the speakers, or of the recordings where no speaker is named; shares of recordings without a \
         speaker, or of fewer than {LEAST_SPEAKERS} speakers, have Wilson's interval, and the rule of three where there \
         is no error.\n"
    )
}
