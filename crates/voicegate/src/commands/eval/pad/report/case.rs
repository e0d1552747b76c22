//! Presentations with what is needed for their rates.

use voicegate_core::metrics::pad::{attack, bona_fide};
use voicegate_core::metrics::{Resampling, Scores, share_interval};

use super::super::super::report::{LEAST_SPEAKERS, Share};
use super::super::list::Row;
use super::super::measure::Measured;
use super::super::voices::Voice;

/// One presentation.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Case<'a> {
    pub(in super::super) row: &'a Row,
    pub(in super::super) measured: &'a Measured,
    /// Number of what is resampled together with it.
    pub(in super::super) unit: u32,
    /// What the speaker models say, if it is an attack on somebody who is enrolled.
    pub(in super::super) voice: Option<Voice>,
}

/// The presentations that have a score, for metrics; `None` with one kind alone.
pub(super) fn scores(cases: &[&Case], score: impl Fn(&Case) -> Option<f64>) -> Option<Scores> {
    let trial = |case: &&Case| {
        let score = score(case)?;
        Some(if case.row.attack { attack(score, case.unit) } else { bona_fide(score, case.unit) })
    };
    Scores::new(cases.iter().filter_map(trial).collect()).ok()
}

/// The share of `cases` for which `error` is true, of those for which it is known. Speakers are resampled where the list
/// names enough of them; recordings of unknown speakers are taken as independent.
pub(super) fn share(
    cases: &[&Case],
    error: impl Fn(&Case) -> Option<bool>,
    plan: &Resampling,
) -> Option<Share> {
    let answered: Vec<(&Case, bool)> = cases.iter().filter_map(|case| Some((*case, error(case)?))).collect();
    let trials: Vec<(u32, bool)> = answered.iter().map(|(case, error)| (case.unit, *error)).collect();
    let mut units: Vec<u32> = trials.iter().map(|(unit, _)| *unit).collect();
    units.sort_unstable();
    units.dedup();
    let known = answered.iter().all(|(case, _)| case.row.speaker.is_some()) && units.len() >= LEAST_SPEAKERS;
    let interval = known.then(|| share_interval(&trials, plan)).flatten();
    Share::new(trials.iter().filter(|(_, error)| *error).count(), trials.len(), interval)
}
