//! Experiments.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// One of the two arms of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// Judged as without the experiment.
    A,
    /// Judged as the experiment says.
    B,
}

/// The arm that a person is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Assignment {
    /// Name of the experiment.
    #[schema(example = "stricter")]
    pub name: String,
    /// The arm.
    pub arm: Arm,
}

/// A share with its 95 % interval (Wilson). Attempts of one person are not independent, so the truth is less sure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Rate {
    /// Those that are meant.
    pub count: usize,
    /// All.
    pub trials: usize,
    /// `count / trials`.
    #[schema(minimum = 0, maximum = 1)]
    pub rate: f64,
    /// Lower end of the interval.
    #[schema(minimum = 0, maximum = 1)]
    pub low: f64,
    /// Upper end of the interval.
    #[schema(minimum = 0, maximum = 1)]
    pub high: f64,
}

/// The outcomes of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArmReport {
    /// Which.
    pub arm: Arm,
    /// People who were verified.
    pub people: u64,
    /// Verifications that were judged.
    pub attempts: u64,
    /// Those that ended in ACCEPT.
    pub accepted: u64,
    /// Those that ended in REJECT.
    pub rejected: u64,
    /// Those that ended in INCONCLUSIVE.
    pub inconclusive: u64,
    /// Those that ended in STEP_UP.
    pub step_up: u64,
    /// Share of ACCEPT among all attempts; `null` without any.
    pub acceptance: Option<Rate>,
}

/// The outcomes of both arms of an experiment. People are counted, not named.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExperimentReport {
    /// Its name.
    #[schema(example = "stricter")]
    pub name: String,
    /// Whether it runs now.
    pub running: bool,
    /// From when on attempts were counted; `null` from the first.
    pub since: Option<Timestamp>,
    /// Whether only the newest 100 000 attempts were counted.
    pub truncated: bool,
    /// Arm a and arm b.
    #[schema(min_items = 2, max_items = 2)]
    pub arms: Vec<ArmReport>,
}
