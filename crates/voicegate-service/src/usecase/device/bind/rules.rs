//! What a decision about a voice means for the device that it would bind. Pure.

use voicegate_core::Voiceprint;
use voicegate_core::decide::{Decision, Evidence, Measured, Outcome, Proof, Reason, StepUp, Suspicion};
use voicegate_core::device::{DeviceBinding, Event, Proofs, TrustLevel};

/// What surrounds a decision.
pub(super) struct Setting<'a> {
    /// The device as it stands, waiting to be bound or revoked.
    pub(super) device: &'a DeviceBinding,
    pub(super) evidence: &'a Evidence,
    /// What was heard; `None` if nothing could be.
    pub(super) voice: Option<&'a Voiceprint>,
    pub(super) other_factor: OtherFactor,
    /// Whether that can be given later, in the session that asks.
    pub(super) in_session: bool,
}

/// What stands behind a binding besides the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherFactor {
    /// It was given, now or when the session began, or a program vouches for it.
    Given,
    /// The device is bound again without.
    NotAsked,
    /// It has to be given.
    Asked(StepUp),
}

/// The end of an attempt to bind.
#[derive(Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) decision: Decision,
    /// What happens to the device.
    pub(super) event: Option<Event>,
}

impl Setting<'_> {
    /// Only ever stricter than `decision`.
    pub(super) fn judge(&self, decision: Decision) -> Verdict {
        let matched = matches!(decision.outcome, Outcome::Accept | Outcome::StepUp(_));
        let Some(voice) = self.voice.filter(|_| matched).cloned() else {
            return Verdict { decision, event: None };
        };
        // A login can ask for something else where speech is suspicious. What binds has to be free of suspicion.
        if !self.is_living() {
            let message = "It is not clear that a living person spoke; please speak again, into the microphone of the device.";
            let reasons = vec![Reason::new("not_clearly_living", message)];
            let decision = Decision { outcome: Outcome::Reject, reasons, ..decision };
            return Verdict { decision, event: None };
        }
        let proofs = self.proofs();
        let is_new = self.device.trust_level == TrustLevel::Pending;
        let OtherFactor::Asked(asked) = self.other_factor else {
            let event = if is_new { Event::Bind { proofs, voice } } else { Event::Rebind { proofs, voice } };
            return Verdict { decision, event: Some(event) };
        };
        let why = if is_new {
            let message = "Nothing but the voice was given so far. Give that as well, then bind the device.";
            Reason::new("voice_alone", message)
        } else {
            Reason::new("device_revoked", "This device was revoked. It is bound again once that is given.")
        };
        let reasons = vec![asked.reason(), why];
        let decision = Decision { outcome: Outcome::StepUp(asked), reasons, ..decision };
        let event = (self.in_session && !is_new).then_some(Event::ProposeRebind { proofs, voice });
        Verdict { decision, event }
    }

    /// What was proven along with a voice that matched at the threshold of a new device.
    fn proofs(&self) -> Proofs {
        Proofs {
            signature: self.evidence.signature == Measured::Value(Proof::Passed),
            challenge: self.evidence.challenge == Measured::Value(Proof::Passed),
            countermeasures: self.is_living(),
            voice_at_new_device_threshold: true,
            other_factor: self.other_factor == OtherFactor::Given,
        }
    }

    /// Whether nothing suspicious was found. Countermeasures that an operator switched off are not missed.
    fn is_living(&self) -> bool {
        self.evidence.countermeasures.value().is_none_or(|found| found.suspicion == Suspicion::None)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;
    use voicegate_core::decide::Countermeasures;
    use voicegate_core::device::{DeviceId, DeviceKey, DeviceName, RebindRequire, RevocationReason};
    use voicegate_core::threshold::Threshold;
    use voicegate_core::{Embedding, PersonId};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn voice() -> Voiceprint {
        Voiceprint::single("model", Embedding::new(vec![1.0]).unwrap())
    }

    fn pending() -> DeviceBinding {
        let mut point = [1; DeviceKey::LENGTH];
        point[0] = 4;
        let (person, name) = (PersonId::new("alice").unwrap(), DeviceName::new("phone").unwrap());
        DeviceBinding::pending(DeviceId(Uuid::nil()), person, name, DeviceKey::new(&point).unwrap(), NOW)
    }

    fn revoked(reason: RevocationReason) -> DeviceBinding {
        let event = Event::Revoke { reason };
        let bound = DeviceBinding { trust_level: TrustLevel::Trusted, bound_at: Some(NOW), ..pending() };
        bound.apply(event, &RebindRequire::Voice, NOW).unwrap()
    }

    fn evidence(suspicion: Option<Suspicion>) -> Evidence {
        let missing = || Measured::missing(Reason::new("not_measured", "…"));
        let found = suspicion.map(|suspicion| Countermeasures { suspicion, llr: 0.0 });
        Evidence {
            countermeasures: found.map_or_else(missing, Measured::Value),
            challenge: Measured::Value(Proof::Passed),
            signature: Measured::Value(Proof::Passed),
            ..Evidence::of_voice(Measured::missing(Reason::new("not_measured", "…")))
        }
    }

    fn decided(outcome: Outcome) -> Decision {
        let reasons = vec![Reason::new("because", "…")];
        Decision { outcome, reasons, similarity: Some(0.9), threshold: Threshold::fixed(0.8) }
    }

    /// The outcome, and what becomes of the device.
    fn end(
        device: &DeviceBinding,
        suspicion: Option<Suspicion>,
        outcome: Outcome,
        (other_factor, in_session): (OtherFactor, bool),
    ) -> (Outcome, TrustLevel, bool) {
        let (evidence, voice) = (evidence(suspicion), voice());
        let setting = Setting { device, evidence: &evidence, voice: Some(&voice), other_factor, in_session };
        let verdict = setting.judge(decided(outcome));
        let after = match verdict.event {
            Some(event) => device.clone().apply(event, &RebindRequire::Voice, NOW).unwrap(),
            None => device.clone(),
        };
        (verdict.decision.outcome, after.trust_level, after.proposed.is_some())
    }

    #[test]
    fn a_living_voice_binds_once_the_other_factor_is_given() {
        use OtherFactor::{Asked, Given, NotAsked};
        use Outcome::{Accept, Inconclusive, Reject};
        use TrustLevel::{Pending, Revoked, Trusted};
        let (password, code) = (StepUp::Password, StepUp::OtherFactor);
        let (lost, stolen) = (revoked(RevocationReason::Lost), revoked(RevocationReason::Compromised));
        let new = pending();
        let none = Some(Suspicion::None);
        for (device, suspicion, outcome, given, expected) in [
            (&new, none, Accept, (Given, true), (Accept, Trusted, false)),
            (&new, None, Accept, (Given, false), (Accept, Trusted, false)),
            (&new, none, Accept, (Asked(password), true), (Outcome::StepUp(password), Pending, false)),
            (&new, none, Reject, (Asked(password), true), (Reject, Pending, false)),
            (&new, Some(Suspicion::Some), Accept, (Given, true), (Reject, Pending, false)),
            (&new, Some(Suspicion::Some), Outcome::StepUp(password), (Given, true), (Reject, Pending, false)),
            (&new, none, Reject, (Given, true), (Reject, Pending, false)),
            (&new, none, Inconclusive, (Given, true), (Inconclusive, Pending, false)),
            (&lost, none, Accept, (NotAsked, true), (Accept, Trusted, false)),
            (&lost, none, Accept, (Asked(password), true), (Outcome::StepUp(password), Revoked, true)),
            (&lost, none, Accept, (Asked(code), true), (Outcome::StepUp(code), Revoked, true)),
            (&lost, none, Accept, (Given, true), (Accept, Trusted, false)),
            (&stolen, none, Accept, (Asked(password), false), (Outcome::StepUp(password), Revoked, false)),
            (&stolen, none, Accept, (Given, false), (Accept, Trusted, false)),
            (&stolen, Some(Suspicion::Some), Accept, (Given, true), (Reject, Revoked, false)),
            (&stolen, none, Reject, (Given, true), (Reject, Revoked, false)),
        ] {
            let found = end(device, suspicion, outcome, given);
            assert_eq!(found, expected, "{:?} {suspicion:?} {outcome:?} {given:?}", device.trust_level);
        }
    }
}
