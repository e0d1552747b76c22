//! Notices: one attempt to add one, to read them, and to deliver them.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::ports::{Delivered, Delivery, Notice, StoreError};

use super::Vault;
use crate::seal::Sealed;
use crate::sql::notices::{self, SealedNotice};
use crate::sql::unreadable;

impl Vault {
    pub(super) async fn put_notice(
        &self,
        connection: &mut AnyConnection,
        notice: &Notice,
        expires_at: Timestamp,
        send: bool,
    ) -> Result<(), StoreError> {
        let row = notices::row(notice.id, &notice.person);
        let sealed = Sealed::seal(notice, &self.lasting.notices, notices::place(&row), &*self.entropy);
        notices::insert(connection, notice, expires_at, &sealed, send).await
    }

    pub(super) async fn notices_once(
        &self,
        person: &PersonId,
        before: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let stored = notices::newest(&mut *self.database.read().await?, person, before, most).await?;
        stored.iter().map(|stored| self.opened_notice(stored)).collect()
    }

    pub(super) async fn due_notices_once(
        &self,
        now: Timestamp,
        until: Timestamp,
        most: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut write = self.database.write().await?;
        let leased = notices::lease(write.connection(), now, until, most).await?;
        write.commit().await?;
        let delivery = |(stored, failures): &(SealedNotice, u32)| match self.opened_notice(stored) {
            Ok(notice) => Some(Delivery { notice, failures: *failures }),
            // One that was tampered with must not keep the others from being delivered.
            Err(error) => {
                tracing::error!(%error, id = %stored.id, "a notice cannot be delivered");
                None
            }
        };
        let mut due: Vec<Delivery> = leased.iter().filter_map(delivery).collect();
        due.sort_by_key(|delivery| (delivery.notice.at, delivery.notice.id));
        Ok(due)
    }

    pub(super) async fn settle_notice_once(&self, id: Uuid, delivered: Delivered) -> Result<(), StoreError> {
        let mut write = self.database.write().await?;
        notices::settle(write.connection(), id, delivered).await?;
        write.commit().await
    }

    fn opened_notice(&self, stored: &SealedNotice) -> Result<Notice, StoreError> {
        let row = notices::row(stored.id, &stored.person);
        let opened = stored.sealed.open(&self.lasting.notices, notices::place(&row));
        opened.map_err(|error| unreadable(notices::TABLE, "sealed", error.to_string()))
    }
}
