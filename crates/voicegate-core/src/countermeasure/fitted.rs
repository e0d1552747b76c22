//! A fitted fusion as it is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{SpoofFusion, SpoofFusionError, SpoofPolicy, SpoofPolicyError, Thresholds};

/// The form that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// A fusion of detectors with its thresholds and where they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSpoofFusion {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Its version, of 1 to 64 characters; answers and records name it.
    pub id: String,
    /// From scores to the log-likelihood ratio of an attack.
    pub fusion: SpoofFusion,
    /// From here on it is an attack ([`super::SURE`]).
    pub threshold_llr: f64,
    /// From here on it is suspicious; 1 % of the bona fide recordings of the fit are.
    pub suspicious_llr: f64,
    /// Attacks it was fitted on, by species.
    pub attacks: BTreeMap<String, u64>,
    /// Bona fide recordings, by source.
    pub bona_fide: BTreeMap<String, u64>,
    /// Which lists and which command.
    pub fitted_on: String,
}

/// Why a file holds no fusion that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FittedError {
    /// Written by another version of the program.
    #[error("schema {0} is not {SCHEMA}")]
    Schema(u32),
    /// No name, or a long one.
    #[error("the id must have 1 to 64 characters")]
    Id,
    /// The weights.
    #[error(transparent)]
    Fusion(#[from] SpoofFusionError),
    /// The thresholds.
    #[error(transparent)]
    Policy(#[from] SpoofPolicyError),
}

impl FittedSpoofFusion {
    /// Checks what was read.
    ///
    /// # Errors
    /// [`FittedError`] with the first thing that is wrong.
    pub fn check(&self) -> Result<(), FittedError> {
        if self.schema != SCHEMA {
            return Err(FittedError::Schema(self.schema));
        }
        if !(1..=64).contains(&self.id.chars().count()) {
            return Err(FittedError::Id);
        }
        self.fusion.check()?;
        Ok(self.policy(BTreeSet::new()).check()?)
    }

    /// The thresholds of the fit.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        Thresholds { threshold_llr: self.threshold_llr, suspicious_llr: self.suspicious_llr }
    }

    /// The policy of a deployment that sets nothing but which detectors must answer.
    #[must_use]
    pub fn policy(&self, required: BTreeSet<String>) -> SpoofPolicy {
        SpoofPolicy { threshold_llr: self.threshold_llr, suspicious_llr: self.suspicious_llr, required }
    }
}

#[cfg(test)]
mod tests {
    use super::super::DetectorWeights;
    use super::*;

    fn fitted() -> FittedSpoofFusion {
        let weights = DetectorWeights { offset: 0.5, slope: 2.0, low: -1.0, high: 1.0 };
        FittedSpoofFusion {
            schema: SCHEMA,
            id: "ours-1".into(),
            fusion: SpoofFusion { detectors: BTreeMap::from([("a".to_owned(), weights)]) },
            threshold_llr: 3.0,
            suspicious_llr: 1.0,
            attacks: BTreeMap::from([("replay".to_owned(), 7)]),
            bona_fide: BTreeMap::from([("readers".to_owned(), 9)]),
            fitted_on: "list.tsv".into(),
        }
    }

    #[test]
    fn it_reads_back_as_written_and_is_checked() {
        let text = serde_json::to_string(&fitted()).unwrap();
        let read: FittedSpoofFusion = serde_json::from_str(&text).unwrap();
        assert_eq!((read.check(), read), (Ok(()), fitted()));
        let wrong = |change: fn(&mut FittedSpoofFusion)| {
            let mut changed = fitted();
            change(&mut changed);
            changed.check().unwrap_err()
        };
        assert_eq!(wrong(|f| f.schema = 2), FittedError::Schema(2));
        assert_eq!(wrong(|f| f.id.clear()), FittedError::Id);
        assert_eq!(wrong(|f| f.fusion.detectors.clear()), SpoofFusionError::Empty.into());
        assert_eq!(wrong(|f| f.suspicious_llr = 4.0), SpoofPolicyError.into());
        assert_eq!(wrong(|f| f.threshold_llr = f64::NAN), SpoofPolicyError.into());
    }
}
