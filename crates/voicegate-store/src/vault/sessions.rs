//! Sessions: one attempt to read them, and to begin or change one.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::ports::{Session, StoreError, TokenOf};

use super::Vault;
use crate::seal::{KeptSession, Sealed};
use crate::sql::sessions::{self, SealedSession};
use crate::sql::unreadable;

impl Vault {
    pub(super) async fn session_once(&self, token: &[u8; 32]) -> Result<Option<TokenOf>, StoreError> {
        let stored = sessions::by_token(&mut *self.database.read().await?, token).await?;
        let Some(stored) = stored else { return Ok(None) };
        let is_current = stored.token == *token;
        let session = self.opened_session(stored)?;
        Ok(Some(if is_current { TokenOf::Current(session) } else { TokenOf::Former(session) }))
    }

    pub(super) async fn sessions_once(&self, person: &PersonId) -> Result<Vec<Session>, StoreError> {
        let stored = sessions::of_person(&mut *self.database.read().await?, person).await?;
        stored.into_iter().map(|stored| self.opened_session(stored)).collect()
    }

    pub(super) async fn touch_session_once(&self, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
        let mut write = self.database.write().await?;
        sessions::touch(write.connection(), id, at).await?;
        write.commit().await
    }

    pub(super) async fn begin_session(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        token: &[u8; 32],
        max: u32,
    ) -> Result<(), StoreError> {
        let sealed = self.sealed_session(session, token);
        sessions::make_room(connection, &session.person, &session.content, max.saturating_sub(1)).await?;
        sessions::insert(connection, session, token, &sealed).await
    }

    pub(super) async fn put_session(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        token: Option<&[u8; 32]>,
        max: u32,
    ) -> Result<(), StoreError> {
        let stored = sessions::lock(connection, session).await?;
        let before = stored.token;
        // Opened, so that nothing that was put into the row behind our back is sealed as ours.
        let known = self.opened_session(stored)?;
        if known.content.step_up.is_some() != session.content.step_up.is_some() {
            sessions::make_room(connection, &session.person, &session.content, max.saturating_sub(1)).await?;
        }
        let token = token.unwrap_or(&before);
        sessions::update(connection, session, token, &self.sealed_session(session, token)).await
    }

    fn sealed_session(&self, session: &Session, token: &[u8; 32]) -> Sealed<KeptSession> {
        let kept = KeptSession {
            content: session.content.clone(),
            created_at: session.created_at,
            ends_at: session.ends_at,
        };
        let row = sessions::row(session.id, token, &session.person);
        Sealed::seal(&kept, &self.lasting.sessions, sessions::place(&row), &*self.entropy)
    }

    fn opened_session(&self, stored: SealedSession) -> Result<Session, StoreError> {
        let row = sessions::row(stored.id, &stored.token, &stored.person);
        let kept = stored.content.open(&self.lasting.sessions, sessions::place(&row));
        let kept = kept.map_err(|e| unreadable(sessions::TABLE, "content", e.to_string()))?;
        Ok(Session {
            id: stored.id,
            person: stored.person,
            content: kept.content,
            created_at: kept.created_at,
            last_used_at: stored.last_used_at,
            ends_at: kept.ends_at,
            version: stored.version,
        })
    }
}
