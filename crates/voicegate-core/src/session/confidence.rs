//! How sure a session is that its person still speaks.
//!
//! The log-likelihood ratios of what is heard are added up, and what speaks for the person loses half its weight with
//! every half-life: a leaky integrator. That evidence of an older time counts less, and that a session knows where it
//! stands while nothing is heard, is after T. Sim et al., "Continuous verification using multimodal biometrics", IEEE
//! TPAMI 29 (2007). Utterances of one session resemble each other, so their sum overstates what they prove; the bound on
//! it keeps hours of the person's speech from paying for a stranger's.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decide::StepUp;
use crate::similarity::{llr, similarity};

/// When a session's confidence no longer suffices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfidencePolicy {
    /// Time in which what speaks for the person loses half its weight; above zero.
    pub half_life: SignedDuration,
    /// Similarity below which the session has to prove itself anew.
    pub step_up_below: f32,
    /// What is asked for then.
    pub step_up: StepUp,
}

/// What one further utterance of a session told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Utterance {
    /// Nothing: the decision about it was INCONCLUSIVE.
    Inconclusive,
    /// A voice, and no check failed: its natural-log likelihood ratio, the person against somebody else.
    Voice(f64),
    /// A countermeasure, a challenge or a signature failed, or the recording was heard before.
    CheckFailed,
}

/// What a session knows of who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// Natural-log likelihood ratio at `heard_at`, on the scale from similarity 0 to 1.
    pub llr: f64,
    /// When a voice was heard last.
    pub heard_at: Timestamp,
    /// Whether a check failed since the login. No voice makes up for that; only a new proof does.
    pub check_failed: bool,
}

impl Default for ConfidencePolicy {
    /// Eight hours to one half, a live challenge, and 0.6: less than any login passes with ([`crate::threshold::BOUNDS`]),
    /// so that no session begins by asking for more.
    fn default() -> Self {
        Self { half_life: SignedDuration::from_hours(8), step_up_below: 0.6, step_up: StepUp::LiveChallenge }
    }
}

impl Confidence {
    /// The confidence after a login or an answered step-up whose voice had the log-likelihood ratio `llr`.
    #[must_use]
    pub fn proven(llr: f64, now: Timestamp) -> Self {
        Self { llr: bounded(llr), heard_at: now, check_failed: false }
    }

    /// The confidence with one more utterance.
    #[must_use]
    pub fn hear(self, utterance: Utterance, now: Timestamp, policy: &ConfidencePolicy) -> Self {
        match utterance {
            Utterance::Inconclusive => self,
            Utterance::Voice(llr) => Self {
                llr: bounded(self.llr_at(now, policy) + bounded(llr)),
                heard_at: now.max(self.heard_at),
                ..self
            },
            Utterance::CheckFailed => Self { check_failed: true, ..self },
        }
    }

    /// The similarity that the session stands at, in [0, 1].
    #[must_use]
    pub fn similarity(&self, now: Timestamp, policy: &ConfidencePolicy) -> f32 {
        similarity(self.llr_at(now, policy)).unwrap_or(0.0)
    }

    /// What is asked of the session; `None` while its confidence suffices.
    #[must_use]
    pub fn step_up(&self, now: Timestamp, policy: &ConfidencePolicy) -> Option<StepUp> {
        let enough = !self.check_failed && self.similarity(now, policy) >= policy.step_up_below;
        (!enough).then_some(policy.step_up)
    }

    /// The log-likelihood ratio with what time took off. Time excuses nobody: what speaks against the person stays.
    fn llr_at(&self, now: Timestamp, policy: &ConfidencePolicy) -> f64 {
        let half_lives = now.duration_since(self.heard_at).as_secs_f64() / policy.half_life.as_secs_f64();
        // A clock that was set back adds nothing; nor does zero over zero, of which `min` takes the number.
        let kept = (-half_lives).exp2().min(1.0);
        self.llr.min(self.llr * kept)
    }
}

/// A log-likelihood ratio within what the scale of similarity tells; what is no number speaks against the person.
fn bounded(ratio: f64) -> f64 {
    if ratio.is_nan() { llr(0.0) } else { ratio.clamp(llr(0.0), llr(1.0)) }
}
