//! What is drawn.

use serde::Serialize;
use voicegate_core::metrics::{
    Bins, HistogramBin, OperatingPoint, ReliabilityBin, Tally, det_points, histogram, reliability,
};
use voicegate_core::similarity::llr;

use super::case::Case;
use super::share;

/// Points of a DET curve: more cannot be told apart.
const DET_POINTS: usize = 200;
/// Steps of the similarity in the histogram, over its whole scale.
const SIMILARITY_BINS: usize = 50;

/// The curves of all trials.
#[derive(Debug, Clone, Serialize)]
pub(in crate::commands::eval) struct Curves {
    /// The trade-off between the two errors.
    pub(in crate::commands::eval) det: Vec<OperatingPoint>,
    /// Trials by similarity; empty if the scores are not calibrated, as `reliability`.
    pub(in crate::commands::eval) histogram: Vec<HistogramBin>,
    /// Whether log-likelihood ratios say what they mean.
    pub(in crate::commands::eval) reliability: Vec<ReliabilityBin>,
}

impl Curves {
    /// `None` with trials of one kind alone.
    pub(super) fn new(cases: &[&Case], calibrated: bool) -> Option<Self> {
        let tally = Tally::new(&share::scores(cases, |case| Some(case.score?.llr))?);
        let similarities = share::scores(cases, |case| Some(f64::from(case.score?.similarity)))?;
        let by_similarity = Bins::new(0.0, 1.0, SIMILARITY_BINS).filter(|_| calibrated);
        // A quarter of a decade in odds each, from one in a thousand to a thousand to one.
        let by_odds = Bins::new(llr(0.15), llr(0.75), 24).filter(|_| calibrated);
        Some(Self {
            det: det_points(&tally, DET_POINTS),
            histogram: by_similarity
                .map_or_else(Vec::new, |bins| histogram(&Tally::new(&similarities), &bins)),
            reliability: by_odds.map_or_else(Vec::new, |bins| reliability(&tally, &bins)),
        })
    }
}
