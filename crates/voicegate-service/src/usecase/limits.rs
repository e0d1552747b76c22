//! Attempts that cost something if they fail.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::decide::{Evidence, Measured, Proof, Suspicion};
use voicegate_core::limits::Cost;

use super::{Caller, learning};
use crate::ports::{AuditEvent, AuditKind, Change, NoticeKind, Receipt, Session, Subject};
use crate::{Service, ServiceError};

/// An attempt under way. What comes of it has to be committed: what is not, counts as failed.
#[derive(Debug, Clone)]
pub(crate) struct Charged {
    person: PersonId,
    own: Subject,
    address: Option<Subject>,
    /// Units that are left if this one fails.
    left: i64,
}

/// Who is charged for a voice tried inside `session`, sent from `address`. Who is inside is charged apart, so that no failure
/// from outside keeps them out; and all sessions of a person together, or each new one would bring new tries. Whoever opened
/// a session that waits without a device has proven little: theirs is an attempt from outside.
pub(crate) fn within(session: &Session, address: Option<IpAddr>) -> (Subject, Option<IpAddr>) {
    if is_inside(session) {
        (Subject::Inside(session.person.clone()), None)
    } else {
        outside(session, address)
    }
}

/// The same for a password or code. It is counted apart: an accepted voice must not buy new tries at it.
pub(crate) fn password_within(session: &Session, address: Option<IpAddr>) -> (Subject, Option<IpAddr>) {
    if is_inside(session) {
        (Subject::InsidePassword(session.person.clone()), None)
    } else {
        outside(session, address)
    }
}

fn is_inside(session: &Session) -> bool {
    session.content.device.is_some() || session.content.step_up.is_none()
}

fn outside(session: &Session, address: Option<IpAddr>) -> (Subject, Option<IpAddr>) {
    (Subject::Password(session.person.clone()), address)
}

/// What a rejected voice costs: less if a living person said the words that were asked for.
pub(crate) fn cost_of(evidence: &Evidence) -> Cost {
    let living = evidence.countermeasures.value().is_some_and(|found| found.suspicion == Suspicion::None);
    let said = evidence.challenge == Measured::Value(Proof::Passed);
    if living && said { Cost::Live } else { Cost::Full }
}

impl Service {
    /// Begins an attempt at `person` that counts for `own`, and for the address where the person's own device sent it: a
    /// back end speaks for many, so with an API key there is none. It is recorded as `kind` if it has to wait.
    ///
    /// # Errors
    /// [`ServiceError::TooManyAttempts`], [`ServiceError::Store`].
    pub(crate) async fn charge(
        &self,
        (person, own): (&PersonId, Subject),
        address: Option<IpAddr>,
        kind: AuditKind,
        caller: &Caller,
    ) -> Result<Charged, ServiceError> {
        let limits = &self.config.current().limits;
        let now = self.clock.now();
        let address = address.map(Subject::Address);
        let asked: Vec<_> = std::iter::once((own.clone(), limits.policy()))
            .chain(address.clone().map(|address| (address, limits.address_policy())))
            .collect();
        match self.store.charge(&asked, now).await? {
            Ok(left) => Ok(Charged { person: person.clone(), own, address, left }),
            Err(wait) => {
                let event = caller.event((now, kind), person, "limited", json!({"until": wait.until}));
                self.store.commit(vec![], event).await?;
                Err(ServiceError::too_many_attempts(wait, now))
            }
        }
    }

    /// Settles an attempt that ended in an error, and records it as `event`, refused: wrong credentials failed, and anything
    /// else costs nothing, as nothing was judged. What was `done` has settled itself.
    ///
    /// # Errors
    /// That of `done`; [`ServiceError::Store`].
    pub(crate) async fn settled<T>(
        &self,
        charged: Charged,
        event: AuditEvent,
        done: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let Err(error) = &done else { return done };
        let at = event.at;
        let code = match error {
            ServiceError::WrongCredentials => "wrong_credentials",
            ServiceError::Signature(_) => "wrong_signature",
            ServiceError::Challenge(refusal) => refusal.code(),
            ServiceError::Device(refusal) => refusal.code(),
            ServiceError::Conflict => learning::CHANGED_MEANWHILE,
            _ => "not_judged",
        };
        let mut event = AuditEvent { outcome: "refused".into(), ..event };
        event.details["reasons"] = json!([code]);
        let changes = if matches!(error, ServiceError::WrongCredentials) {
            let rejected = self.notice(&charged.person, at, NoticeKind::LoginRejected, event.details.clone());
            charged.failed(self, Cost::Full, at).into_iter().chain([rejected]).collect()
        } else {
            charged.undecided(at)
        };
        self.store.commit(changes, event).await?;
        done
    }

    /// Commits what comes of an attempt, its limits among the `changes`. If that fails, it costs nothing.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`], [`ServiceError::Store`].
    pub(crate) async fn commit_charged(
        &self,
        charged: Charged,
        changes: Vec<Change>,
        event: AuditEvent,
    ) -> Result<Receipt, ServiceError> {
        let done = self.store.commit(changes, event.clone()).await.map_err(ServiceError::from);
        self.settled(charged, event, done).await
    }
}

impl Charged {
    /// It failed, at the price `cost`. If that begins a wait, the person is told.
    pub(crate) fn failed(self, service: &Service, cost: Cost, at: Timestamp) -> Vec<Change> {
        let given_back = i64::from(Cost::Full.units() - cost.units());
        let locked = self.left + given_back <= 0;
        let details = || json!({"attempts": "too_many"});
        let notice = locked.then(|| service.notice(&self.person, at, NoticeKind::Locked, details()));
        let settle = Change::SettleLimits { subjects: self.subjects(), cost, at };
        std::iter::once(settle).chain(notice).collect()
    }

    /// Nothing can be said yet: it costs nothing, and forgives nothing.
    pub(crate) fn undecided(self, at: Timestamp) -> Vec<Change> {
        vec![Change::SettleLimits { subjects: self.subjects(), cost: Cost::None, at }]
    }

    /// It was accepted: what failed before is forgiven, but not to the address, or whoever has an account could wipe out
    /// failures with it.
    pub(crate) fn accepted(self, at: Timestamp) -> Vec<Change> {
        let reset = Change::ResetLimits { subjects: vec![self.own] };
        let settle = self.address.map(|address| Change::SettleLimits {
            subjects: vec![address],
            cost: Cost::None,
            at,
        });
        std::iter::once(reset).chain(settle).collect()
    }

    fn subjects(self) -> Vec<Subject> {
        std::iter::once(self.own).chain(self.address).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use voicegate_core::decide::{Countermeasures, Reason, StepUp};
    use voicegate_core::device::DeviceId;

    use super::*;
    use crate::ports::{SessionContent, SignedInBy};

    #[test]
    fn a_failure_is_cheap_for_a_living_person_who_said_the_words() {
        let missing = || Measured::missing(Reason::new("not_measured", "…"));
        let found = |suspicion| Measured::Value(Countermeasures { suspicion, llr: 0.0 });
        let live = Evidence {
            countermeasures: found(Suspicion::None),
            challenge: Measured::Value(Proof::Passed),
            ..Evidence::of_voice(Measured::missing(Reason::new("not_measured", "…")))
        };
        assert_eq!(cost_of(&live), Cost::Live);
        for countermeasures in [found(Suspicion::Some), missing()] {
            assert_eq!(cost_of(&Evidence { countermeasures, ..live.clone() }), Cost::Full);
        }
        assert_eq!(cost_of(&Evidence { challenge: Measured::Value(Proof::Failed), ..live }), Cost::Full);
    }

    #[test]
    fn who_is_inside_is_charged_apart_from_who_is_not() {
        let (person, id) = (PersonId::new("alice").unwrap(), Uuid::from_bytes([1; 16]));
        let (device, at) = (DeviceId(Uuid::from_bytes([2; 16])), Timestamp::UNIX_EPOCH);
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        let (waits, inside) = (Some(StepUp::Password), Subject::Inside(person.clone()));
        let password = Subject::InsidePassword(person.clone());
        let outside = (Subject::Password(person.clone()), address);
        for (device, step_up, is_inside) in [
            (None, None, true),
            (None, waits, false),
            (Some(device), None, true),
            (Some(device), waits, true),
        ] {
            let content = SessionContent {
                by: SignedInBy::Voice,
                device,
                step_up,
                rebinds: false,
                other_factor: false,
                confidence: None,
            };
            let (created_at, last_used_at, ends_at) = (at, at, at);
            let person = person.clone();
            let session = Session { id, person, content, created_at, last_used_at, ends_at, version: 1 };
            let expected = |own: &Subject| if is_inside { (own.clone(), None) } else { outside.clone() };
            assert_eq!(within(&session, address), expected(&inside));
            assert_eq!(password_within(&session, address), expected(&password));
        }
    }
}
