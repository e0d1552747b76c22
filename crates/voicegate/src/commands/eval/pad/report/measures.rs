//! What the scores of one detector show, with intervals.

use serde::Serialize;
use voicegate_core::metrics::pad::{LIMITS, PadMetrics};
use voicegate_core::metrics::{Bootstrap, Resampling, Tally};

use super::super::super::report::{Estimate, needed};
use super::case::{Case, scores};

/// Of the recordings that the detector could measure.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Measures {
    pub(in super::super) attacks: usize,
    pub(in super::super) bona_fide: usize,
    pub(in super::super) equal_error_rate: Estimate,
    /// Lowest APCER at each limit of BPCER.
    pub(in super::super) apcer_at_bpcer: Vec<AtLimit>,
    /// Lowest BPCER at each limit of APCER.
    pub(in super::super) bpcer_at_apcer: Vec<AtLimit>,
    /// `null` if the scores are no log-likelihood ratios.
    pub(in super::super) cllr: Option<Estimate>,
    pub(in super::super) min_cllr: Estimate,
}

/// One error where the other is at most `limit`.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in super::super) struct AtLimit {
    pub(in super::super) limit: f64,
    pub(in super::super) rate: Estimate,
    /// Whether there are recordings enough to show a rate as low as the limit (rule of three).
    pub(in super::super) measurable: bool,
}

/// How a detector's scores are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Log-likelihood ratios of an attack.
    Ratio,
    /// High scores speak for an attack.
    High,
    /// Low scores do.
    Low,
}

/// Numbers that are resampled together: EER, APCER at both limits, BPCER at both limits, Cllr, min Cllr.
const RESAMPLED: usize = 7;

impl Measures {
    /// `None` without scores of both kinds.
    pub(super) fn new(
        cases: &[&Case],
        score: impl Fn(&Case) -> Option<f64>,
        scale: Scale,
        plan: &Resampling,
    ) -> Option<Self> {
        let sign = if scale == Scale::Low { -1.0 } else { 1.0 };
        let scores = scores(cases, |case| Some(sign * score(case)?))?;
        let [eer, first, second, third, fourth, cllr, min_cllr] = values(&Tally::new(&scores));
        let intervals = Bootstrap::new(&scores).intervals(plan, values);
        let estimate = |value: f64, place: usize| {
            // Where there is no error resampling shows none either.
            let interval = intervals.map(|all| all[place]).filter(|found| found.low < found.high);
            Estimate { value, low: interval.map(|i| i.low), high: interval.map(|i| i.high) }
        };
        let at = |limit: f64, value: f64, place: usize, trials: usize| AtLimit {
            limit,
            rate: estimate(value, place),
            measurable: trials as u64 >= needed(limit),
        };
        let [one, five] = LIMITS;
        let (attacks, bona_fide) = (scores.targets(), scores.impostors());
        Some(Self {
            attacks,
            bona_fide,
            equal_error_rate: estimate(eer, 0),
            apcer_at_bpcer: vec![at(one, first, 1, bona_fide), at(five, second, 2, bona_fide)],
            bpcer_at_apcer: vec![at(one, third, 3, attacks), at(five, fourth, 4, attacks)],
            cllr: (scale == Scale::Ratio).then(|| estimate(cllr, 5)),
            min_cllr: estimate(min_cllr, 6),
        })
    }
}

fn values(tally: &Tally) -> [f64; RESAMPLED] {
    let found = PadMetrics::new(tally);
    let [one, five] = found.apcer_at_bpcer.map(|point| point.apcer);
    let [first, second] = found.bpcer_at_apcer.map(|point| point.bpcer);
    [found.equal_error.rate, one, five, first, second, found.cllr, found.min_cllr]
}
