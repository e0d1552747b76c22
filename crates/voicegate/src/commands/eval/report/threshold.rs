//! What other thresholds would have done.

use serde::Serialize;
use voicegate_core::decide::Policy;
use voicegate_core::metrics::Resampling;

use super::case::{Case, with_threshold};
use super::share::{Share, errors};

/// The thresholds that a report tells of.
pub(super) const CHOICES: [f32; 6] = [0.65, 0.70, 0.75, 0.80, 0.85, 0.90];

/// Outcomes if `verification.threshold` had been this.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::commands::eval) struct AtThreshold {
    pub(in crate::commands::eval) threshold: f32,
    pub(in crate::commands::eval) false_reject: Option<Share>,
    pub(in crate::commands::eval) false_accept: Option<Share>,
    /// Owners that could not be judged, of all that tried.
    pub(in crate::commands::eval) owners_inconclusive: f64,
}

impl AtThreshold {
    pub(in crate::commands::eval) fn new(
        cases: &[Case],
        threshold: f32,
        policy: &Policy,
        plan: &Resampling,
    ) -> Self {
        let again = with_threshold(cases, threshold, policy);
        let all: Vec<&Case> = again.iter().collect();
        let (false_reject, false_accept) = errors(&all, plan);
        let owners = super::share::Counts::of(again.iter().filter(|case| case.target), true);
        Self {
            threshold,
            false_reject,
            false_accept,
            owners_inconclusive: owners.inconclusive as f64 / owners.all().max(1) as f64,
        }
    }
}
