//! Whose session a token is.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::begin::{SessionToken, hash};
use crate::ports::{Actor, AuditKind, Change, Session, StoreError, TokenOf};
use crate::usecase::Caller;
use crate::{Service, ServiceError};

/// The last use of a session is known to so much: not every request has to write.
const TOUCH_AFTER: SignedDuration = SignedDuration::from_secs(30);

impl Service {
    /// The live session that `token` leads to, if there is one. A token that was replaced by a renewal ends its session:
    /// two hold copies of it, and one of them is not the person.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn authenticate_session(
        &self,
        token: &str,
        request_id: Option<String>,
    ) -> Result<Option<Session>, ServiceError> {
        if !SessionToken::is_form_of(token) {
            return Ok(None);
        }
        let now = self.clock.now();
        let (found, is_former) = match self.store.session(&hash(token)).await? {
            Some(TokenOf::Current(session)) => (session, false),
            Some(TokenOf::Former(session)) => (session, true),
            None => return Ok(None),
        };
        match self.as_of(found, now) {
            Some(mut session) if !is_former => {
                if now.duration_since(session.last_used_at) >= TOUCH_AFTER {
                    self.store.touch_session(session.id, now).await?;
                    session.last_used_at = now;
                }
                Ok(Some(session))
            }
            Some(session) => {
                let caller = Caller { actor: Actor::Session(session.id), request_id };
                let details = json!({"session_id": session.id, "by": "former_token"});
                let event = caller.event((now, AuditKind::Session), &session.person, "ended", details);
                let end = Change::EndSession { person: session.person, id: session.id };
                match self.store.commit(vec![end], event).await {
                    Ok(_) | Err(StoreError::Conflict) => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
            None => Ok(None),
        }
    }

    /// A stored session as it is by now: nothing, if its time is over. Where the confidence in a voice has worn off since,
    /// `content.step_up` says so.
    pub(super) fn as_of(&self, mut session: Session, now: Timestamp) -> Option<Session> {
        if now >= self.ends_at(&session) {
            return None;
        }
        let policy = self.config.current().sessions.confidence();
        let content = &mut session.content;
        let worn_off = || content.confidence.and_then(|known| known.step_up(now, &policy));
        content.step_up = content.step_up.or_else(worn_off);
        Some(session)
    }

    /// When a session ends if it is not used again. Shorter limits hold for sessions that began before them.
    pub(super) fn ends_at(&self, session: &Session) -> Timestamp {
        let lifetime = self.config.current().sessions.lifetime();
        lifetime.ends_at(session.created_at, session.last_used_at).min(session.ends_at)
    }
}
