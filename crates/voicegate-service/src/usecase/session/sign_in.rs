//! Beginning a session with the password.

use std::net::IpAddr;

use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::decide::StepUp;

use super::OpenedSession;
use crate::ports::{AuditKind, NoticeKind, SessionContent, SignedInBy, Subject};
use crate::usecase::Caller;
use crate::usecase::account::{Factor, Secret, has_other};
use crate::{Service, ServiceError};

/// Somebody who wants in.
#[derive(Debug)]
pub struct SignIn {
    /// Who they say they are.
    pub person: PersonId,
    /// Their password.
    pub password: Secret,
    /// A one-time password or recovery code, if one is given.
    pub other: Option<Factor>,
}

/// Somebody who is in.
#[derive(Debug)]
pub struct SignedIn {
    /// Their session.
    pub session: OpenedSession,
    /// What has to be given before it counts.
    pub step_up: Option<StepUp>,
}

impl Service {
    /// Begins a session. Where the account has one-time passwords and none was given, the session does not count until one
    /// is. Somebody who has no account and somebody whose password is wrong are told the same after the same work.
    ///
    /// # Errors
    /// [`ServiceError::WrongCredentials`]; [`ServiceError::TooManyAttempts`]; [`ServiceError::Invalid`] if the password is
    /// longer than any; [`ServiceError::NotFound`] where there are no accounts; [`ServiceError::Conflict`] if a code is used
    /// twice at once; [`ServiceError::Store`].
    pub async fn sign_in(
        &self,
        sign_in: SignIn,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<SignedIn, ServiceError> {
        let SignIn { person, password, other } = sign_in;
        let given_other = other.is_some();
        let factors: Vec<Factor> = std::iter::once(Factor::Password(password)).chain(other).collect();
        let own = Subject::Password(person.clone());
        let (proven, charged) = self.prove(&person, &factors, (own, address), caller).await?;
        let step_up = (has_other(&proven.account) && !given_other).then_some(StepUp::OtherFactor);
        let content = SessionContent {
            by: SignedInBy::Password,
            device: None,
            step_up,
            rebinds: false,
            other_factor: true,
            confidence: None,
        };
        let (begin, session) = self.new_session(&person, content);
        let at = self.clock.now();
        let details = json!({"session_id": session.id, "by": "password", "step_up": step_up});
        let mut changes = proven.changes(charged.clone(), at);
        changes.push(begin);
        if step_up.is_none() {
            changes.push(self.notice(&person, at, NoticeKind::LoggedIn, details.clone()));
        }
        let event = caller.event((at, AuditKind::Session), &person, "begun", details);
        self.commit_charged(charged, changes, event).await?;
        Ok(SignedIn { session, step_up })
    }
}
