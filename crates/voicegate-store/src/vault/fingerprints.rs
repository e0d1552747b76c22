//! Fingerprints of earlier attempts, and the end of what is kept for a time.

use jiff::Timestamp;
use sqlx::AnyConnection;
use voicegate_core::PersonId;
use voicegate_service::ports::{MAX_FINGERPRINTS, StoreError};

use super::Vault;
use super::commit::data_key;
use crate::seal::{MasterKeys, Sealed};
use crate::sql::{challenges, fingerprints, people, unreadable};

impl Vault {
    pub(super) async fn put_fingerprint(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        person: &PersonId,
        fingerprint: &Vec<u8>,
        times: (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let Some(stored) = people::lock_key(connection, person).await? else { return Ok(()) };
        let Some(key) = data_key(keys, &stored, person)? else { return Ok(()) };
        let id = self.random_uuid().to_string();
        let sealed = Sealed::seal(fingerprint, &key, fingerprints::place(&id), &*self.entropy);
        fingerprints::KEPT.make_room(connection, stored.person_ref, MAX_FINGERPRINTS - 1).await?;
        fingerprints::insert(connection, &id, stored.person_ref, times, &sealed).await
    }

    pub(super) async fn fingerprints_once(
        &self,
        person: &PersonId,
        since: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let keys = self.key_file.keys();
        let mut connection = self.database.read().await?;
        let Some(stored) = people::key(&mut connection, person).await? else { return Ok(Vec::new()) };
        let Some(key) = data_key(&keys, &stored, person)? else { return Ok(Vec::new()) };
        let rows = fingerprints::newest(&mut connection, stored.person_ref, since, MAX_FINGERPRINTS).await?;
        let opened = rows.iter().map(|(id, sealed)| sealed.open(&key, fingerprints::place(id)));
        opened
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable("attempt_fingerprints", "sealed", error.to_string()))
    }

    pub(super) async fn forget_expired_once(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.database.write().await?;
        let challenges = challenges::KEPT.forget(write.connection(), now).await?;
        let fingerprints = fingerprints::KEPT.forget(write.connection(), now).await?;
        write.commit().await?;
        Ok(challenges + fingerprints)
    }
}
