//! The report as one page that needs nothing beside it.

mod tables;

use super::super::super::report::{Share, Table, condition_words, det, escape, figure, page, per_1000};
use super::{ALL, Report};

/// What the words mean.
const WORDS: &str = include_str!("words.html");

impl Report {
    /// The page.
    pub(in super::super) fn html(&self) -> String {
        let corpora = self.corpora.join(", ");
        let sections = [
            self.answer(),
            self.by_species(),
            self.by_source(),
            self.by_detector(),
            self.imitations(),
            self.picture(),
            WORDS.to_owned(),
            self.particulars(),
        ];
        page(
            &format!("Attack detection on {corpora}"),
            "How often do attacks pass, how often are people taken for attackers?",
            &format!("{corpora}, recordings {}", condition_words(self.condition)),
            &sections.concat(),
        )
    }

    fn answer(&self) -> String {
        let attacks = self.all.as_ref().and_then(|all| all.apcer);
        let people = self.sources.iter().find(|source| source.name == ALL).and_then(|all| all.bpcer);
        let line = |of: &str, share: Share, what: &str| {
            let (low, high) = (per_1000(share.low), per_1000(share.high));
            format!("Of 1000 {of} <strong>{}</strong> {what} ({low} to {high}).<br/>", per_1000(share.rate))
        };
        let lines = [
            attacks.map(|share| line("attacks", share, "are taken for a living person")),
            people.map(|share| line("living people", share, "are taken for an attack")),
        ];
        let text: String = lines.into_iter().flatten().collect();
        let text = if text.is_empty() {
            "No fusion of detectors serves, so nothing is ever taken for an attack.".to_owned()
        } else {
            text
        };
        let worst = self.worst.as_ref().map_or_else(String::new, |worst| {
            let share = worst.apcer;
            format!(
                "<p>It is worst for <strong>{}</strong>: of 1000 attacks {} pass ({} to {}).</p>\n",
                escape(&worst.species),
                per_1000(share.rate),
                per_1000(share.low),
                per_1000(share.high),
            )
        });
        format!("<section class=\"answer\" aria-label=\"The answer\">\n<p>{text}</p>\n</section>\n{worst}")
    }

    fn picture(&self) -> String {
        if self.det.is_empty() {
            return String::new();
        }
        let here = self.policy.as_ref().and_then(|_| {
            let bona_fide = self.sources.iter().find(|source| source.name == ALL)?.bpcer?;
            Some((bona_fide.rate, self.all.as_ref()?.apcer?.rate))
        });
        let eer = self
            .all
            .as_ref()
            .and_then(|all| all.fused.as_ref())
            .map_or(0.0, |f| 100.0 * f.equal_error_rate.value);
        let description =
            format!("The curve of both errors over all thresholds; they are equal at {eer:.2} percent.");
        let svg = det(&self.det, here, &description, ["people taken for attackers", "attacks that pass"]);
        let plot = figure(
            "Trade-off between the two errors",
            &svg,
            "Every point of the curve is one threshold of the fusion (a DET curve), over all species. Nearer to the lower \
             left corner is better. The orange dot is the present threshold. Rates beyond the axes are drawn at their ends.",
        );
        format!("<section>\n<h2>Picture</h2>\n<div class=\"plots\">\n{plot}</div>\n</section>\n")
    }

    fn particulars(&self) -> String {
        let mut table = Table::new("What this report rests on", &["What", "Value"]);
        let lines = self.policy.as_ref().map_or_else(
            || "none".to_owned(),
            |policy| {
                format!(
                    "attack from {:.2} on, suspicious from {:.2} on",
                    policy.threshold_llr, policy.suspicious_llr
                )
            },
        );
        let rows = [
            ("Fusion", self.fusion.clone().unwrap_or_else(|| "none".to_owned())),
            ("Log-likelihood ratio", lines),
            ("Lists of recordings", self.corpora.join(", ")),
            ("Recordings", condition_words(self.condition).to_owned()),
            ("Intervals", format!("95 %, from {} resamples where speakers are known", self.draws)),
            ("Program", format!("voicegate {}", env!("CARGO_PKG_VERSION"))),
        ];
        for (name, value) in rows {
            table.row(name, false, &[escape(&value).into_owned()]);
        }
        format!("<section>\n<h2>Particulars</h2>\n{}</section>\n", table.finish())
    }
}
