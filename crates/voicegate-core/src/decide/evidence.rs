//! What was found out about an attempt, and what is asked of it.

use serde::Serialize;

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
    /// Their verdict, by the thresholds of the deployment.
    pub suspicion: Suspicion,
    /// Natural-log likelihood ratio: a played or made voice against a living one.
    pub llr: f64,
}

/// How much speaks for an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspicion {
    /// Too little to ask for anything.
    None,
    /// Too little to turn somebody away, and enough to ask for more.
    Some,
    /// It is an attack.
    Attack,
}

/// Everything that was found out about one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The speaker comparison.
    pub speaker: Measured<SpeakerScore>,
    /// Whether a living person spoke.
    pub countermeasures: Measured<Countermeasures>,
    /// Whether the recording was not heard before: the same one twice is a replay.
    pub fresh: Measured<Proof>,
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
    /// What a suspicion that is no certainty asks for.
    pub suspicious: StepUp,
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
            suspicious: StepUp::LiveChallenge,
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

    /// The value, if it was measured.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Missing(_) => None,
        }
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
            fresh: Measured::missing(Reason::new(
                "not_compared",
                "Nothing checked whether the recording was heard before.",
            )),
            challenge: Measured::missing(Reason::new("no_challenge", "No words were asked for.")),
            signature: Measured::missing(Reason::new("not_signed", "No device signed the attempt.")),
        }
    }

    /// Whether everything but the voice was checked and held.
    #[must_use]
    pub fn is_live_and_signed(&self) -> bool {
        let passed = |check: &Measured<Proof>| *check == Measured::Value(Proof::Passed);
        self.suspicion() == Some(Suspicion::None)
            && passed(&self.fresh)
            && passed(&self.challenge)
            && passed(&self.signature)
    }

    fn suspicion(&self) -> Option<Suspicion> {
        self.countermeasures.value().map(|found| found.suspicion)
    }

    /// A reason for each check that failed, the weightiest first.
    #[must_use]
    pub fn failures(&self) -> Vec<Reason> {
        let failed = |check: &Measured<Proof>| *check == Measured::Value(Proof::Failed);
        let spoofed = self.suspicion() == Some(Suspicion::Attack);
        [
            (spoofed, "not_a_living_voice", "The voice sounds played or made by a machine."),
            (failed(&self.fresh), "heard_before", "This recording was heard before; please speak anew."),
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
        let said = self.challenge == Measured::Value(Proof::Passed);
        let asked = lacking().find_map(|(requirement, why)| match requirement {
            // Whoever said the words has given what would be asked for.
            Requirement::Or(StepUp::LiveChallenge) if said => None,
            Requirement::Or(what) => Some((what, why.to_vec())),
            Requirement::Optional | Requirement::Required => None,
        });
        let (what, why) = self.suspicious(policy).or(asked)?;
        Some((Outcome::StepUp(what), [what.reason()].into_iter().chain(why).collect()))
    }

    /// What a suspicion asks for. Whoever said the words that were made up for this attempt has answered it.
    fn suspicious(&self, policy: &Policy) -> Option<(StepUp, Vec<Reason>)> {
        let answered =
            policy.suspicious == StepUp::LiveChallenge && self.challenge == Measured::Value(Proof::Passed);
        let message = "Something in the recording sounds played or made by a machine.";
        (self.suspicion() == Some(Suspicion::Some) && !answered)
            .then(|| (policy.suspicious, vec![Reason::new("voice_suspicious", message)]))
    }
}
