//! The trials of one group, and into which groups trials are put.

use serde::Serialize;
use voicegate_core::metrics::Resampling;

use super::super::corpus::Sex;
use super::super::trials::Enrolment;
use super::case::Case;
use super::metrics::Metrics;
use super::share::{Counts, Share, errors};

/// What was found in a group of trials.
#[derive(Debug, Clone, Serialize)]
pub(in crate::commands::eval) struct Group {
    pub(in crate::commands::eval) name: String,
    /// Speakers with trials.
    pub(in crate::commands::eval) speakers: usize,
    pub(in crate::commands::eval) owners: Counts,
    pub(in crate::commands::eval) strangers: Counts,
    /// Owners rejected, of those decided; `null` if the scores are not calibrated, as `false_accept`.
    pub(in crate::commands::eval) false_reject: Option<Share>,
    /// Strangers accepted, of those decided.
    pub(in crate::commands::eval) false_accept: Option<Share>,
    /// What the scores show; `null` without trials of both kinds.
    pub(in crate::commands::eval) metrics: Option<Metrics>,
}

impl Group {
    pub(in crate::commands::eval) fn new(
        name: String,
        cases: &[&Case],
        calibrated: bool,
        plan: &Resampling,
    ) -> Self {
        let of = |target: bool| cases.iter().copied().filter(move |case| case.target == target);
        let counts = |target: bool| Counts::of(of(target), calibrated);
        let (false_reject, false_accept) = if calibrated { errors(cases, plan) } else { (None, None) };
        let mut speakers: Vec<u32> = cases.iter().map(|case| case.owner).collect();
        speakers.sort_unstable();
        speakers.dedup();
        Self {
            name,
            speakers: speakers.len(),
            owners: counts(true),
            strangers: counts(false),
            false_reject,
            false_accept,
            metrics: Metrics::new(cases, calibrated, plan),
        }
    }
}

/// How enrolments went.
#[derive(Debug, Clone, Serialize)]
pub(in crate::commands::eval) struct Enrolled {
    pub(in crate::commands::eval) name: String,
    /// Speakers that were to be enrolled.
    pub(in crate::commands::eval) speakers: usize,
    /// Speakers whose files made no complete profile; they have no trials.
    pub(in crate::commands::eval) refused: usize,
    /// Samples offered per enrolled speaker, mean.
    pub(in crate::commands::eval) samples_per_enrolment: Option<f64>,
    /// Offered samples that did not agree with the others of their speaker.
    pub(in crate::commands::eval) samples_disagreeing: usize,
}

impl Enrolled {
    pub(super) fn new<'a>(name: String, enrolments: impl Iterator<Item = &'a Enrolment>) -> Self {
        let enrolments: Vec<_> = enrolments.collect();
        let enrolled = || enrolments.iter().filter(|enrolment| enrolment.template.is_some());
        let (count, offered) = (enrolled().count(), enrolled().map(|e| e.offered.len()).sum::<usize>());
        Self {
            name,
            speakers: enrolments.len(),
            refused: enrolments.len() - count,
            samples_per_enrolment: (count > 0).then(|| offered as f64 / count as f64),
            samples_disagreeing: enrolments.iter().map(|enrolment| enrolment.disagreeing).sum(),
        }
    }
}

/// Whether a trial belongs to a group.
type Belongs = fn(&Case) -> bool;

/// A way of putting trials into groups, with the name of each group and what belongs to it. A trial may be in several
/// groups, or in none if what it takes is not known.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) groups: &'static [(&'static str, Belongs)],
}

/// From this age on a speaker is an adult.
const ADULT: u8 = 18;

pub(super) const KINDS: [Kind; 5] = [
    Kind {
        name: "sex",
        groups: &[
            ("female", |case| case.owner_sex == Some(Sex::Female)),
            ("male", |case| case.owner_sex == Some(Sex::Male)),
            ("female, female strangers", |case| same_sex(case, Sex::Female)),
            ("male, male strangers", |case| same_sex(case, Sex::Male)),
        ],
    },
    Kind {
        name: "age",
        groups: &[
            ("children (under 18)", |case| case.owner_age.is_some_and(|age| age < ADULT)),
            ("adults", |case| case.owner_age.is_some_and(|age| age >= ADULT)),
        ],
    },
    Kind {
        name: "speech in the attempt",
        groups: &[
            ("under 2 s", |case| case.quality.net_speech_s < 2.0),
            ("2 to 4 s", |case| (2.0..=4.0).contains(&case.quality.net_speech_s)),
            ("over 4 s", |case| case.quality.net_speech_s > 4.0),
        ],
    },
    Kind {
        name: "noise in the attempt",
        groups: &[
            ("SNR under 15 dB", |case| case.quality.snr_db.is_some_and(|snr| snr < 15.0)),
            ("SNR 15 to 25 dB", |case| case.quality.snr_db.is_some_and(|snr| (15.0..=25.0).contains(&snr))),
            ("SNR over 25 dB", |case| case.quality.snr_db.is_some_and(|snr| snr > 25.0)),
            ("SNR not known", |case| case.quality.snr_db.is_none()),
        ],
    },
    Kind {
        name: "band of the attempt",
        groups: &[
            ("telephone", |case| case.quality.telephone_band == Some(true)),
            ("wide", |case| case.quality.telephone_band == Some(false)),
            ("not known", |case| case.quality.telephone_band.is_none()),
        ],
    },
];

/// Strangers of the owner's sex are the likeliest to be taken for the owner.
fn same_sex(case: &Case, sex: Sex) -> bool {
    case.owner_sex == Some(sex) && case.tested_sex == Some(sex)
}

/// A way of grouping with what was found.
#[derive(Debug, Serialize)]
pub(in crate::commands::eval) struct Breakdown {
    pub(in crate::commands::eval) by: &'static str,
    pub(in crate::commands::eval) groups: Vec<Group>,
}

impl Breakdown {
    /// Groups without trials are left out.
    pub(super) fn new(kind: &Kind, cases: &[&Case], calibrated: bool, plan: &Resampling) -> Self {
        let group = |(name, belongs): &(&'static str, Belongs)| {
            let own: Vec<&Case> = cases.iter().copied().filter(|case| belongs(case)).collect();
            (!own.is_empty()).then(|| Group::new((*name).to_owned(), &own, calibrated, plan))
        };
        Self { by: kind.name, groups: kind.groups.iter().filter_map(group).collect() }
    }
}

/// The group whose owners are turned away most often.
#[derive(Debug, Serialize)]
pub(in crate::commands::eval) struct Worst {
    pub(in crate::commands::eval) by: String,
    pub(in crate::commands::eval) group: String,
    pub(in crate::commands::eval) false_reject: Share,
}

/// A group counts from so many speakers on.
pub(in crate::commands::eval) const ENOUGH_SPEAKERS: usize = 10;
/// And from so many decided trials of owners on.
pub(in crate::commands::eval) const ENOUGH_OWNER_TRIALS: usize = 50;

impl Worst {
    /// Among the groups with enough trials; `None` if no group has.
    pub(super) fn among<'a>(groups: impl Iterator<Item = (&'a str, &'a Group)>) -> Option<Self> {
        let enough = |group: &Group| {
            group.speakers >= ENOUGH_SPEAKERS && group.owners.decided() >= ENOUGH_OWNER_TRIALS
        };
        groups
            .filter(|(_, group)| enough(group))
            .filter_map(|(by, group)| Some((by, group, group.false_reject?)))
            .max_by(|(.., a), (.., b)| a.rate.total_cmp(&b.rate))
            .map(|(by, group, share)| Self {
                by: by.to_owned(),
                group: group.name.clone(),
                false_reject: share,
            })
    }
}
