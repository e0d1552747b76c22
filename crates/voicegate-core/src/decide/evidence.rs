//! What was found out about an attempt, and what is asked of it.

use super::{Outcome, Reason, StepUp};
use crate::score::SpeakerScore;
use crate::threshold::{self, AdjustmentTable};

/// A measurement, or why there is none. What was not measured is never counted as bad.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured<T> {
    /// The value.
    Value(T),
    /// Why it could not be measured; at least one reason.
    Missing(Vec<Reason>),
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It held.
    Passed,
    /// It did not.
    Failed,
}

/// What the detectors of replayed and synthetic speech say together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Countermeasures {
    /// Their verdict, by the threshold that they were fitted with.
    pub proof: Proof,
    /// Natural-log likelihood ratio: a living voice against a played or made one.
    pub llr: f64,
}

/// Everything that was found out about one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The speaker comparison.
    pub speaker: Measured<SpeakerScore>,
    /// Whether a living person spoke.
    pub countermeasures: Measured<Countermeasures>,
    /// Whether the words were said that were asked for.
    pub challenge: Measured<Proof>,
    /// Whether the device signed the attempt.
    pub signature: Measured<Proof>,
}

/// How much a policy cares for one kind of evidence. Whatever it says, a check that failed rejects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Requirement {
    /// Its absence does nothing.
    #[default]
    Optional,
    /// Without it nothing can be said.
    Required,
    /// Without it something else is asked for.
    Or(StepUp),
}

/// What an operator asks of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Least [`SpeakerScore::similarity`] that is accepted before the circumstances move it, in [`threshold::BOUNDS`].
    pub base: f32,
    /// How much the circumstances move it.
    pub adjustments: AdjustmentTable,
    /// Whether countermeasures are asked for.
    pub countermeasures: Requirement,
    /// Whether a challenge is asked for.
    pub challenge: Requirement,
    /// Whether a signature of the device is asked for.
    pub signature: Requirement,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            base: threshold::BASE,
            adjustments: AdjustmentTable::default(),
            countermeasures: Requirement::default(),
            challenge: Requirement::default(),
            signature: Requirement::default(),
        }
    }
}

impl<T> Measured<T> {
    /// Nothing, for one reason.
    #[must_use]
    pub fn missing(reason: Reason) -> Self {
        Self::Missing(vec![reason])
    }

    /// Why it is missing; `None` if it is not.
    fn why_missing(&self) -> Option<&[Reason]> {
        match self {
            Self::Value(_) => None,
            Self::Missing(reasons) => Some(reasons),
        }
    }
}

impl Evidence {
    /// A voice, and nothing else was looked at.
    #[must_use]
    pub fn of_voice(speaker: Measured<SpeakerScore>) -> Self {
        Self {
            speaker,
            countermeasures: Measured::missing(Reason::new(
                "countermeasures_not_run",
                "Nothing checked whether a living person spoke.",
            )),
            challenge: Measured::missing(Reason::new("no_challenge", "No words were asked for.")),
            signature: Measured::missing(Reason::new("not_signed", "No device signed the attempt.")),
        }
    }

    /// Whether everything but the voice was checked and held.
    #[must_use]
    pub fn is_live_and_signed(&self) -> bool {
        let passed = |check: &Measured<Proof>| *check == Measured::Value(Proof::Passed);
        let alive =
            matches!(self.countermeasures, Measured::Value(Countermeasures { proof: Proof::Passed, .. }));
        alive && passed(&self.challenge) && passed(&self.signature)
    }

    /// A reason for each check that failed, the weightiest first.
    pub(super) fn failures(&self) -> Vec<Reason> {
        let failed = |check: &Measured<Proof>| *check == Measured::Value(Proof::Failed);
        let spoofed =
            matches!(self.countermeasures, Measured::Value(Countermeasures { proof: Proof::Failed, .. }));
        [
            (spoofed, "not_a_living_voice", "The voice sounds played or made by a machine."),
            (failed(&self.challenge), "wrong_words", "The words were not those that were asked for."),
            (failed(&self.signature), "wrong_signature", "The device did not sign the attempt as it should."),
        ]
        .into_iter()
        .filter(|(failed, ..)| *failed)
        .map(|(_, code, message)| Reason::new(code, message))
        .collect()
    }

    /// What a matching voice still needs by `policy`. What can only be repeated goes before what can be asked for: a
    /// step-up would be in vain.
    pub(super) fn lacking(&self, policy: &Policy) -> Option<(Outcome, Vec<Reason>)> {
        let kinds = [
            (policy.countermeasures, self.countermeasures.why_missing()),
            (policy.challenge, self.challenge.why_missing()),
            (policy.signature, self.signature.why_missing()),
        ];
        let lacking = || kinds.into_iter().filter_map(|(requirement, why)| Some((requirement, why?)));
        let required = lacking().filter(|(requirement, _)| *requirement == Requirement::Required);
        let mut needed = required.flat_map(|(_, why)| why.iter().cloned()).collect::<Vec<_>>();
        if lacking().any(|(requirement, _)| requirement == Requirement::Required) {
            if needed.is_empty() {
                needed.push(Reason::new("evidence_missing", "A check that is asked for was not made."));
            }
            return Some((Outcome::Inconclusive, needed));
        }
        lacking().find_map(|(requirement, why)| match requirement {
            Requirement::Or(what) => {
                let reasons = [what.reason()].into_iter().chain(why.iter().cloned()).collect();
                Some((Outcome::StepUp(what), reasons))
            }
            Requirement::Optional | Requirement::Required => None,
        })
    }
}
