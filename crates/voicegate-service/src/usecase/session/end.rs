//! Ending sessions.

use serde_json::json;
use uuid::Uuid;
use voicegate_core::PersonId;

use crate::ports::{AuditKind, Change, StoreError};
use crate::usecase::Caller;
use crate::{Service, ServiceError};

impl Service {
    /// Ends one session of `person`.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if the person has none of this identity; [`ServiceError::Store`].
    pub async fn end_session(
        &self,
        person: &PersonId,
        id: Uuid,
        caller: &Caller,
    ) -> Result<(), ServiceError> {
        let at = self.clock.now();
        let event = caller.event((at, AuditKind::Session), person, "ended", json!({"session_id": id}));
        match self.store.commit(vec![Change::EndSession { person: person.clone(), id }], event).await {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict) => Err(ServiceError::NotFound("such session")),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends every session of `person` but `except`.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn end_sessions(
        &self,
        person: &PersonId,
        except: Option<Uuid>,
        caller: &Caller,
    ) -> Result<(), ServiceError> {
        let at = self.clock.now();
        let event = caller.event((at, AuditKind::Session), person, "ended", json!({"all_but": except}));
        let change = Change::EndSessions { person: person.clone(), except, device: None };
        self.store.commit(vec![change], event).await?;
        Ok(())
    }
}
