//! The decision on one frame: a network with one hidden layer.

use super::measures::MEASURES;
use super::weights::{HIDDEN_OFFSETS, HIDDEN_WEIGHTS, SCORE_OFFSET, SCORE_WEIGHTS};

/// Probability that the frame is speech, 0 to 1.
pub(super) fn score(measures: &[f32; MEASURES]) -> f32 {
    let mut logit = SCORE_OFFSET;
    for ((weights, offset), score_weight) in HIDDEN_WEIGHTS.iter().zip(HIDDEN_OFFSETS).zip(SCORE_WEIGHTS) {
        let sum: f32 = weights.iter().zip(measures).map(|(weight, measure)| weight * measure).sum();
        logit += score_weight * (sum + offset).tanh();
    }
    1.0 / (1.0 + (-logit).exp())
}
