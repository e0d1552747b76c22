//! Changing the password.

use std::net::IpAddr;

use serde_json::json;

use super::{Factor, Secret};
use crate::ports::{AuditKind, Change, NoticeKind, Session};
use crate::usecase::Caller;
use crate::usecase::limits::password_within;
use crate::{Service, ServiceError};

impl Service {
    /// Changes the password of the holder of `session`, who gives the present one, and ends the other sessions.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] if the new one is too short or too long; [`ServiceError::WrongCredentials`] if the present
    /// one is wrong or the person has no account; [`ServiceError::TooManyAttempts`]; [`ServiceError::NotFound`] where there
    /// are no accounts; [`ServiceError::Conflict`] if the account is changed at the same moment; [`ServiceError::Store`].
    pub async fn change_password(
        &self,
        session: &Session,
        present: Secret,
        new: &Secret,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<(), ServiceError> {
        let hash = self.hash_password(new).await?;
        let person = &session.person;
        let within = password_within(session, address);
        let (mut proven, charged) = self.prove(person, &[Factor::Password(present)], within, caller).await?;
        let at = self.clock.now();
        proven.account.secrets.password = hash;
        proven.changed = true;
        let mut changes = proven.changes(charged.clone(), at);
        let others = Change::EndSessions { person: person.clone(), except: Some(session.id), device: None };
        changes.extend([others, self.notice(person, at, NoticeKind::PasswordChanged, json!({}))]);
        let event = caller.event((at, AuditKind::Account), person, "ok", json!({"change": "password"}));
        self.commit_charged(charged, changes, event).await?;
        Ok(())
    }
}
