//! The tables of the page.

use super::super::super::super::report::{Estimate, Share, Table, estimate_cell, share_cell};
use super::super::group::Species;
use super::super::measures::{AtLimit, Measures};
use super::super::{ALL, Report};

impl Report {
    /// How each species fares, by the fusion and by each detector.
    pub(super) fn by_species(&self) -> String {
        if self.species.is_empty() {
            return String::new();
        }
        let headings = [
            "Species",
            "Pass, of 1000",
            "Not even suspicious, of 1000",
            "No answer, of 1000",
            "APCER % at BPCER 1 %",
            "at BPCER 5 %",
            "EER %",
            "Attacks",
        ];
        let mut table = Table::new("Attacks by species", &headings);
        let highest = |share: fn(&Species) -> Option<Share>| {
            self.species.iter().filter_map(share).map(|share| share.high).fold(0.0, f64::max)
        };
        let (pass, unsuspected) = (highest(|s| s.apcer), highest(|s| s.unsuspected));
        for species in self.all_species() {
            let fused = species.fused.as_ref();
            let cells = [
                share_cell("stranger", species.apcer, pass),
                share_cell("stranger", species.unsuspected, unsuspected),
                share_cell("owner", species.non_response, 0.0),
                limit(fused.map(|f| f.apcer_at_bpcer[0])),
                limit(fused.map(|f| f.apcer_at_bpcer[1])),
                percent(fused.map(|f| f.equal_error_rate)),
                species.presentations.to_string(),
            ];
            table.row(&species.name, species.name == ALL, &cells);
        }
        let mut by_detector = Table::new("EER % of each detector by species", &self.detector_headings());
        for species in self.all_species() {
            let rate = |found: Option<&Measures>| {
                found.map_or_else(dash, |found| format!("{:.1}", 100.0 * found.equal_error_rate.value))
            };
            let alone = self.measured.iter().map(|alone| rate(species.detectors.get(&alone.name)));
            let cells: Vec<String> = std::iter::once(rate(species.fused.as_ref())).chain(alone).collect();
            by_detector.row(&species.name, species.name == ALL, &cells);
        }
        format!(
            "<section>\n<h2>Which attacks pass</h2>\n{}{}</section>\n",
            table.finish(),
            by_detector.finish()
        )
    }

    fn detector_headings(&self) -> Vec<&str> {
        ["Species", "Fused"]
            .into_iter()
            .chain(self.measured.iter().map(|alone| alone.name.as_str()))
            .collect()
    }

    /// Bona fide recordings.
    pub(super) fn by_source(&self) -> String {
        let headings = [
            "Source",
            "Taken for an attack, of 1000",
            "Suspected, of 1000",
            "No answer, of 1000",
            "Recordings",
        ];
        let mut table = Table::new("Bona fide recordings by source", &headings);
        let highest = self.sources.iter().filter_map(|source| source.suspected).map(|share| share.high);
        let whole = highest.fold(0.0, f64::max);
        for source in &self.sources {
            let cells = [
                share_cell("owner", source.bpcer, whole),
                share_cell("owner", source.suspected, whole),
                share_cell("owner", source.non_response, 0.0),
                source.presentations.to_string(),
            ];
            table.row(&source.name, source.name == ALL, &cells);
        }
        format!("<section>\n<h2>Who is taken for an attacker</h2>\n{}</section>\n", table.finish())
    }

    /// Each detector over all species.
    pub(super) fn by_detector(&self) -> String {
        let Some(all) = &self.all else { return String::new() };
        let headings =
            ["Detector", "EER %", "APCER % at BPCER 1 %", "at BPCER 5 %", "BPCER % at APCER 5 %", "min Cllr"];
        let mut table = Table::new("Each detector over all species", &headings);
        let mut row = |name: &str, found: Option<&Measures>| {
            let Some(found) = found else { return };
            let cells = [
                percent(Some(found.equal_error_rate)),
                limit(Some(found.apcer_at_bpcer[0])),
                limit(Some(found.apcer_at_bpcer[1])),
                limit(Some(found.bpcer_at_apcer[1])),
                estimate_cell(found.min_cllr, 1.0, 3),
            ];
            table.row(name, name == "fused", &cells);
        };
        row("fused", all.fused.as_ref());
        self.measured.iter().for_each(|alone| row(&alone.name, all.detectors.get(&alone.name)));
        format!("<section>\n<h2>What each detector adds</h2>\n{}</section>\n", table.finish())
    }

    /// With the speaker models in front.
    pub(super) fn imitations(&self) -> String {
        if self.end_to_end.is_empty() {
            return String::new();
        }
        let headings =
            ["Species", "Voice matches, of 1000", "Accepted, of 1000", "Asked for more, of 1000", "Attacks"];
        let mut table = Table::new("Attacks on enrolled voices", &headings);
        for found in &self.end_to_end {
            let cells = [
                share_cell("stranger", found.voice_matches, 1.0),
                share_cell("stranger", found.iapar, 1.0),
                share_cell("owner", found.asked_for_more, 1.0),
                found.presentations.to_string(),
            ];
            table.row(&found.species, found.species == ALL, &cells);
        }
        format!(
            "<section>\n<h2>With the speaker models in front</h2>\n<p>An attack is accepted (IAPAR) if the voice matches \
             and no detector is even suspicious.</p>\n{}</section>\n",
            table.finish()
        )
    }
}

fn percent(found: Option<Estimate>) -> String {
    found.map_or_else(dash, |found| estimate_cell(found, 100.0, 2))
}

/// A rate at a limit; in brackets where there are too few recordings to show one as low.
fn limit(found: Option<AtLimit>) -> String {
    let rate = percent(found.map(|found| found.rate));
    if found.is_some_and(|found| !found.measurable) { format!("({rate})") } else { rate }
}

fn dash() -> String {
    "–".into()
}
