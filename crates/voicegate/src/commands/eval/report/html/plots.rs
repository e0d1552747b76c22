//! The plots, each with what is to be seen in it.

use super::super::Report;
use super::plot;

pub(super) fn plots(report: &Report) -> String {
    let Some(curves) = &report.curves else { return String::new() };
    let mut figures = String::new();
    if !curves.histogram.is_empty() {
        let description = "Bars of owners lie to the right, bars of strangers to the left; where they overlap errors are made.";
        figures += &figure(
            "Similarity of owners and strangers",
            &plot::histogram(&curves.histogram, report.threshold, description),
            "Blue: attempts of owners. Orange: attempts of strangers, each kind as a share of its own. Owners left of the \
             line are turned away, strangers right of it get in. Bars higher than the plot are cut off at its top.",
        );
    }
    let here = report.all.false_accept.zip(report.all.false_reject).map(|(far, frr)| (far.rate, frr.rate));
    let eer = report.all.metrics.as_ref().map_or(0.0, |metrics| 100.0 * metrics.equal_error_rate.value);
    let description =
        format!("The curve of both errors over all thresholds; they are equal at {eer:.2} percent.");
    let dot = if here.is_some() { " The orange dot is the present threshold." } else { "" };
    figures += &figure(
        "Trade-off between the two errors",
        &plot::det(&curves.det, here, &description, ["strangers let in", "owners turned away"]),
        &format!(
            "Every point of the curve is one threshold (a DET curve). Nearer to the lower left corner is better; on the \
             dashed line both errors are equal.{dot} Rates beyond the axes are drawn at their ends."
        ),
    );
    if !curves.reliability.is_empty() {
        let description = "Dots near the diagonal show that the scores mean what they say.";
        figures += &figure(
            "What the scores promise and what was found",
            &plot::reliability(&curves.reliability, description),
            "Attempts with about the same score, as if owners and strangers came equally often: the chance of the owner that \
             the score gives, against the share of owners there was. Larger dots stand for more attempts. Dots above the \
             dashed line: the scores are too careful; below: too sure.",
        );
    }
    format!("<section>\n<h2>Pictures</h2>\n<div class=\"plots\">\n{figures}</div>\n</section>\n")
}

/// A plot with its name and what is to be seen in it.
pub(in crate::commands::eval) fn figure(title: &str, svg: &str, caption: &str) -> String {
    format!("<figure>\n<h3>{title}</h3>\n{svg}<figcaption>{caption}</figcaption>\n</figure>\n")
}
