//! The sessions of a person.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::decide::StepUp;
use voicegate_core::device::DeviceId;

use crate::ports::{Session, SignedInBy};
use crate::{Service, ServiceError};

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionView {
    /// Identity of the session; not the token.
    pub id: Uuid,
    /// How it began.
    pub signed_in_by: SignedInBy,
    /// The device that signed the login.
    pub device_id: Option<DeviceId>,
    /// What has to be given before the session counts.
    pub step_up: Option<StepUp>,
    /// Whether a password, one-time password or recovery code was given.
    pub other_factor: bool,
    /// When it began.
    pub created_at: Timestamp,
    /// When its token was last used, to some seconds.
    pub last_used_at: Timestamp,
    /// When it ends if it is not used again.
    pub expires_at: Timestamp,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Service {
    /// The sessions of `person` that have not ended, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn sessions(
        &self,
        person: &PersonId,
        current: Option<Uuid>,
    ) -> Result<Vec<SessionView>, ServiceError> {
        let now = self.clock.now();
        let sessions = self.store.sessions(person).await?;
        let live = sessions.into_iter().filter_map(|session| self.as_of(session, now));
        Ok(live.map(|session| self.session_view(&session, current)).collect())
    }

    /// How its person sees a session.
    pub(super) fn session_view(&self, session: &Session, current: Option<Uuid>) -> SessionView {
        let content = &session.content;
        SessionView {
            id: session.id,
            signed_in_by: content.by,
            device_id: content.device,
            step_up: content.step_up,
            other_factor: content.other_factor,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: self.ends_at(session),
            ends_at: session.ends_at,
            current: current == Some(session.id),
        }
    }
}
