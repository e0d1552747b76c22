//! Detectors of replayed and made speech, judged together.
//!
//! Orientation: a higher score of a network, and a higher log-likelihood ratio, speaks for an attack; which values of a
//! measurement do is for the fit to find. Ratios are natural logarithms of how much likelier an attack sounds like this
//! than a living person at the microphone.

mod fit;
mod fitted;
mod fusion;
mod policy;
mod thresholds;

pub use fit::{Detector, Orientation, Presentation, SpoofFitError, fit, weight_intervals};
pub use fitted::{FittedError, FittedSpoofFusion, SCHEMA};
pub use fusion::{Contribution, DetectorWeights, Missing, SpoofEvidence, SpoofFusion, SpoofFusionError};
pub use policy::{SpoofPolicy, SpoofPolicyError, Verdict};
pub use thresholds::{SURE, Thresholds, thresholds};
