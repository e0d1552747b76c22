//! Giving what a session still lacks.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::decide::StepUp;
use voicegate_core::device::{DeviceBinding, Event, Proofs, RebindRequire, TrustLevel};

use super::SessionView;
use crate::ports::{AuditEvent, AuditKind, Change, NoticeKind, Session};
use crate::usecase::Caller;
use crate::usecase::account::{Factor, has_other};
use crate::usecase::limits::password_within;
use crate::{Service, ServiceError};

impl Service {
    /// Gives `factor` for what `session` waits for: the password where that is asked for, and where another factor is, a
    /// one-time password or recovery code, or the password of an account that has none. If a device waits to be bound
    /// again, it is; where the account has one-time passwords that takes one after the password. Words are said elsewhere.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] if nothing, or something else, is asked for; [`ServiceError::NotFound`] if the device that
    /// waits is gone; those of [`Service::sign_in`].
    pub async fn step_up(
        &self,
        session: Session,
        factor: Factor,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<SessionView, ServiceError> {
        let asked = asked(&session)?;
        let by = factor.as_str();
        let is_password = matches!(factor, Factor::Password(_));
        if asked == StepUp::Password && !is_password {
            return Err(ServiceError::Invalid("the password is asked for".into()));
        }
        let within = password_within(&session, address);
        let (proven, charged) = self.prove(&session.person, &[factor], within, caller).await?;
        let at = self.clock.now();
        let details = json!({"session_id": session.id, "by": by});
        let event = caller.event((at, AuditKind::Session), &session.person, "stepped_up", details);
        let more = is_password && has_other(&proven.account);
        let changes = proven.changes(charged.clone(), at);
        let done = match asked {
            StepUp::OtherFactor if more => {
                Err(ServiceError::Invalid("a one-time password or recovery code is asked for".into()))
            }
            // The password must not stand in for what a login from a new device asks for.
            _ if more && session.content.rebinds => {
                self.wait_for_other(session, changes, event.clone()).await
            }
            _ => self.lift(session, changes, event.clone()).await,
        };
        self.settled(charged, event, done).await
    }

    /// Lifts what the session `id` of `person` waits for on the word of an integrator, who proved the person otherwise.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if there is no such session; [`ServiceError::Invalid`] if nothing that can be proven
    /// elsewhere is asked for; [`ServiceError::Conflict`]; [`ServiceError::Store`].
    pub async fn step_up_asserted(
        &self,
        person: &PersonId,
        id: Uuid,
        caller: &Caller,
    ) -> Result<SessionView, ServiceError> {
        let now = self.clock.now();
        let sessions = self.store.sessions(person).await?;
        let found =
            sessions.into_iter().find(|session| session.id == id).and_then(|found| self.as_of(found, now));
        let session = found.ok_or(ServiceError::NotFound("such session"))?;
        asked(&session)?;
        let details = json!({"session_id": session.id, "by": "asserted"});
        let event = caller.event((now, AuditKind::Session), person, "stepped_up", details);
        self.lift(session, Vec::new(), event).await
    }

    /// The password was given; the session goes on waiting, for a one-time password or recovery code.
    async fn wait_for_other(
        &self,
        mut session: Session,
        mut changes: Vec<Change>,
        mut event: AuditEvent,
    ) -> Result<SessionView, ServiceError> {
        session.content.step_up = Some(StepUp::OtherFactor);
        event.details["step_up"] = json!(StepUp::OtherFactor);
        let view = self.session_view(&session, Some(session.id));
        changes.push(self.put_session(session));
        self.store.commit(changes, event).await?;
        Ok(view)
    }

    /// From here on the session counts, and `changes` are made with it.
    async fn lift(
        &self,
        mut session: Session,
        mut changes: Vec<Change>,
        mut event: AuditEvent,
    ) -> Result<SessionView, ServiceError> {
        let at = event.at;
        let person = session.person.clone();
        let content = &mut session.content;
        let device = content.device;
        let rebinds = device.filter(|_| content.rebinds);
        content.step_up = None;
        content.rebinds = false;
        content.other_factor = true;
        // It stands on the factor now, not on a voice of which there is doubt.
        content.confidence = None;
        if let Some(id) = device {
            let found = self.store.device(id).await?.filter(|binding| binding.person == person);
            let change = match found {
                // If it was bound again meanwhile, there is nothing left to do.
                Some(binding) if rebinds.is_some() && binding.trust_level == TrustLevel::Revoked => {
                    let details = json!({"device_id": id, "device_name": binding.name});
                    changes.push(self.notice(&person, at, NoticeKind::DeviceRebound, details));
                    event.details["rebound"] = json!(id);
                    Some(again(binding, at)?)
                }
                Some(binding) if binding.trust_level == TrustLevel::Suspicious => trusted_again(binding, at)?,
                None if rebinds.is_some() => return Err(ServiceError::NotFound("such device")),
                _ => None,
            };
            changes.extend(change);
        }
        let view = self.session_view(&session, Some(session.id));
        changes.push(self.put_session(session));
        self.store.commit(changes, event).await?;
        Ok(view)
    }
}

/// Binds a device again for which the password was given.
fn again(binding: DeviceBinding, at: Timestamp) -> Result<Change, ServiceError> {
    let expected_version = binding.version;
    // Confirming what was proposed under a policy takes the password whatever the policy is by now.
    let bound = binding.apply(Event::ConfirmRebind, &RebindRequire::Password, at);
    let device = bound.map_err(|refused| ServiceError::Invalid(refused.to_string()))?;
    Ok(Change::PutDevice { device, expected_version })
}

/// A device that something was odd about is trusted again once its person has proven themselves another way.
fn trusted_again(binding: DeviceBinding, at: Timestamp) -> Result<Option<Change>, ServiceError> {
    let Some(voice) = binding.voice_signature_vector.clone() else { return Ok(None) };
    let expected_version = binding.version;
    let proofs = Proofs { signature: true, other_factor: true, ..Proofs::default() };
    let trusted = binding.apply(Event::Verified { proofs, voice }, &RebindRequire::Password, at);
    let device = trusted.map_err(|refused| ServiceError::Internal(refused.to_string()))?;
    Ok(Some(Change::PutDevice { device, expected_version }))
}

/// What has to be given for `session`.
fn asked(session: &Session) -> Result<StepUp, ServiceError> {
    match session.content.step_up {
        // A device is bound again on the password and nothing in its place, which was given where another factor is left.
        Some(asked) if session.content.rebinds && asked != StepUp::OtherFactor => Ok(StepUp::Password),
        Some(StepUp::LiveChallenge) => {
            Err(ServiceError::Invalid("words have to be said; nothing else does instead".into()))
        }
        Some(asked) => Ok(asked),
        None => Err(ServiceError::Invalid("nothing is asked for in this session".into())),
    }
}
