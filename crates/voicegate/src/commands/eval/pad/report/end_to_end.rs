//! Attacks on enrolled voices, with the speaker models in front of the detectors.

use serde::Serialize;
use voicegate_core::countermeasure::SpoofPolicy;
use voicegate_core::metrics::Resampling;
use voicegate_core::metrics::pad::is_accepted;

use super::super::super::report::{Share, share_percent};
use super::super::voices::Voice;
use super::case::{Case, share};
use super::text::headed;
use crate::output::table;

/// Attacks of a species that imitate somebody who is enrolled.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Imitations {
    pub(in super::super) species: String,
    pub(in super::super) presentations: usize,
    /// Attacks that the speaker models take for the person.
    pub(in super::super) voice_matches: Option<Share>,
    /// IAPAR: attacks that are accepted, since the voice matches and nothing is even suspicious. What could not be judged
    /// is not accepted. Without a fusion nothing is ever suspicious.
    pub(in super::super) iapar: Option<Share>,
    /// Attacks whose voice matches and that are accepted only after something more.
    pub(in super::super) asked_for_more: Option<Share>,
}

impl Imitations {
    /// `None` if none of the cases was tried on a voice.
    pub(super) fn new(
        species: &str,
        cases: &[&Case],
        policy: Option<&SpoofPolicy>,
        plan: &Resampling,
    ) -> Option<Self> {
        let tried: Vec<&Case> = cases.iter().copied().filter(|case| case.voice.is_some()).collect();
        if tried.is_empty() {
            return None;
        }
        let matches = |case: &Case| match case.voice {
            Some(Voice::Matches) => Some(true),
            Some(Voice::Differs) => Some(false),
            Some(Voice::Unjudged) | None => None,
        };
        let passes = |case: &Case| match policy {
            Some(policy) => Some(case.measured.llr? < policy.suspicious_llr),
            None => Some(true),
        };
        let suspicious = |case: &Case| {
            let between = |policy: &SpoofPolicy| policy.suspicious_llr..policy.threshold_llr;
            policy.zip(case.measured.llr).is_some_and(|(policy, llr)| between(policy).contains(&llr))
        };
        Some(Self {
            species: species.to_owned(),
            presentations: tried.len(),
            voice_matches: share(&tried, |case| Some(matches(case) == Some(true)), plan),
            iapar: share(&tried, |case| Some(is_accepted(matches(case), passes(case))), plan),
            asked_for_more: share(&tried, |case| Some(matches(case) == Some(true) && suspicious(case)), plan),
        })
    }
}

/// The imitations as a table.
pub(super) fn text(all: &[Imitations]) -> String {
    let heading =
        ["attacks on enrolled voices", "n", "voice matches %", "accepted % (IAPAR)", "asked for more %"];
    let rows = all.iter().map(|found| {
        vec![
            found.species.clone(),
            found.presentations.to_string(),
            share_percent(found.voice_matches),
            share_percent(found.iapar),
            share_percent(found.asked_for_more),
        ]
    });
    table(&headed(&heading, rows))
}
