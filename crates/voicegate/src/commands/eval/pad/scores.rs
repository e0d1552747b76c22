//! Every recording as a line of a file.

use std::fmt::Write as _;

use voicegate_core::countermeasure::Detector;

use super::list::Row;
use super::measure::Measured;

/// The scores, tab-separated, under a heading; an empty cell was not measured. Numbers are written so that they read back
/// as they were.
pub(super) fn scores(rows: &[Row], measured: &[Measured], detectors: &[Detector]) -> String {
    let mut text = String::from("path\tkind\tsystem");
    detectors.iter().for_each(|detector| _ = write!(text, "\t{}", detector.name));
    text.push_str("\tfused_llr\n");
    let cell = |text: &mut String, score: Option<f64>| {
        text.push('\t');
        if let Some(score) = score {
            let _ = write!(text, "{score}");
        }
    };
    for (row, found) in rows.iter().zip(measured) {
        let kind = if row.attack { "spoof" } else { "bonafide" };
        let _ = write!(text, "{}\t{kind}\t{}", row.name, row.system);
        for detector in detectors {
            cell(&mut text, found.scores.get(&detector.name).copied());
        }
        cell(&mut text, found.llr);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use voicegate_core::countermeasure::Orientation;

    use super::*;

    #[test]
    fn what_was_not_measured_is_an_empty_cell() {
        let row = |name: &str, attack| Row {
            name: name.into(),
            path: name.into(),
            attack,
            group: "g".into(),
            system: "s".into(),
            speaker: None,
        };
        let detector = |name: &str| Detector { name: name.into(), orientation: Orientation::Either };
        let measured = [
            Measured { scores: BTreeMap::from([("b".to_owned(), 0.1)]), llr: Some(-2.5) },
            Measured::default(),
        ];
        let rows = [row("x.wav", true), row("y.wav", false)];
        let text = scores(&rows, &measured, &[detector("a"), detector("b")]);
        assert_eq!(
            text,
            "path\tkind\tsystem\ta\tb\tfused_llr\nx.wav\tspoof\ts\t\t0.1\t-2.5\ny.wav\tbonafide\ts\t\t\t\n"
        );
    }
}
