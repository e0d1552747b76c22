//! What a person is told about their account and voice.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use voicegate_core::PersonId;

use crate::ports::{Change, Notice, NoticeKind};
use crate::{Service, ServiceError};

/// For how long a notice stands in the list of a person's activity.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Most notices in one answer.
pub const MAX_NOTICES: u32 = 100;

impl Service {
    /// Tells `person` that something happened at `at`. Secrets have no place in `details`.
    pub(crate) fn notice(
        &self,
        person: &PersonId,
        at: Timestamp,
        kind: NoticeKind,
        details: serde_json::Value,
    ) -> Change {
        let send = kind.is_sent() && self.config.current().webhook.is_on();
        let notice = Notice { id: self.new_id(), person: person.clone(), at, kind, details };
        let expires_at = at.saturating_add(KEEP).unwrap_or(Timestamp::MAX);
        Change::PutNotice { notice, expires_at, send }
    }

    /// What `person` was told, the newest first, at most `most` and never more than [`MAX_NOTICES`]; with `before` only what
    /// comes after that notice in this order.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn activity(
        &self,
        person: &PersonId,
        before: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<Notice>, ServiceError> {
        Ok(self.store.notices(person, before, most.min(MAX_NOTICES)).await?)
    }
}
