//! The advice in sentences.

use std::fmt::Write as _;

use super::super::report::{AtThreshold, ENOUGH_SPEAKERS, of_1000, per_1000, share_percent};
use super::proposal::Proposal;
use super::{Advice, Check};
use crate::output::table;

pub(super) fn text(advice: &Advice) -> String {
    let mut text = format!(
        "{}: {} speakers enrolled, {} attempts of owners and {} of strangers, of which {} and {} could not be judged\n\
         {}, calibration {}\n\n",
        advice.corpus,
        advice.speakers,
        advice.owners.all(),
        advice.strangers.all(),
        advice.owners.inconclusive,
        advice.strangers.inconclusive,
        advice.model,
        advice.calibration,
    );
    if advice.few_speakers {
        let _ = writeln!(
            text,
            "WARNING: {} speakers are too few. What follows says how these people fared and little about anybody else; \
             record {ENOUGH_SPEAKERS} speakers at the very least, better 50.\n",
            advice.speakers
        );
    }
    let _ = writeln!(text, "Now, at {:.2}: {}", advice.present.threshold, costs(&advice.present));
    let _ = writeln!(
        text,
        "The scale promises that at most {} of 1000 strangers get in there.\n",
        plain(advice.promised_false_accept)
    );
    text += &advice.check.as_ref().map_or_else(String::new, check);
    text += &proposal(advice);
    text + &refit(advice)
}

/// A rate that was not measured but chosen.
fn plain(rate: f64) -> String {
    let text = per_1000(rate);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn costs(at: &AtThreshold) -> String {
    match (at.false_reject, at.false_accept) {
        (Some(owners), Some(strangers)) => format!(
            "of 1000 owners {} are turned away, of 1000 strangers {} get in.",
            of_1000(owners),
            of_1000(strangers)
        ),
        _ => "there are no judged attempts of both owners and strangers.".into(),
    }
}

fn check(check: &Check) -> String {
    let verdict = if check.holds { "holds" } else { "does NOT hold" };
    let surely = match (check.loss.low, check.loss.high) {
        (Some(low), Some(high)) => format!(" [{low:.3}, {high:.3}]"),
        _ => String::new(),
    };
    let mut text = format!(
        "The calibration {verdict} on these recordings: Cllr {:.3}, of which {:.3}{surely} is lost by the calibration.\n",
        check.cllr.value, check.loss.value
    );
    let heading = ["similarity", "promised FAR %", "FAR %", "FRR %"].map(String::from).to_vec();
    let rows = check.at_similarity.iter().map(|at| {
        vec![
            format!("{:.2}", at.similarity),
            format!("{:.3}", 100.0 * at.promised_false_accept),
            share_percent(at.false_accept),
            share_percent(at.false_reject),
        ]
    });
    text += &table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>());
    text + "\n"
}

fn proposal(advice: &Advice) -> String {
    let wanted = format!("at most {} of 1000 strangers", plain(advice.wanted_false_accept));
    match &advice.proposal {
        Proposal::Threshold(at) if (at.threshold - advice.present.threshold).abs() < 0.005 => {
            format!("For {wanted}, the present threshold is right.\n")
        }
        Proposal::Threshold(at) => format!(
            "For {wanted}, set `verification.threshold` to {:.2}: {}\n{}",
            at.threshold,
            costs(at),
            unsure(advice, at)
        ),
        Proposal::TooFewTrials { needed, trials } => format!(
            "No threshold is proposed: {trials} judged attempts of strangers cannot show that {wanted} get in. It takes {needed} \
             even if not one of them gets in (rule of three).\n"
        ),
        Proposal::OutOfReach(at) => format!(
            "No threshold from 0.65 to 0.90 is shown to let in {wanted}. At {:.2}: {}\n",
            at.threshold,
            costs(at)
        ),
    }
}

/// Where the present threshold may do as well.
fn unsure(advice: &Advice, proposed: &AtThreshold) -> &'static str {
    let kept = advice.present.false_accept.is_some_and(|share| share.rate <= advice.wanted_false_accept);
    if kept && proposed.threshold > advice.present.threshold {
        "The present threshold keeps that too as far as was measured, only not surely: more speakers may show that it \
         does, and then no owner need be turned away for it.\n"
    } else {
        ""
    }
}

fn refit(advice: &Advice) -> String {
    let needed = advice.refit.speakers_needed;
    match &advice.check {
        Some(check) if !check.holds && advice.refit.recommended => {
            "Fit a calibration to these recordings with `voicegate eval fit --corpus ... --name ... --write`, and check it on \
             speakers that it was not fitted on.\n"
                .into()
        }
        Some(check) if !check.holds => format!(
            "A calibration of your own (`voicegate eval fit`) would need {needed} speakers or more; here are {}.\n",
            advice.speakers
        ),
        _ => String::new(),
    }
}
