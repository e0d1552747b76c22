//! One attempt to reserve, settle or forget what was asked under an idempotency key.

use jiff::Timestamp;
use voicegate_core::PersonId;
use voicegate_service::ports::{IdempotencyKey, Idempotent, StoreError, StoredResponse};

use super::Vault;
use crate::seal::Sealed;
use crate::sql::idempotency::{self, Known};
use crate::sql::{people, unreadable};

impl Vault {
    pub(super) async fn reserve_once(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
        oldest: Timestamp,
        stale: Timestamp,
    ) -> Result<Idempotent, StoreError> {
        let mut write = self.database.write().await?;
        let connection = write.connection();
        idempotency::forget(connection, oldest).await?;
        let known = if idempotency::reserve(connection, key, now, stale).await? {
            Idempotent::New
        } else {
            match idempotency::read(connection, key).await? {
                Known::Mismatch => Idempotent::Mismatch,
                Known::InFlight => Idempotent::InFlight,
                Known::Answered(None) => Idempotent::Erased,
                Known::Answered(Some(sealed)) => Idempotent::Done(self.opened(key, &sealed)?),
            }
        };
        write.commit().await?;
        Ok(known)
    }

    pub(super) async fn settle_once(
        &self,
        key: &IdempotencyKey,
        response: Option<&StoredResponse>,
        about: Option<&PersonId>,
    ) -> Result<(), StoreError> {
        let mut write = self.database.write().await?;
        let connection = write.connection();
        let Some(response) = response else {
            idempotency::give_up(connection, key).await?;
            return write.commit().await;
        };
        // Locked, so that a revocation either comes first and is seen here, or comes after and finds the answer.
        let person = match about {
            Some(person) => people::lock(connection, person).await?,
            None => None,
        };
        let row = idempotency::row(key);
        let sealed = Sealed::seal(response, &self.lasting.answers, idempotency::place(&row), &*self.entropy);
        let kept = Some(&sealed).filter(|_| person.is_none_or(|person| !person.revoked));
        idempotency::answer(connection, key, kept, person.map(|person| person.person_ref)).await?;
        write.commit().await
    }

    pub(super) async fn forget_once(&self, oldest: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.database.write().await?;
        let forgotten = idempotency::forget(write.connection(), oldest).await?;
        write.commit().await?;
        Ok(forgotten)
    }

    fn opened(
        &self,
        key: &IdempotencyKey,
        sealed: &Sealed<StoredResponse>,
    ) -> Result<StoredResponse, StoreError> {
        let row = idempotency::row(key);
        let opened = sealed.open(&self.lasting.answers, idempotency::place(&row));
        opened.map_err(|error| unreadable("idempotency_keys", "answer", error.to_string()))
    }
}
