//! How an experiment goes.

use jiff::Timestamp;
use serde::Serialize;
use voicegate_core::decide::{Outcome, StepUp};
use voicegate_core::experiment::Arm;
use voicegate_core::metrics::Rate;

use crate::config::ExperimentConfig;
use crate::ports::ArmCounts;
use crate::{Service, ServiceError};

/// Most attempts that are counted: enough for a rate of one in a thousand, and the answer takes no longer in years.
const MOST: u32 = 100_000;

/// The outcomes of both arms. It counts people and names none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExperimentReport {
    /// Name of the experiment.
    pub name: String,
    /// Whether it runs now.
    pub running: bool,
    /// From when on attempts were counted; `null` from the first.
    pub since: Option<Timestamp>,
    /// Whether only the newest attempts were counted because there are too many.
    pub truncated: bool,
    /// Arm a and arm b.
    pub arms: [ArmReport; 2],
}

/// The outcomes of one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

impl Service {
    /// How the verifications in each arm of the experiment `name` ended, from `since` on.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if no experiment of that name runs and no attempt was part of one;
    /// [`ServiceError::Store`].
    pub async fn experiment_report(
        &self,
        name: &str,
        since: Option<Timestamp>,
    ) -> Result<ExperimentReport, ServiceError> {
        let missing = ServiceError::NotFound("experiment of this name");
        // A name that no experiment can have is no text for every database.
        if !ExperimentConfig::is_name(name) {
            return Err(missing);
        }
        let config = self.config.current();
        let running = config.experiment.as_ref().is_some_and(|experiment| experiment.name == name);
        let counts = self.store.experiment_counts(name, since.unwrap_or(Timestamp::MIN), MOST).await?;
        if !running && counts.arms.is_empty() {
            let ever = self.store.experiment_counts(name, Timestamp::MIN, 1).await?;
            if ever.arms.is_empty() {
                return Err(missing);
            }
        }
        let arms = Arm::ALL.map(|arm| ArmReport::new(arm, counts.arms.get(&arm)));
        Ok(ExperimentReport { name: name.to_owned(), running, since, truncated: counts.truncated, arms })
    }
}

impl ArmReport {
    fn new(arm: Arm, counts: Option<&ArmCounts>) -> Self {
        let of = |outcome: Outcome| {
            counts.and_then(|counts| counts.attempts.get(outcome.as_str())).copied().unwrap_or_default()
        };
        let accepted = of(Outcome::Accept);
        let attempts = counts.map_or(0, |counts| counts.attempts.values().sum());
        Self {
            arm,
            people: counts.map_or(0, |counts| counts.people),
            attempts,
            accepted,
            rejected: of(Outcome::Reject),
            inconclusive: of(Outcome::Inconclusive),
            // Whatever was asked for, its name is the same.
            step_up: of(Outcome::StepUp(StepUp::OtherFactor)),
            acceptance: Rate::new(accepted as usize, attempts as usize),
        }
    }
}
