//! Ending a profile.

use serde_json::json;
use voicegate_core::PersonId;

use super::Caller;
use crate::ports::{AuditEvent, AuditKind, Change};
use crate::profile::ProfileState;
use crate::usecase::profile::ProfileView;
use crate::{Service, ServiceError};

/// How often a commit that met another one is tried again.
const ATTEMPTS: usize = 5;

impl Service {
    /// Revokes the profile of `person`: its templates are deleted and its data key is destroyed, so that no copy of
    /// the database can open them again. Revoking twice is not an error and changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::NotEnrolled`], [`ServiceError::Conflict`], [`ServiceError::Store`].
    pub async fn revoke(
        &self,
        person: &PersonId,
        reason: Option<String>,
        caller: &Caller,
    ) -> Result<ProfileView, ServiceError> {
        for attempt in 1.. {
            match self.revoke_once(person, reason.clone(), caller).await {
                // A login may have taught the profile something meanwhile; that must not keep it alive.
                Err(ServiceError::Conflict) if attempt < ATTEMPTS => {}
                done => {
                    done?;
                    break;
                }
            }
        }
        self.profile(person).await
    }

    async fn revoke_once(
        &self,
        person: &PersonId,
        reason: Option<String>,
        caller: &Caller,
    ) -> Result<(), ServiceError> {
        let profile = self.load(person).await?;
        if profile.state != ProfileState::Revoked {
            let at = self.clock.now();
            let event = AuditEvent {
                at,
                kind: AuditKind::Revoke,
                actor: caller.actor.clone(),
                person: Some(person.clone()),
                outcome: "ok".into(),
                request_id: caller.request_id.clone(),
                details: json!({"reason": reason}),
            };
            let change =
                Change::RevokeProfile { person: person.clone(), expected_version: profile.version, at };
            self.store.commit(vec![change], event).await?;
        }
        Ok(())
    }
}
