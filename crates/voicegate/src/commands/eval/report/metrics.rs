//! Metrics over the scores of a group, with intervals.

use serde::Serialize;
use voicegate_core::metrics::{
    Bootstrap, FAR_LIMITS, Interval, Measurability, PointMetrics, Resampling, Tally, operating_point,
};
use voicegate_core::similarity::{llr, promised_false_accept_rate};

use super::case::Case;
use super::share::{self, Share};

/// The similarities at which the promise of the scale is checked.
pub(in crate::commands::eval) const AT: [f32; 3] = [0.65, 0.75, 0.85];

/// A value with its 95 % interval by resampling speakers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(in crate::commands::eval) struct Estimate {
    pub(in crate::commands::eval) value: f64,
    /// Absent with few speakers or where no resample differs, as `high`.
    pub(in crate::commands::eval) low: Option<f64>,
    pub(in crate::commands::eval) high: Option<f64>,
}

/// What the scores of a group show.
#[derive(Debug, Clone, Serialize)]
pub(in crate::commands::eval) struct Metrics {
    /// Trials of owners that could be compared.
    pub(in crate::commands::eval) owner_trials: usize,
    /// Trials of strangers that could be compared.
    pub(in crate::commands::eval) stranger_trials: usize,
    pub(in crate::commands::eval) equal_error_rate: Estimate,
    /// The score where it is reached.
    pub(in crate::commands::eval) equal_error_threshold: f64,
    pub(in crate::commands::eval) frr_at_far: Vec<FrrAtFar>,
    pub(in crate::commands::eval) detection_cost: Vec<Cost>,
    /// `null` if the scores are not calibrated.
    pub(in crate::commands::eval) cllr: Option<Estimate>,
    pub(in crate::commands::eval) min_cllr: Estimate,
    /// What is lost by the calibration: `cllr` less `min_cllr`.
    pub(in crate::commands::eval) calibration_loss: Option<Estimate>,
    /// Empty if the scores are not calibrated.
    pub(in crate::commands::eval) at_similarity: Vec<AtSimilarity>,
}

/// False rejects where at most the share `far` of strangers gets in.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::commands::eval) struct FrrAtFar {
    pub(in crate::commands::eval) far: f64,
    /// `null` if there are too few trials of strangers to show such a rate.
    pub(in crate::commands::eval) frr: Option<Estimate>,
    /// Trials of strangers that it takes.
    pub(in crate::commands::eval) trials_needed: u64,
}

/// Detection cost at one prior.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::commands::eval) struct Cost {
    pub(in crate::commands::eval) target_prior: f64,
    pub(in crate::commands::eval) min: Estimate,
    /// `null` if the scores are not calibrated.
    pub(in crate::commands::eval) actual: Option<Estimate>,
}

/// What a similarity promises and what it kept; by the similarity alone.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::commands::eval) struct AtSimilarity {
    pub(in crate::commands::eval) similarity: f32,
    /// The most strangers that the scale promises.
    pub(in crate::commands::eval) promised_false_accept: f64,
    pub(in crate::commands::eval) false_reject: Option<Share>,
    pub(in crate::commands::eval) false_accept: Option<Share>,
}

/// Numbers that are resampled together: EER, min Cllr, Cllr, minDCF and actDCF at both priors, FRR at each FAR,
/// and Cllr less min Cllr.
const RESAMPLED: usize = 11;

impl Metrics {
    /// `None` with trials of one kind alone.
    pub(in crate::commands::eval) fn new(
        cases: &[&Case],
        calibrated: bool,
        plan: &Resampling,
    ) -> Option<Self> {
        let by_llr = |case: &Case| Some(case.score?.llr);
        let scores = share::scores(cases, by_llr)?;
        let point = PointMetrics::new(&Tally::new(&scores));
        let resampled = share::bootstrap(cases, by_llr);
        let intervals = resampled.as_ref().and_then(|bootstrap| bootstrap.intervals(plan, resample));
        let estimate = |value: f64, place: usize| {
            // Where there is no error resampling shows none either.
            let interval = intervals.map(|all| all[place]).filter(|found| found.low < found.high);
            Estimate { value, low: interval.map(|i| i.low), high: interval.map(|i| i.high) }
        };
        let cost = |(i, cost): (usize, &voicegate_core::metrics::DetectionCost)| Cost {
            target_prior: PRIORS[i],
            min: estimate(cost.min, 3 + 2 * i),
            actual: calibrated.then(|| estimate(cost.actual, 4 + 2 * i)),
        };
        let frr = |(i, found): (usize, &voicegate_core::metrics::FrrAtFar)| FrrAtFar {
            far: found.far_limit,
            frr: match found.result {
                Measurability::Measured(point) => Some(estimate(point.frr, 7 + i)),
                Measurability::NotMeasurable { .. } => None,
            },
            trials_needed: needed(found.far_limit),
        };
        Some(Self {
            owner_trials: scores.targets(),
            stranger_trials: scores.impostors(),
            equal_error_rate: estimate(point.equal_error.rate, 0),
            equal_error_threshold: point.equal_error.threshold,
            frr_at_far: point.frr_at_far.iter().enumerate().map(frr).collect(),
            detection_cost: point.detection_cost.iter().enumerate().map(cost).collect(),
            cllr: calibrated.then(|| estimate(point.cllr, 2)),
            min_cllr: estimate(point.min_cllr, 1),
            calibration_loss: calibrated.then(|| estimate(point.cllr - point.min_cllr, 10)),
            at_similarity: if calibrated {
                at_similarity(cases, resampled.as_ref(), plan)
            } else {
                Vec::new()
            },
        })
    }
}

/// Target priors of the detection costs.
pub(in crate::commands::eval) const PRIORS: [f64; 2] = [0.01, 0.05];

fn resample(tally: &Tally) -> [f64; RESAMPLED] {
    let point = PointMetrics::new(tally);
    let [first, second] = point.detection_cost;
    let [a, b, c] = FAR_LIMITS.map(|far| operating_point(tally, far).frr);
    let eer = point.equal_error.rate;
    let loss = point.cllr - point.min_cllr;
    [eer, point.min_cllr, point.cllr, first.min, first.actual, second.min, second.actual, a, b, c, loss]
}

/// Trials of strangers without an error among them that show, at 95 %, a rate of at most `far` (rule of three).
pub(in crate::commands::eval) fn needed(far: f64) -> u64 {
    // 3/far of a decimal fraction may come out a rounding error above the whole number.
    (3.0 / far * (1.0 - 1e-12)).ceil() as u64
}

fn at_similarity(cases: &[&Case], resampled: Option<&Bootstrap>, plan: &Resampling) -> Vec<AtSimilarity> {
    let rates = |tally: &Tally| -> [f64; 2 * AT.len()] {
        let points = AT.map(|similarity| tally.at(llr(similarity)));
        std::array::from_fn(|i| if i % 2 == 0 { points[i / 2].frr } else { points[i / 2].far })
    };
    let intervals = resampled.and_then(|bootstrap| bootstrap.intervals(plan, rates));
    let share = |similarity: f32, target: bool, interval: Option<Interval>| {
        let of = || cases.iter().filter(|case| case.target == target).filter_map(|case| case.score);
        let wrong = of().filter(|score| (score.similarity < similarity) == target).count();
        Share::new(wrong, of().count(), interval)
    };
    let row = |(i, &similarity): (usize, &f32)| AtSimilarity {
        similarity,
        promised_false_accept: promised_false_accept_rate(similarity),
        false_reject: share(similarity, true, intervals.map(|all| all[2 * i])),
        false_accept: share(similarity, false, intervals.map(|all| all[2 * i + 1])),
    };
    AT.iter().enumerate().map(row).collect()
}
