//! The report as one page that needs nothing beside it.

mod answer;
mod escape;
mod groups;
mod plot;
mod plots;
mod table;
#[cfg(test)]
pub(in crate::commands::eval) mod tests;

pub(in crate::commands::eval) use self::escape::escape;
pub(in crate::commands::eval) use self::groups::{estimate as estimate_cell, share_cell};
pub(in crate::commands::eval) use self::plot::det;
pub(in crate::commands::eval) use self::plots::figure;
pub(in crate::commands::eval) use self::table::Table;
use super::{Condition, Report};

const STYLE: &str = include_str!("style.css");
/// What the words mean.
const WORDS: &str = include_str!("words.html");

/// The page.
pub(in crate::commands::eval) fn html(report: &Report) -> String {
    let sections = [
        answer::answer(report),
        answer::choices(report),
        plots::plots(report),
        groups::groups(report),
        groups::scores(report),
        groups::promises(report),
        groups::comparison(report),
        WORDS.to_owned(),
        setting(report),
    ];
    let (model, corpus) = (&report.model, &report.corpus);
    page(
        &format!("Error rates of {model} on {corpus}"),
        "How often are owners turned away, how often do strangers get in?",
        &format!("{model} on {corpus}, attempts {}", condition(report.condition)),
        &sections.concat(),
    )
}

/// A page of one body, which is HTML; the rest is plain text.
pub(in crate::commands::eval) fn page(title: &str, question: &str, about: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{}</h1>\n<p class=\"faint\">{}</p>\n{body}</main>\n</body>\n</html>\n",
        escape(title),
        escape(question),
        escape(about),
    )
}

/// In words that follow "attempts".
pub(in crate::commands::eval) fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Clean => "as recorded",
        Condition::Noise15 => "with added noise at 15 dB",
        Condition::Telephone => "over a simulated telephone line",
        Condition::Opus16 => "coded with Opus at 16 kbit/s",
    }
}

/// What was measured, and with what.
fn setting(report: &Report) -> String {
    let mut table = Table::new("What this report rests on", &["What", "Value"]);
    let (owners, strangers) = (report.all.owners, report.all.strangers);
    let calibration = report.calibration.as_deref().unwrap_or("none: scores only order the attempts");
    let refused = report.enrolments.iter().find(|e| e.name == super::ALL);
    let threshold = match &report.calibration {
        Some(_) => format!("{:.2} on the similarity", report.threshold),
        None => "none without a calibration".to_owned(),
    };
    let rows = [
        ("Model or fusion", report.model.clone()),
        ("Calibration", calibration.to_owned()),
        ("List of recordings", report.corpus.clone()),
        ("Attempts", condition(report.condition).to_owned()),
        ("Threshold", threshold),
        (
            "Enrolment",
            format!(
                "{} recordings or more of each speaker, agreeing by {:.2}",
                report.enroll_files, report.min_agreement
            ),
        ),
        (
            "Speakers enrolled",
            refused.map_or_else(String::new, |e| {
                format!("{} of {}; the others have no attempts here", e.speakers - e.refused, e.speakers)
            }),
        ),
        (
            "Attempts of owners",
            format!("{}, of which {} could not be judged", owners.all(), owners.inconclusive),
        ),
        (
            "Attempts of strangers",
            format!("{}, of which {} could not be judged", strangers.all(), strangers.inconclusive),
        ),
        ("Intervals", format!("95 %, from {} resamples of the speakers", report.draws)),
        ("Program", format!("voicegate {}", env!("CARGO_PKG_VERSION"))),
    ];
    for (name, value) in rows {
        table.row(name, false, &[escape(&value).into_owned()]);
    }
    format!("<section>\n<h2>Particulars</h2>\n{}</section>\n", table.finish())
}
