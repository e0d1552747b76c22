//! Verification trials, sorted by score.

/// One comparison of a recording with an enrolled speaker.
///
/// Speakers are numbered by the caller in any way; the numbers matter to the bootstrap only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    score: f64,
    enrolled: u32,
    tested: u32,
    target: bool,
}

impl Trial {
    /// A recording of the enrolled speaker.
    #[must_use]
    pub fn target(score: f64, speaker: u32) -> Self {
        Self { score, enrolled: speaker, tested: speaker, target: true }
    }

    /// A recording that is to be rejected. `tested` equals `enrolled` for an attack with the speaker's own voice, such
    /// as a replay.
    #[must_use]
    pub fn impostor(score: f64, enrolled: u32, tested: u32) -> Self {
        Self { score, enrolled, tested, target: false }
    }

    /// The higher, the likelier the enrolled speaker.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.score
    }

    /// Number of the enrolled speaker.
    #[must_use]
    pub fn enrolled(&self) -> u32 {
        self.enrolled
    }

    /// Number of the speaker of the recording.
    #[must_use]
    pub fn tested(&self) -> u32 {
        self.tested
    }

    /// Whether the recording ought to be accepted.
    #[must_use]
    pub fn is_target(&self) -> bool {
        self.target
    }
}

/// Why trials have no error metrics.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TrialsError {
    /// A score cannot be ordered.
    #[error("the score of trial {0} is not a number")]
    NotANumber(usize),
    /// There is no false-reject rate.
    #[error("there is no target trial")]
    NoTargets,
    /// There is no false-accept rate.
    #[error("there is no impostor trial")]
    NoImpostors,
    /// A weight is negative, infinite or not a number.
    #[error("a trial has the weight {0}")]
    Weight(f64),
}

/// Trials of both kinds in ascending order of score. Scores may be infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    trials: Vec<Trial>,
    targets: usize,
}

impl Scores {
    /// Sorts the trials.
    ///
    /// # Errors
    /// [`TrialsError`] if a score is NaN or one kind of trial is missing.
    pub fn new(mut trials: Vec<Trial>) -> Result<Self, TrialsError> {
        if let Some(at) = trials.iter().position(|trial| trial.score.is_nan()) {
            return Err(TrialsError::NotANumber(at));
        }
        let targets = trials.iter().filter(|trial| trial.target).count();
        if targets == 0 {
            return Err(TrialsError::NoTargets);
        }
        if targets == trials.len() {
            return Err(TrialsError::NoImpostors);
        }
        trials.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
        Ok(Self { trials, targets })
    }

    /// Trials from scores alone, for metrics without the bootstrap: all are given the same speaker.
    ///
    /// # Errors
    /// As [`Scores::new`]; the position of a NaN counts on from the targets to the impostors.
    pub fn without_speakers(targets: &[f64], impostors: &[f64]) -> Result<Self, TrialsError> {
        let targets = targets.iter().map(|score| Trial::target(*score, 0));
        let impostors = impostors.iter().map(|score| Trial::impostor(*score, 0, 0));
        Self::new(targets.chain(impostors).collect())
    }

    /// All trials in ascending order of score.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Number of target trials, at least 1.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Number of impostor trials, at least 1.
    #[must_use]
    pub fn impostors(&self) -> usize {
        self.trials.len() - self.targets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_metrics_is_refused() {
        let scores = Scores::without_speakers;
        assert_eq!(scores(&[], &[]), Err(TrialsError::NoTargets));
        assert_eq!(scores(&[], &[0.0]), Err(TrialsError::NoTargets));
        assert_eq!(scores(&[0.0], &[]), Err(TrialsError::NoImpostors));
        assert_eq!(scores(&[0.0], &[1.0, f64::NAN]), Err(TrialsError::NotANumber(2)));
        let infinite = scores(&[f64::INFINITY, 0.0], &[f64::NEG_INFINITY]).unwrap();
        assert_eq!(infinite.trials().iter().map(Trial::is_target).collect::<Vec<_>>(), [false, true, true]);
    }
}
