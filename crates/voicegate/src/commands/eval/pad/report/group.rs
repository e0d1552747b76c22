//! Attacks of one species, and bona fide recordings of one source.

use std::collections::BTreeMap;

use serde::Serialize;
use voicegate_core::countermeasure::SpoofPolicy;
use voicegate_core::metrics::Resampling;
use voicegate_core::metrics::pad::Responses;

use super::super::super::report::Share;
use super::case::{Case, share};
use super::measures::{Measures, Scale};

/// Attacks of a species, beside all bona fide recordings.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Species {
    pub(in super::super) name: String,
    pub(in super::super) presentations: usize,
    /// APNRR: attacks that the fusion had no answer to.
    pub(in super::super) non_response: Option<Share>,
    /// APCER at the threshold that serves, of those answered; `null` without a fusion.
    pub(in super::super) apcer: Option<Share>,
    /// Attacks that are not even suspicious, of those answered.
    pub(in super::super) unsuspected: Option<Share>,
    /// The fusion that serves, against all bona fide recordings.
    pub(in super::super) fused: Option<Measures>,
    /// Each detector alone.
    pub(in super::super) detectors: BTreeMap<String, Measures>,
}

/// Bona fide recordings of a source.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Source {
    pub(in super::super) name: String,
    pub(in super::super) presentations: usize,
    /// BPNRR: recordings that the fusion had no answer to.
    pub(in super::super) non_response: Option<Share>,
    /// BPCER at the threshold that serves, of those answered; `null` without a fusion.
    pub(in super::super) bpcer: Option<Share>,
    /// Recordings that something more is asked for, or that are classified as attacks, of those answered.
    pub(in super::super) suspected: Option<Share>,
}

/// How the recordings of a report are judged.
pub(super) struct Judging<'a> {
    /// `None` without a fusion.
    pub(super) policy: Option<&'a SpoofPolicy>,
    pub(super) detectors: &'a [(String, Scale)],
    pub(super) plan: &'a Resampling,
}

impl Judging<'_> {
    /// `cases` are the attacks and all bona fide recordings.
    pub(super) fn species(&self, name: &str, cases: &[&Case]) -> Species {
        let own: Vec<&Case> = cases.iter().copied().filter(|case| case.row.attack).collect();
        let alone = |(name, scale): &(String, Scale)| {
            let score = |case: &Case| case.measured.scores.get(name).copied();
            Some((name.clone(), Measures::new(cases, score, *scale, self.plan)?))
        };
        let fused = Measures::new(cases, |case| case.measured.llr, Scale::Ratio, self.plan);
        Species {
            name: name.to_owned(),
            presentations: own.len(),
            non_response: self.non_response(&own),
            apcer: self.share(&own, |llr, policy| llr < policy.threshold_llr),
            unsuspected: self.share(&own, |llr, policy| llr < policy.suspicious_llr),
            fused,
            detectors: self.detectors.iter().filter_map(alone).collect(),
        }
    }

    pub(super) fn source(&self, name: &str, own: &[&Case]) -> Source {
        Source {
            name: name.to_owned(),
            presentations: own.len(),
            non_response: self.non_response(own),
            bpcer: self.share(own, |llr, policy| llr >= policy.threshold_llr),
            suspected: self.share(own, |llr, policy| llr >= policy.suspicious_llr),
        }
    }

    fn non_response(&self, own: &[&Case]) -> Option<Share> {
        self.policy?;
        share(own, |case| Some(case.measured.llr.is_none()), self.plan)
    }

    fn share(&self, own: &[&Case], holds: impl Fn(f64, &SpoofPolicy) -> bool) -> Option<Share> {
        let policy = self.policy?;
        share(own, |case| Some(holds(case.measured.llr?, policy)), self.plan)
    }
}

/// A detector's answers to everything.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Alone {
    pub(in super::super) name: String,
    /// Share of the attacks that it could not measure; `null` without attacks.
    pub(in super::super) attacks_unmeasured: Option<f64>,
    /// Share of the bona fide recordings that it could not measure.
    pub(in super::super) bona_fide_unmeasured: Option<f64>,
}

impl Alone {
    pub(super) fn new(name: &str, cases: &[Case]) -> Self {
        let unmeasured = |attack: bool| {
            let own = cases.iter().filter(|case| case.row.attack == attack);
            let scores = own.map(|case| case.measured.scores.get(name).copied());
            Responses::count(scores, f64::INFINITY).non_response().map(|rate| rate.rate)
        };
        Self {
            name: name.to_owned(),
            attacks_unmeasured: unmeasured(true),
            bona_fide_unmeasured: unmeasured(false),
        }
    }
}
