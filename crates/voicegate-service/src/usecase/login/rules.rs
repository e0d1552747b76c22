//! What a decision means for the device and for what is asked next. Pure.

use voicegate_core::Voiceprint;
use voicegate_core::decide::{Decision, Evidence, Measured, Outcome, Proof, Reason, StepUp, Suspicion};
use voicegate_core::device::{DeviceBinding, Event, Proofs, RebindRequire, TrustLevel};
use voicegate_core::risk::{Risk, next_step};

use crate::usecase::device::presented::Presented;

/// What is told, and done, where the device was revoked.
pub(super) const DEVICE_REVOKED: &str = "device_revoked";

/// What surrounds a decision.
pub(super) struct Setting<'a> {
    pub(super) presented: &'a Presented,
    pub(super) evidence: &'a Evidence,
    /// What was heard; `None` if nothing could be.
    pub(super) voice: Option<&'a Voiceprint>,
    pub(super) risk: &'a Risk,
    /// What this person can be asked for beyond the voice, the preferred one first.
    pub(super) available: &'a [StepUp],
    /// Whether the caller vouches for another factor.
    pub(super) factor_asserted: bool,
    pub(super) rebind_require: RebindRequire,
    /// Whether countermeasures are run at all.
    pub(super) countermeasures_on: bool,
}

/// The end of a login.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) decision: Decision,
    /// What happens to the device that signed.
    pub(super) event: Option<Event>,
    /// Whether the session binds its device again once it is stepped up.
    pub(super) rebinds: bool,
}

impl Setting<'_> {
    /// Only ever stricter than `decision`, except that it binds a revoked device again where all that takes was proven.
    pub(super) fn judge(&self, decision: Decision) -> Verdict {
        let mut proven = Vec::new();
        if self.evidence.challenge == Measured::Value(Proof::Passed) {
            proven.push(StepUp::LiveChallenge);
        }
        if self.factor_asserted {
            proven.push(StepUp::OtherFactor);
        }
        let decision = next_step(decision, self.risk, &proven, self.available);
        match decision.outcome {
            Outcome::Accept | Outcome::StepUp(_) => self.matched(decision),
            Outcome::Reject | Outcome::Inconclusive => self.unmatched(decision),
        }
    }

    fn matched(&self, decision: Decision) -> Verdict {
        if let Some(revoked) = self.presented.revoked() {
            return self.again(revoked, decision);
        }
        let bound = self.presented.bound();
        let trusted = bound.is_some_and(|binding| binding.trust_level == TrustLevel::Trusted);
        let decision = match decision.outcome {
            // Whatever else is asked for, a device that is not trusted does not come in on less than another factor.
            Outcome::Accept | Outcome::StepUp(_) if !trusted && !self.factor_asserted => {
                let reason = match bound {
                    Some(_) => {
                        Reason::new("device_suspicious", "Something about this device was odd before.")
                    }
                    None => Reason::new("new_device", "This device is not bound to the account."),
                };
                self.asks_for(self.other_factor(), reason, decision)
            }
            _ => decision,
        };
        let event = bound.zip(self.voice).filter(|_| decision.outcome == Outcome::Accept);
        let event =
            event.map(|(_, voice)| Event::Verified { proofs: self.proofs(&decision), voice: voice.clone() });
        Verdict { decision, event, rebinds: false }
    }

    /// A voice that matches, on a device that was revoked.
    fn again(&self, revoked: &DeviceBinding, decision: Decision) -> Verdict {
        let proofs = self.proofs(&decision);
        // A suspicion, or a voice that only an advice let pass, is enough at most to log in.
        let enough = proofs.challenge && proofs.countermeasures && proofs.voice_at_new_device_threshold;
        let Some(voice) = self.voice.filter(|_| enough).cloned() else {
            let message = "Not everything was proven that binding a device takes.";
            let reasons = vec![Reason::new("not_enough_to_bind", message)];
            return self.unmatched(Decision { outcome: Outcome::Reject, reasons, ..decision });
        };
        let needs_password = revoked.rebind_needs_password(&self.rebind_require) && !self.factor_asserted;
        if decision.outcome == Outcome::Accept && !needs_password {
            return Verdict { decision, event: Some(Event::Rebind { proofs, voice }), rebinds: false };
        }
        let reason =
            Reason::new(DEVICE_REVOKED, "This device was revoked. It is bound again once that is given.");
        let decision = self.asks_for(StepUp::Password, reason, decision);
        Verdict { decision, event: Some(Event::ProposeRebind { proofs, voice }), rebinds: true }
    }

    fn unmatched(&self, mut decision: Decision) -> Verdict {
        if self.presented.revoked().is_some() {
            decision.reasons.push(revoked());
        }
        let trusted = self.presented.bound().filter(|binding| binding.trust_level == TrustLevel::Trusted);
        let odd = self.suspicion() == Some(Suspicion::Attack) || self.risk.denies;
        let event = trusted.filter(|_| odd && decision.outcome == Outcome::Reject).map(|_| Event::Suspect);
        Verdict { decision, event, rebinds: false }
    }

    fn asks_for(&self, what: StepUp, why: Reason, decision: Decision) -> Decision {
        Decision { outcome: Outcome::StepUp(what), reasons: vec![what.reason(), why], ..decision }
    }

    /// What to ask this person for beyond the voice. Of whom nothing else is known here, the caller must find something.
    fn other_factor(&self) -> StepUp {
        self.available.first().copied().unwrap_or(StepUp::OtherFactor)
    }

    fn suspicion(&self) -> Option<Suspicion> {
        self.evidence.countermeasures.value().map(|found| found.suspicion)
    }

    /// What was proven along with a voice that matched. Countermeasures that an operator switched off are not missed;
    /// those that could not measure are.
    fn proofs(&self, decision: &Decision) -> Proofs {
        let reached = decision.similarity.is_some_and(|similarity| similarity >= decision.threshold.value);
        Proofs {
            signature: self.presented.proven().is_some(),
            challenge: self.evidence.challenge == Measured::Value(Proof::Passed),
            countermeasures: !self.countermeasures_on || self.suspicion() == Some(Suspicion::None),
            voice_at_new_device_threshold: reached && self.presented.trust() != TrustLevel::Trusted,
            other_factor: self.factor_asserted,
        }
    }
}

/// What somebody is told who holds the key of a revoked device.
pub(super) fn revoked() -> Reason {
    let message = "This device was revoked. Say the words again to bind it anew, or bind it under the devices of the account.";
    Reason::new(DEVICE_REVOKED, message)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use voicegate_core::decide::Countermeasures;
    use voicegate_core::device::{DeviceId, DeviceKey, DeviceName, RevocationReason};
    use voicegate_core::risk::RiskLevel;
    use voicegate_core::threshold::Threshold;
    use voicegate_core::{Embedding, PersonId};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn voice() -> Voiceprint {
        Voiceprint::single("m", Embedding::new(vec![1.0]).unwrap())
    }

    fn binding(level: TrustLevel, because: Option<RevocationReason>) -> DeviceBinding {
        let point: Vec<u8> = std::iter::once(4).chain([7; 64]).collect();
        let waits = DeviceBinding::pending(
            DeviceId(uuid::Uuid::from_u128(1)),
            PersonId::new("alice").unwrap(),
            DeviceName::new("phone").unwrap(),
            DeviceKey::new(&point).unwrap(),
            NOW,
        );
        let all = Proofs {
            signature: true,
            challenge: true,
            countermeasures: true,
            voice_at_new_device_threshold: true,
            other_factor: true,
        };
        let policy = RebindRequire::Voice;
        let events: &[Event] = match level {
            TrustLevel::Pending => &[],
            TrustLevel::Trusted => &[Event::Bind { proofs: all, voice: voice() }],
            TrustLevel::Suspicious => &[Event::Bind { proofs: all, voice: voice() }, Event::Suspect],
            TrustLevel::Revoked => &[
                Event::Bind { proofs: all, voice: voice() },
                Event::Revoke { reason: because.unwrap_or(RevocationReason::Lost) },
            ],
        };
        events.iter().cloned().fold(waits, |binding, event| binding.apply(event, &policy, NOW).unwrap())
    }

    fn presented(binding: Option<DeviceBinding>, proof: Proof) -> Presented {
        let proof = match binding {
            Some(_) => Measured::Value(proof),
            None => Measured::missing(Reason::new("not_signed", "…")),
        };
        Presented { device: binding.as_ref().map(|binding| binding.id), binding, proof }
    }

    fn live(suspicion: Suspicion) -> Evidence {
        Evidence {
            countermeasures: Measured::Value(Countermeasures { suspicion, llr: 0.0 }),
            challenge: Measured::Value(Proof::Passed),
            ..Evidence::of_voice(Measured::Missing(vec![]))
        }
    }

    fn judged(
        presented: &Presented,
        outcome: Outcome,
        evidence: &Evidence,
        risk: (RiskLevel, bool),
        policy: (bool, RebindRequire),
    ) -> (Outcome, Option<Event>, bool, Vec<String>) {
        judged_at(0.8, presented, outcome, evidence, risk, policy)
    }

    /// The same of a voice of this similarity, where 0.75 is the threshold.
    fn judged_at(
        similarity: f32,
        presented: &Presented,
        outcome: Outcome,
        evidence: &Evidence,
        (level, denies): (RiskLevel, bool),
        (factor_asserted, rebind_require): (bool, RebindRequire),
    ) -> (Outcome, Option<Event>, bool, Vec<String>) {
        let risk =
            Risk { score: 0, level, denies, contributions: vec![], not_measured: vec![], anomaly: None };
        let heard = voice();
        let setting = Setting {
            presented,
            evidence,
            voice: Some(&heard),
            risk: &risk,
            available: &[StepUp::Password],
            factor_asserted,
            rebind_require,
            countermeasures_on: true,
        };
        let reasons = vec![Reason::new("before", "…")];
        let threshold = Threshold::fixed(0.75);
        let decision = Decision { outcome, reasons, similarity: Some(similarity), threshold };
        let verdict = setting.judge(decision);
        let codes = verdict.decision.reasons.iter().map(|reason| reason.code.to_string()).collect();
        // What the rules ask of a device, the device must be able to do.
        if let (Some(event), Some(binding)) = (&verdict.event, &presented.binding) {
            binding.clone().apply(event.clone(), &rebind_require, NOW).unwrap();
        }
        (verdict.decision.outcome, verdict.event, verdict.rebinds, codes)
    }

    const CALM: (RiskLevel, bool) = (RiskLevel::Low, false);
    const PLAIN: (bool, RebindRequire) = (false, RebindRequire::Voice);

    /// L5, L8
    #[test]
    fn a_trusted_device_and_the_voice_are_enough_and_any_other_device_is_not() {
        let (accept, clean) = (Outcome::Accept, live(Suspicion::None));
        let of = |presented: &Presented, asserted| {
            judged(presented, accept, &clean, CALM, (asserted, RebindRequire::Voice))
        };
        let (outcome, event, ..) =
            of(&presented(Some(binding(TrustLevel::Trusted, None)), Proof::Passed), false);
        assert_eq!(outcome, accept);
        assert!(matches!(event, Some(Event::Verified { .. })), "{event:?}");

        for (device, code) in [
            (None, "new_device"),
            (Some(binding(TrustLevel::Pending, None)), "new_device"),
            (Some(binding(TrustLevel::Suspicious, None)), "device_suspicious"),
        ] {
            let presented = presented(device, Proof::Passed);
            let (outcome, event, rebinds, codes) = of(&presented, false);
            assert_eq!((outcome, event, rebinds), (Outcome::StepUp(StepUp::Password), None, false), "{code}");
            assert_eq!(codes, ["password_needed", code]);
            assert_eq!(of(&presented, true).0, accept, "{code}");
        }
        let words = Outcome::StepUp(StepUp::LiveChallenge);
        let (outcome, ..) = judged(&presented(None, Proof::Passed), words, &clean, CALM, PLAIN);
        assert_eq!(outcome, Outcome::StepUp(StepUp::Password), "words alone are not enough");
        let suspicious = presented(Some(binding(TrustLevel::Suspicious, None)), Proof::Passed);
        assert!(matches!(of(&suspicious, true).1, Some(Event::Verified { .. })));
    }

    /// L6
    #[test]
    fn a_revoked_device_comes_back_by_what_its_revocation_allows() {
        use RebindRequire::{Password, Voice};
        use RevocationReason::{Compromised, Lost};
        let clean = live(Suspicion::None);
        for (because, require, asserted, rebound) in [
            (Lost, Voice, false, true),
            (Lost, Password, false, false),
            (Lost, Password, true, true),
            (Compromised, Voice, false, false),
            (Compromised, Voice, true, true),
        ] {
            let presented = presented(Some(binding(TrustLevel::Revoked, Some(because))), Proof::Passed);
            let (outcome, event, rebinds, codes) =
                judged(&presented, Outcome::Accept, &clean, CALM, (asserted, require));
            let row = format!("{because:?} {require:?} {asserted}");
            if rebound {
                assert_eq!((outcome, rebinds), (Outcome::Accept, false), "{row}");
                assert!(matches!(event, Some(Event::Rebind { .. })), "{row}: {event:?}");
            } else {
                assert_eq!((outcome, rebinds), (Outcome::StepUp(StepUp::Password), true), "{row}");
                assert!(matches!(event, Some(Event::ProposeRebind { .. })), "{row}: {event:?}");
                assert_eq!(codes, ["password_needed", DEVICE_REVOKED]);
            }
        }
    }

    #[test]
    fn nothing_comes_back_on_a_doubtful_voice_or_somebody_elses_signature() {
        let revoked = || Some(binding(TrustLevel::Revoked, None));
        let doubtful = live(Suspicion::Some);
        let (outcome, event, rebinds, codes) =
            judged(&presented(revoked(), Proof::Passed), Outcome::Accept, &doubtful, CALM, PLAIN);
        assert_eq!((outcome, event, rebinds), (Outcome::Reject, None, false));
        assert_eq!(codes, ["not_enough_to_bind", DEVICE_REVOKED]);

        let unmeasured = Evidence {
            countermeasures: Measured::missing(Reason::new("countermeasures_unavailable", "…")),
            ..live(Suspicion::None)
        };
        let (outcome, event, ..) =
            judged(&presented(revoked(), Proof::Passed), Outcome::Accept, &unmeasured, CALM, PLAIN);
        assert_eq!((outcome, event), (Outcome::Reject, None), "what was not measured is not proven");

        let clean = live(Suspicion::None);
        let advised =
            judged_at(0.72, &presented(revoked(), Proof::Passed), Outcome::Accept, &clean, CALM, PLAIN);
        assert_eq!((advised.0, advised.1, advised.2), (Outcome::Reject, None, false));
        let forged = presented(revoked(), Proof::Failed);
        let (outcome, event, _, codes) = judged(&forged, Outcome::Reject, &clean, CALM, PLAIN);
        assert_eq!((outcome, event), (Outcome::Reject, None));
        assert_eq!(codes, ["before"], "who does not hold the key learns nothing of the device");
        for outcome in [Outcome::Reject, Outcome::Inconclusive] {
            let of = judged(&presented(revoked(), Proof::Passed), outcome, &clean, CALM, PLAIN);
            assert_eq!((of.0, of.1), (outcome, None));
        }
    }

    #[test]
    fn an_attack_from_a_bound_device_makes_it_suspicious() {
        let trusted = presented(Some(binding(TrustLevel::Trusted, None)), Proof::Passed);
        let attack = live(Suspicion::Attack);
        assert_eq!(judged(&trusted, Outcome::Reject, &attack, CALM, PLAIN).1, Some(Event::Suspect));
        let clean = live(Suspicion::None);
        assert_eq!(judged(&trusted, Outcome::Reject, &clean, CALM, PLAIN).1, None);
        let denied = (RiskLevel::High, true);
        let (outcome, event, ..) = judged(&trusted, Outcome::Accept, &clean, denied, PLAIN);
        assert_eq!((outcome, event), (Outcome::Reject, Some(Event::Suspect)));
        let strange = presented(Some(binding(TrustLevel::Trusted, None)), Proof::Failed);
        assert_eq!(judged(&strange, Outcome::Reject, &attack, CALM, PLAIN).1, None, "not by somebody else");
    }
}
