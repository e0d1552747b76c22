use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::Embedding;

const NONE: Proofs = Proofs {
    signature: false,
    challenge: false,
    countermeasures: false,
    voice_at_new_device_threshold: false,
    other_factor: false,
};

const ALL: Proofs = Proofs {
    signature: true,
    challenge: true,
    countermeasures: true,
    voice_at_new_device_threshold: true,
    other_factor: true,
};

/// Everything but the other factor.
const PRESENT: Proofs = Proofs { other_factor: false, ..ALL };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000_000 + seconds).unwrap()
}

/// A voice that differs from every other by its number.
fn voice(number: usize) -> Voiceprint {
    Voiceprint::single("m", Embedding::new(vec![1.0, number as f32]).unwrap())
}

fn pending() -> DeviceBinding {
    let mut point = [7; DeviceKey::LENGTH];
    point[0] = 4;
    DeviceBinding::pending(
        DeviceId(Uuid::from_u128(1)),
        PersonId::new("alice").unwrap(),
        DeviceName::new("phone").unwrap(),
        DeviceKey::new(&point).unwrap(),
        at(0),
    )
}

/// The binding after events that all happen, ten seconds apart.
fn after(events: &[Event]) -> DeviceBinding {
    events.iter().fold(pending(), |binding, event| {
        let now = at(10 * (binding.version as i64 + 1));
        binding.apply(event.clone(), &RebindRequire::Voice, now).unwrap()
    })
}

fn bind() -> Event {
    Event::Bind { proofs: ALL, voice: voice(0) }
}

fn revoke(reason: RevocationReason) -> Event {
    Event::Revoke { reason }
}

fn rebind(proofs: Proofs) -> Event {
    Event::Rebind { proofs, voice: voice(9) }
}

/// L5
#[test]
fn a_rebind_replaces_the_signature_and_restores_the_trust() {
    let lost = after(&[bind(), Event::Suspect, revoke(RevocationReason::Lost)]);
    assert_eq!((lost.trust_level, lost.revoked_at), (TrustLevel::Revoked, Some(at(30))));
    assert_eq!((lost.revoked_because, lost.bound_at), (Some(RevocationReason::Lost), Some(at(10))));
    assert_eq!(lost.voice_signature_vector, Some(voice(0)));
    let again = lost.clone().apply(rebind(PRESENT), &RebindRequire::Voice, at(100)).unwrap();
    let expected = DeviceBinding {
        trust_level: TrustLevel::Trusted,
        voice_signature_vector: Some(voice(9)),
        bound_at: Some(at(100)),
        revoked_at: None,
        revoked_because: None,
        last_verified_at: Some(at(100)),
        version: 4,
        ..lost
    };
    assert_eq!(again, expected);
}

/// L5
#[test]
fn each_level_knows_its_events() {
    use RevocationReason::{Compromised, Lost, Replaced};
    use TrustLevel::{Pending, Revoked, Suspicious, Trusted};
    let verified = |proofs| Event::Verified { proofs, voice: voice(1) };
    let signed = Proofs { signature: true, ..NONE };
    let second = Proofs { other_factor: true, ..signed };
    let propose = Event::ProposeRebind { proofs: PRESENT, voice: voice(2) };
    let trusted = after(&[bind()]);
    let suspicious = after(&[bind(), Event::Suspect]);
    let revoked = after(&[bind(), revoke(Lost)]);
    let not = |level| Err(Refused::Level(level));
    let rows = [
        (pending(), bind(), Ok(Trusted)),
        (pending(), revoke(Lost), Ok(Revoked)),
        (pending(), verified(ALL), not(Pending)),
        (pending(), Event::Suspect, not(Pending)),
        (pending(), rebind(ALL), not(Pending)),
        (pending(), propose.clone(), not(Pending)),
        (trusted.clone(), verified(signed), Ok(Trusted)),
        (trusted.clone(), verified(NONE), Err(Refused::Missing(vec![ProofKind::Signature]))),
        (trusted.clone(), Event::Suspect, Ok(Suspicious)),
        (trusted.clone(), revoke(Replaced), Ok(Revoked)),
        (trusted.clone(), bind(), not(Trusted)),
        (trusted.clone(), rebind(ALL), not(Trusted)),
        (trusted, Event::ConfirmRebind, not(Trusted)),
        (suspicious.clone(), verified(signed), Ok(Suspicious)),
        (suspicious.clone(), verified(second), Ok(Trusted)),
        (suspicious.clone(), Event::Suspect, not(Suspicious)),
        (suspicious, revoke(Lost), Ok(Revoked)),
        (revoked.clone(), propose, Ok(Revoked)),
        (revoked.clone(), Event::ConfirmRebind, Err(Refused::NothingProposed)),
        (revoked.clone(), revoke(Replaced), not(Revoked)),
        (revoked.clone(), revoke(Compromised), Ok(Revoked)),
        (after(&[bind(), revoke(Compromised)]), revoke(Compromised), not(Revoked)),
        (after(&[bind(), revoke(Compromised)]), revoke(Lost), not(Revoked)),
        (revoked.clone(), verified(ALL), not(Revoked)),
        (revoked.clone(), Event::Suspect, not(Revoked)),
        (revoked, bind(), not(Revoked)),
    ];
    for (binding, event, expected) in rows {
        let row = format!("{:?} {event:?}", binding.trust_level);
        let level = binding.apply(event, &RebindRequire::Voice, at(100)).map(|binding| binding.trust_level);
        assert_eq!(level, expected, "{row}");
    }
}

/// L6
#[test]
fn each_missing_proof_is_named() {
    use RebindRequire::{Password, Voice};
    use RevocationReason::{Compromised, Lost, Replaced};
    let bound = |reason| after(&[bind(), revoke(reason)]);
    let never_bound = after(&[revoke(Lost)]);
    let password = || Err(vec![ProofKind::OtherFactor]);
    let rows = [
        (bound(Lost), Voice, PRESENT, Ok(())),
        (bound(Replaced), Voice, PRESENT, Ok(())),
        (bound(Lost), Password, PRESENT, password()),
        (bound(Lost), Password, ALL, Ok(())),
        (bound(Compromised), Voice, PRESENT, password()),
        (bound(Compromised), Voice, ALL, Ok(())),
        (never_bound.clone(), Voice, PRESENT, password()),
        (never_bound, Voice, ALL, Ok(())),
        (bound(Lost), Voice, Proofs { signature: false, ..ALL }, Err(vec![ProofKind::Signature])),
        (bound(Lost), Voice, NONE, Err(OWNER_PRESENT.to_vec())),
        (bound(Compromised), Voice, NONE, Err(ProofKind::ALL.to_vec())),
    ];
    for (binding, policy, proofs, expected) in rows {
        let row = format!("{:?} {policy:?} {proofs:?}", binding.revoked_because);
        let answer = binding.apply(rebind(proofs), &policy, at(100)).map(|_| ());
        assert_eq!(answer, expected.map_err(Refused::Missing), "{row}");
    }
    let unproven = Event::Bind { proofs: PRESENT, voice: voice(0) };
    let refused = pending().apply(unproven, &Voice, at(10)).unwrap_err();
    assert_eq!(refused, Refused::Missing(vec![ProofKind::OtherFactor]));
}

/// L6
#[test]
fn what_was_proposed_takes_effect_with_the_password() {
    let propose = |proofs| Event::ProposeRebind { proofs, voice: voice(5) };
    let taken = after(&[bind(), revoke(RevocationReason::Compromised), propose(PRESENT)]);
    assert_eq!((taken.trust_level, taken.proposed.clone()), (TrustLevel::Revoked, Some(voice(5))));
    assert_eq!(taken.voice_signature_vector, Some(voice(0)));
    let confirmed = taken.clone().apply(Event::ConfirmRebind, &RebindRequire::Voice, at(60)).unwrap();
    assert_eq!((confirmed.trust_level, confirmed.proposed), (TrustLevel::Trusted, None));
    assert_eq!(confirmed.voice_signature_vector, Some(voice(5)));
    assert_eq!((confirmed.bound_at, confirmed.last_verified_at), (Some(at(60)), Some(at(60))));
    let unproven = propose(Proofs { challenge: false, ..PRESENT });
    let refused = taken.apply(unproven, &RebindRequire::Voice, at(60)).unwrap_err();
    assert_eq!(refused, Refused::Missing(vec![ProofKind::Challenge]));
}

/// L6
#[test]
fn a_key_that_turns_out_to_be_stolen_loses_what_was_proposed_with_it() {
    let propose = Event::ProposeRebind { proofs: PRESENT, voice: voice(5) };
    let taken = after(&[bind(), revoke(RevocationReason::Lost), propose]);
    let stolen =
        taken.clone().apply(revoke(RevocationReason::Compromised), &RebindRequire::Voice, at(90)).unwrap();
    let expected = DeviceBinding {
        revoked_because: Some(RevocationReason::Compromised),
        proposed: None,
        version: taken.version + 1,
        ..taken
    };
    assert_eq!(stolen, expected);
    let refused = stolen.clone().apply(Event::ConfirmRebind, &RebindRequire::Voice, at(95)).unwrap_err();
    assert_eq!(refused, Refused::NothingProposed);
    let refused = stolen.apply(rebind(PRESENT), &RebindRequire::Voice, at(95)).unwrap_err();
    assert_eq!(refused, Refused::Missing(vec![ProofKind::OtherFactor]));
}

#[test]
fn debug_prints_neither_voice_nor_key() {
    let secret = Voiceprint::single("m", Embedding::new(vec![0.6, -0.8]).unwrap());
    let binding = DeviceBinding { proposed: Some(secret.clone()), ..after(&[bind()]) };
    let text = format!("{:?}", DeviceBinding { voice_signature_vector: Some(secret), ..binding });
    assert!(text.contains("DeviceKey(..)") && !text.contains("0.6") && !text.contains("0.8"), "{text}");
}

fn proofs() -> impl Strategy<Value = Proofs> {
    // Each is mostly there, so that the sequences get somewhere.
    let given = || prop::bool::weighted(0.9);
    (given(), given(), given(), given(), any::<bool>()).prop_map(
        |(signature, challenge, countermeasures, voice_at_new_device_threshold, other_factor)| Proofs {
            signature,
            challenge,
            countermeasures,
            voice_at_new_device_threshold,
            other_factor,
        },
    )
}

/// A random event; its voice is numbered by its place in the sequence.
fn event(kind: usize, proofs: Proofs, reason: RevocationReason, number: usize) -> Event {
    let voice = voice(number);
    match kind {
        0 => Event::Bind { proofs, voice },
        1 => Event::Verified { proofs, voice },
        2 => Event::Suspect,
        3 => Event::Revoke { reason },
        4 => Event::Rebind { proofs, voice },
        5 => Event::ProposeRebind { proofs, voice },
        _ => Event::ConfirmRebind,
    }
}

/// What an observer knows who sees the events and whether they happened, by number.
#[derive(Default)]
struct Observer {
    accepted: Option<usize>,
    proposed: Option<usize>,
    revoked: Option<RevocationReason>,
    was_bound: bool,
    happened: u64,
}

impl Observer {
    /// Whether everything was shown that leaving REVOKED takes, spelled out from L6.
    fn may_return(&self, event: &Event, policy: RebindRequire) -> bool {
        match event {
            Event::Rebind { proofs: p, .. } => {
                let owner =
                    p.signature && p.challenge && p.countermeasures && p.voice_at_new_device_threshold;
                let stolen = self.revoked == Some(RevocationReason::Compromised);
                owner && (p.other_factor || (policy == RebindRequire::Voice && !stolen && self.was_bound))
            }
            Event::ConfirmRebind => self.proposed.is_some(),
            _ => false,
        }
    }

    fn see(&mut self, event: &Event, number: usize) {
        self.happened += 1;
        match event {
            Event::Bind { .. } | Event::Verified { .. } | Event::Rebind { .. } => {
                self.accepted = Some(number);
            }
            Event::ConfirmRebind => self.accepted = self.proposed,
            Event::ProposeRebind { .. } => self.proposed = Some(number),
            Event::Suspect | Event::Revoke { .. } => {}
        }
        match event {
            Event::Bind { .. } | Event::Rebind { .. } | Event::ConfirmRebind => {
                (self.revoked, self.proposed, self.was_bound) = (None, None, true);
            }
            Event::Revoke { reason } => (self.revoked, self.proposed) = (Some(*reason), None),
            _ => {}
        }
    }
}

fn times(binding: &DeviceBinding) -> [Option<Timestamp>; 4] {
    [Some(binding.created_at), binding.bound_at, binding.last_verified_at, binding.revoked_at]
}

proptest! {
    /// L5, L6
    #[test]
    fn no_sequence_of_events_breaks_the_rules(
        events in prop::collection::vec(
            (0usize..7, proofs(), prop::sample::select(RevocationReason::ALL.to_vec()), -20i64..100),
            1..40,
        ),
        policy in prop::sample::select(vec![RebindRequire::Voice, RebindRequire::Password]),
    ) {
        let (mut binding, mut seen, mut clock) = (pending(), Observer::default(), 0);
        for (number, (kind, proofs, reason, passed)) in events.into_iter().enumerate() {
            let event = event(kind, proofs, reason, number);
            clock += passed;
            let before = binding.clone();
            let result = binding.apply(event.clone(), &policy, at(clock));
            let stays = matches!(event, Event::ProposeRebind { .. } | Event::Revoke { .. });
            if before.trust_level == TrustLevel::Revoked && !stays {
                prop_assert_eq!(result.is_ok(), seen.may_return(&event, policy), "{:?}", event);
            }
            match result {
                Ok(after) => {
                    seen.see(&event, number);
                    prop_assert!(times(&after).iter().max() >= times(&before).iter().max());
                    prop_assert!(after.bound_at >= before.bound_at);
                    prop_assert!(after.last_verified_at >= before.last_verified_at);
                    binding = after;
                }
                Err(Refused::Missing(missing)) => {
                    prop_assert!(!missing.is_empty());
                    binding = before;
                }
                Err(_) => binding = before,
            }
            let revoked = binding.trust_level == TrustLevel::Revoked;
            let bound = matches!(binding.trust_level, TrustLevel::Trusted | TrustLevel::Suspicious);
            prop_assert_eq!((binding.revoked_at.is_some(), binding.revoked_because), (revoked, seen.revoked));
            prop_assert_eq!(revoked, seen.revoked.is_some());
            prop_assert!(!bound || (binding.bound_at.is_some() && binding.last_verified_at.is_some()));
            prop_assert_eq!(binding.bound_at.is_some(), seen.was_bound);
            prop_assert_eq!(&binding.voice_signature_vector, &seen.accepted.map(voice));
            prop_assert_eq!(&binding.proposed, &seen.proposed.map(voice));
            prop_assert!(times(&binding).into_iter().flatten().all(|time| time >= binding.created_at));
            prop_assert_eq!(binding.version, seen.happened);
        }
    }
}
