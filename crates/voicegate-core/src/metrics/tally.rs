//! How much target and impostor weight lies at each score.

use serde::Serialize;

use super::trials::{Scores, Trial, TrialsError};

/// The trials with one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The score.
    pub score: f64,
    /// Weight of the target trials with it: their number, where each weighs 1.
    pub targets: f64,
    /// Weight of the impostor trials with it.
    pub impostors: f64,
}

/// Weighted trials by distinct score. Both kinds have a weight above 0 in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    steps: Vec<Step>,
    targets: f64,
    impostors: f64,
}

/// The error rates at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// Scores from here on are accepted; at ∞ nothing is, not even a score of ∞.
    pub threshold: f64,
    /// False-reject rate (miss rate), in [0, 1].
    pub frr: f64,
    /// False-accept rate (false-alarm rate), in [0, 1].
    pub far: f64,
}

impl OperatingPoint {
    pub(super) const REJECT_ALL: Self = Self { threshold: f64::INFINITY, frr: 1.0, far: 0.0 };
}

impl Tally {
    /// Every trial counts once.
    #[must_use]
    pub fn new(scores: &Scores) -> Self {
        let mut tally = Self::empty(scores);
        tally.refill(scores.trials().iter().map(|trial| (trial.score(), trial.is_target(), 1.0)));
        tally
    }

    /// Every trial counts as often as `weight` says: a finite number from 0.
    ///
    /// # Errors
    /// [`TrialsError`] if a weight is out of range or one kind of trial has no weight.
    pub fn weighted(scores: &Scores, weight: impl Fn(&Trial) -> f64) -> Result<Self, TrialsError> {
        let weights: Vec<f64> = scores.trials().iter().map(weight).collect();
        if let Some(bad) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(TrialsError::Weight(*bad));
        }
        let mut tally = Self::empty(scores);
        tally.refill(scores.trials().iter().zip(weights).map(|(t, w)| (t.score(), t.is_target(), w)));
        if tally.targets <= 0.0 {
            return Err(TrialsError::NoTargets);
        }
        if tally.impostors <= 0.0 {
            return Err(TrialsError::NoImpostors);
        }
        Ok(tally)
    }

    /// A tally without steps, to be refilled.
    pub(super) fn empty(scores: &Scores) -> Self {
        Self { steps: Vec::with_capacity(scores.trials().len()), targets: 0.0, impostors: 0.0 }
    }

    /// Replaces the steps by (score, whether a target, weight) in ascending order of score. A step may be left without
    /// weight, which moves no rate. Whether both kinds have weight is for the caller to see to.
    pub(super) fn refill(&mut self, trials: impl Iterator<Item = (f64, bool, f64)>) {
        self.steps.clear();
        (self.targets, self.impostors) = (0.0, 0.0);
        let mut step = Step { score: f64::NAN, targets: 0.0, impostors: 0.0 };
        for (score, target, weight) in trials {
            // The first trial differs from the NaN.
            if score != step.score {
                self.close(step);
                step = Step { score, targets: 0.0, impostors: 0.0 };
            }
            // Without a branch: which kind comes next is what a processor cannot guess where the kinds overlap.
            let own = if target { weight } else { 0.0 };
            step.targets += own;
            step.impostors += weight - own;
        }
        self.close(step);
    }

    fn close(&mut self, step: Step) {
        if !step.score.is_nan() {
            self.targets += step.targets;
            self.impostors += step.impostors;
            self.steps.push(step);
        }
    }

    /// The distinct scores, ascending.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Weight of all target trials, above 0.
    #[must_use]
    pub fn targets(&self) -> f64 {
        self.targets
    }

    /// Weight of all impostor trials, above 0.
    #[must_use]
    pub fn impostors(&self) -> f64 {
        self.impostors
    }

    /// The empirical ROC: a point for each distinct score as the threshold, ascending, and last the one that rejects
    /// all.
    pub fn operating_points(&self) -> impl Iterator<Item = OperatingPoint> {
        let (mut rejected, mut accepted) = (0.0, self.impostors);
        let points = self.steps.iter().map(move |step| {
            // Sums of whole weights are exact; others may end a rounding error beyond the ends.
            let frr = (rejected / self.targets).min(1.0);
            let far = (accepted / self.impostors).max(0.0);
            rejected += step.targets;
            accepted -= step.impostors;
            OperatingPoint { threshold: step.score, frr, far }
        });
        points.chain([OperatingPoint::REJECT_ALL])
    }

    /// The error rates at a threshold; nothing is accepted at NaN.
    #[must_use]
    pub fn at(&self, threshold: f64) -> OperatingPoint {
        let first = self.steps.iter().position(|step| step.score >= threshold);
        let first = first.unwrap_or(self.steps.len());
        let rejected: f64 = self.steps[..first].iter().map(|step| step.targets).sum();
        let accepted: f64 = self.steps[first..].iter().map(|step| step.impostors).sum();
        OperatingPoint { threshold, frr: rejected / self.targets, far: accepted / self.impostors }
    }
}
