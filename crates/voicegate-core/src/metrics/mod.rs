//! Error metrics of verification trials and how sure they are.
//!
//! [`Scores`] are trials sorted once; a [`Tally`] says how much target and impostor weight lies at each score. Every
//! metric is a function of a tally, so the [`Bootstrap`] only has to refill the weights and never sorts again.
//!
//! FRR, the false-reject rate, is the miss rate; FAR, the false-accept rate, is the false-alarm rate. Both are shares
//! in [0, 1]. A trial is accepted when its score is at least the threshold. Metrics that read scores as log-likelihood
//! ratios (LLR) take natural logarithms.
//!
//! [`pad`] holds the error rates of presentation attack detection.
//!
//! Infinities are serialised to JSON as null: the threshold that accepts nothing, and the [`cllr`] of a target at -∞ or
//! an impostor at +∞.

mod bootstrap;
mod cllr;
mod dcf;
mod det;
mod eer;
mod histogram;
pub mod pad;
mod pav;
mod probit;
mod rates;
mod reliability;
mod share;
mod tally;
mod trials;

use serde::Serialize;

pub use bootstrap::{Bootstrap, Interval, Resampling};
pub use cllr::{cllr, min_cllr};
pub use dcf::{DetectionCost, TargetPrior, detection_cost};
pub use det::det_points;
pub use eer::{EqualErrorRate, eer, equal_error_rate};
pub use histogram::{Bins, HistogramBin, histogram};
pub use pav::{PavBlock, pool_adjacent_violators};
pub use probit::probit;
pub use rates::{FrrAtFar, Measurability, Rate, at_threshold, frr_at_far, operating_point};
pub use reliability::{ReliabilityBin, reliability};
pub(crate) use share::resampled;
pub use share::share_interval;
pub use tally::{OperatingPoint, Step, Tally};
pub use trials::{Scores, Trial, TrialsError};

/// The false-accept rates at which false rejects are reported.
pub const FAR_LIMITS: [f64; 3] = [0.01, 0.001, 0.0001];

/// All metrics that are single numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PointMetrics {
    /// Equal error rate.
    pub equal_error: EqualErrorRate,
    /// FRR at each of [`FAR_LIMITS`].
    pub frr_at_far: [FrrAtFar; 3],
    /// Detection cost at target priors of 1 % and 5 %; the actual costs are meaningful for LLRs only.
    pub detection_cost: [DetectionCost; 2],
    /// Cost of the LLRs in bits, at least 0; 1 is what no information costs. Meaningful for LLRs only.
    pub cllr: f64,
    /// The lowest `cllr` that a monotone map of the scores can reach, in [0, 1].
    pub min_cllr: f64,
}

impl PointMetrics {
    /// The metrics of a tally.
    #[must_use]
    pub fn new(tally: &Tally) -> Self {
        Self {
            equal_error: eer(tally),
            frr_at_far: FAR_LIMITS.map(|far| frr_at_far(tally, far)),
            detection_cost: [TargetPrior::ONE_PERCENT, TargetPrior::FIVE_PERCENT]
                .map(|prior| detection_cost(tally, prior)),
            cllr: cllr(tally),
            min_cllr: min_cllr(tally),
        }
    }
}
