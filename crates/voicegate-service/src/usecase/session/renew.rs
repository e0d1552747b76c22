//! A new token for a session that goes on.

use serde_json::json;

use super::OpenedSession;
use crate::ports::{AuditKind, Change, Session};
use crate::usecase::Caller;
use crate::{Service, ServiceError};

impl Service {
    /// Gives `session` a new token; the present one is its former one from then on. The time at which the session ends at
    /// the latest stays.
    ///
    /// # Errors
    /// [`ServiceError::Conflict`] if it is renewed or changed at the same moment; [`ServiceError::Store`].
    pub async fn renew_session(
        &self,
        session: &Session,
        caller: &Caller,
    ) -> Result<OpenedSession, ServiceError> {
        let at = self.clock.now();
        let opened = self.opened(session);
        let details = json!({"session_id": session.id});
        let event = caller.event((at, AuditKind::Session), &session.person, "renewed", details);
        let session = Session { last_used_at: at, ..session.clone() };
        let max = self.config.current().sessions.max_per_person;
        let put = Change::PutSession { session, token: Some(opened.token.hash()), max };
        self.store.commit(vec![put], event).await?;
        Ok(opened)
    }
}
