//! Every trial as a line of a file.

use std::fmt::Write as _;

use super::super::corpus::Corpus;
use super::super::trials::{Rule, Trial, Trials};

/// The trials, tab-separated, under a heading. What could not be compared has no scores. Numbers are written so that they read
/// back as they were.
pub(in crate::commands::eval) fn scores(corpus: &Corpus, outcome: &Trials, rule: &Rule) -> String {
    let models: Vec<&str> = rule.calibration.models().collect();
    let calibrated = rule.version.is_some();
    let mut text = String::from("dataset\tenrolled\tpath\ttarget");
    models.iter().for_each(|model| _ = write!(text, "\t{model}"));
    text.push_str("\tllr\tsimilarity\n");
    for Trial { enrolment, row, target, score, .. } in &outcome.trials {
        let speaker = &outcome.enrolments[*enrolment].speaker;
        let path = &corpus.rows[*row].path;
        let _ = write!(text, "{}\t{}\t{path}\t{}", speaker.dataset, speaker.name, u8::from(*target));
        for model in &models {
            text.push('\t');
            if let Some(cosine) = score.as_ref().and_then(|score| score.cosines.get(*model)) {
                let _ = write!(text, "{cosine}");
            }
        }
        let _ = match score {
            Some(score) if calibrated => writeln!(text, "\t{}\t{}", score.llr, score.similarity),
            // The order of trials, which is no likelihood ratio.
            Some(score) => writeln!(text, "\t{}\t", score.llr),
            None => writeln!(text, "\t\t"),
        };
    }
    text
}
