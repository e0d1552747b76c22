//! Tables of groups.

use super::super::group::Group;
use super::super::metrics::Estimate;
use super::super::share::Share;
use super::super::{Report, compare};
use super::answer::per_1000_cell;
use super::{Table, escape};

/// Who fares how.
pub(super) fn groups(report: &Report) -> String {
    let mut text = String::from(
        "<section>\n<h2>Who fares how</h2>\n<p>Bars show the share, lines the interval that holds the true share with 95 % \
         confidence. Bars of one column have one scale.</p>\n",
    );
    for (by, groups) in report.tables() {
        let title = capitalised(by);
        text += &format!("<h3>{}</h3>\n{}", escape(&title), table(by, &title, &groups));
    }
    text + "</section>\n"
}

fn table(by: &str, title: &str, groups: &[&Group]) -> String {
    // What matters most stands first: a narrow screen shows no more without scrolling.
    let headings = [
        title,
        "Turned away, of 1000",
        "Let in, of 1000",
        "EER %",
        "Speakers",
        "Owners' attempts",
        "Strangers' attempts",
    ];
    let mut table = Table::new(&format!("Errors by {by}"), &headings);
    let highest = |share: fn(&Group) -> Option<Share>| {
        groups.iter().filter_map(|group| share(group)).map(|share| share.high).fold(0.0, f64::max)
    };
    let (rejected, accepted) = (highest(|group| group.false_reject), highest(|group| group.false_accept));
    for group in groups {
        let cells = [
            share_cell("owner", group.false_reject, rejected),
            share_cell("stranger", group.false_accept, accepted),
            group.metrics.as_ref().map_or_else(dash, |m| estimate(m.equal_error_rate, 100.0, 2)),
            group.speakers.to_string(),
            group.owners.all().to_string(),
            group.strangers.all().to_string(),
        ];
        table.row(&group.name, false, &cells);
    }
    table.finish()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// A share of a thousand with its interval and a bar; `whole` is as long as the cell is wide.
pub(in crate::commands::eval) fn share_cell(class: &str, share: Option<Share>, whole: f64) -> String {
    format!("{}{}", per_1000_cell(share), bar(class, share, whole))
}

/// A bar up to the share with a line over its interval; `whole` is as long as the cell is wide. It repeats what the text says.
fn bar(class: &str, share: Option<Share>, whole: f64) -> String {
    let Some(share) = share.filter(|_| whole > 0.0) else { return String::new() };
    let at = |rate: f64| 128.0 * rate / whole;
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 130 12\" aria-hidden=\"true\"><rect class=\"track\" y=\"1\" width=\"130\" height=\"10\"/>\
         <rect class=\"{class}\" y=\"1\" width=\"{:.1}\" height=\"10\"/><path class=\"whisker\" d=\"M{:.1} 6H{:.1}\"/></svg>",
        at(share.rate),
        at(share.low),
        at(share.high)
    )
}

/// `value` with its interval below.
pub(in crate::commands::eval) fn estimate(estimate: Estimate, scale: f64, digits: usize) -> String {
    let number = |value: f64| format!("{:.digits$}", scale * value);
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => {
            format!("{} <small>{} to {}</small>", number(estimate.value), number(low), number(high))
        }
        _ => number(estimate.value),
    }
}

fn dash() -> String {
    "–".into()
}

/// The data sets, and their sum.
fn sets(report: &Report) -> Vec<&Group> {
    report.tables().swap_remove(0).1
}

/// For those who compare systems.
pub(super) fn scores(report: &Report) -> String {
    let headings = [
        "Data set",
        "EER %",
        "FRR % at FAR 1 %",
        "at 0.1 %",
        "at 0.01 %",
        "minDCF 0.01",
        "actDCF 0.01",
        "minDCF 0.05",
        "actDCF 0.05",
        "Cllr",
        "min Cllr",
    ];
    let mut table = Table::new("Measures of the scores", &headings);
    for group in sets(report) {
        let Some(metrics) = &group.metrics else { continue };
        let shown = |value: Option<Estimate>| value.map_or_else(dash, |value| estimate(value, 1.0, 3));
        let mut cells = vec![estimate(metrics.equal_error_rate, 100.0, 2)];
        cells.extend(metrics.frr_at_far.iter().map(|at| match at.frr {
            Some(frr) => estimate(frr, 100.0, 2),
            None => format!(
                "not measurable <small>{} attempts of strangers,</small><small>{} needed</small>",
                metrics.stranger_trials, at.trials_needed
            ),
        }));
        cells.extend(
            metrics.detection_cost.iter().flat_map(|cost| [shown(Some(cost.min)), shown(cost.actual)]),
        );
        cells.extend([shown(metrics.cllr), shown(Some(metrics.min_cllr))]);
        table.row(&group.name, false, &cells);
    }
    format!("<section>\n<h2>Measures for comparing systems</h2>\n{}</section>\n", table.finish())
}

/// Several systems on the same recordings.
pub(super) fn comparison(report: &Report) -> String {
    if report.comparison.is_empty() {
        return String::new();
    }
    let mut table = Table::new("Systems on the same recordings", &compare::HEADING);
    for row in &report.comparison {
        let cells = row.cells();
        let shown: Vec<String> = cells.iter().skip(1).map(|cell| escape(cell).into_owned()).collect();
        table.row(&row.system, row.system == report.model, &shown);
    }
    format!("<section>\n<h2>Other systems</h2>\n{}</section>\n", table.finish())
}

/// Whether the similarity means what it says.
pub(super) fn promises(report: &Report) -> String {
    if report.calibration.is_none() {
        return String::new();
    }
    let headings = [
        "Data set",
        "Similarity",
        "Promised: strangers at most, of 1000",
        "Strangers reaching it, of 1000",
        "Owners missing it, of 1000",
    ];
    let mut table = Table::new("Attempts by their similarity alone", &headings);
    for group in sets(report) {
        for at in group.metrics.iter().flat_map(|metrics| &metrics.at_similarity) {
            let promised = super::super::text::per_1000(at.promised_false_accept);
            let promised = promised.strip_suffix(".0").map(str::to_owned).unwrap_or(promised);
            let cells = [
                format!("{:.2}", at.similarity),
                promised,
                per_1000_cell(at.false_accept),
                per_1000_cell(at.false_reject),
            ];
            table.row(&group.name, false, &cells);
        }
    }
    format!(
        "<section>\n<h2>Does the similarity keep its promise?</h2>\n<p>A tenth more similarity means odds ten times \
         better. If that holds, at most one stranger in 100 reaches 0.65, one in 1000 reaches 0.75, one in 10 000 reaches \
         0.85.</p>\n{}</section>\n",
        table.finish()
    )
}
