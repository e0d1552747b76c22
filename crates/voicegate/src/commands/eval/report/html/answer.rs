//! What most readers came for.

use super::super::Report;
use super::super::share::{Method, Share};
use super::super::text::per_1000;
use super::Table;
use super::escape::escape;

/// How many owners are turned away, how many strangers get in.
pub(super) fn answer(report: &Report) -> String {
    let all = &report.all;
    let text = match (all.false_reject, all.false_accept) {
        (Some(owners), Some(strangers)) => format!(
            "<p>Of 1000 owners <strong>{}</strong> are turned away.<br/>Of 1000 strangers <strong>{}</strong> get in.</p>\n\
             <p class=\"faint\">At the threshold {:.2}, measured on {} speakers. For speakers like these the true numbers \
             lie, with 95 % confidence, between {} and {} owners turned away, and between {} and {} strangers let in.{}</p>\n",
            per_1000(owners.rate),
            per_1000(strangers.rate),
            report.threshold,
            all.speakers,
            per_1000(owners.low),
            per_1000(owners.high),
            per_1000(strangers.low),
            per_1000(strangers.high),
            unjudged(report),
        ),
        _ if report.calibration.is_none() => {
            "<p>The scores are not calibrated, so there is no threshold at which anybody is turned away.</p>\n\
             <p class=\"faint\">This report shows how well the scores tell owners from strangers, and no more.</p>\n"
                .to_owned()
        }
        _ => "<p>There are no attempts of both owners and strangers, so nothing was measured.</p>\n".to_owned(),
    };
    format!(
        "<section class=\"answer\" aria-label=\"The answer\">\n{text}</section>\n{}{}",
        few(report),
        worst(report)
    )
}

fn unjudged(report: &Report) -> String {
    let owners = report.all.owners;
    match owners.inconclusive {
        0 => String::new(),
        some => format!(
            " Besides, {} of 1000 owners' recordings could not be judged (too short, too noisy): they are not turned away \
             but asked to speak again.",
            per_1000(some as f64 / owners.all() as f64)
        ),
    }
}

fn few(report: &Report) -> String {
    let enough = super::super::group::ENOUGH_SPEAKERS;
    if report.all.speakers >= enough {
        return String::new();
    }
    format!(
        "<p class=\"warning\"><strong>Only {} speakers were enrolled.</strong> With fewer than {enough}, these numbers say \
         little about anybody else.</p>\n",
        report.all.speakers
    )
}

fn worst(report: &Report) -> String {
    let Some(worst) = &report.worst else { return String::new() };
    format!(
        "<p>It is worst for <strong>{}</strong> ({}): of 1000 owners {} are turned away ({} to {}). Groups with few \
         attempts are not compared.</p>\n",
        escape(&worst.group),
        escape(&worst.by),
        per_1000(worst.false_reject.rate),
        per_1000(worst.false_reject.low),
        per_1000(worst.false_reject.high),
    )
}

/// What other thresholds would have done.
pub(super) fn choices(report: &Report) -> String {
    if report.thresholds.is_empty() {
        return String::new();
    }
    let headings = [
        "Threshold",
        "Owners turned away, of 1000",
        "Strangers let in, of 1000",
        "Owners not judged, of 1000",
    ];
    let mut table = Table::new("What the same attempts would have met at other thresholds", &headings);
    for choice in &report.thresholds {
        let here = (choice.threshold - report.threshold).abs() < 0.001;
        let name = format!("{:.2}{}", choice.threshold, if here { " (now)" } else { "" });
        let cells = [
            per_1000_cell(choice.false_reject),
            per_1000_cell(choice.false_accept),
            per_1000(choice.owners_inconclusive),
        ];
        table.row(&name, here, &cells);
    }
    format!(
        "<section>\n<h2>If you choose another threshold</h2>\n<p>A higher threshold keeps more strangers out and turns more \
         owners away. The setting is <code>verification.threshold</code>.</p>\n{}</section>\n",
        table.finish()
    )
}

/// A share of a thousand with its interval below.
pub(super) fn per_1000_cell(share: Option<Share>) -> String {
    share.map_or_else(
        || "–".into(),
        |s| match s.interval {
            Method::RuleOfThree if s.count == 0 => format!("0 <small>up to {}</small>", per_1000(s.high)),
            _ => format!("{} <small>{} to {}</small>", per_1000(s.rate), per_1000(s.low), per_1000(s.high)),
        },
    )
}
