//! Fingerprints of earlier attempts: one attempt to keep one, and to read them.

use jiff::Timestamp;
use sqlx::AnyConnection;
use voicegate_core::PersonId;
use voicegate_service::ports::{Lane, MAX_FINGERPRINTS, StoreError};

use super::Vault;
use crate::seal::{MasterKeys, Sealed};
use crate::sql::{fingerprints, people, unreadable};

impl Vault {
    /// Keeps a fingerprint, for somebody who is not here, or has no key, like a challenge for nobody.
    pub(super) async fn put_fingerprint(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        person: &PersonId,
        (fingerprint, lane): (&Vec<u8>, Lane),
        times: (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let known = people::lock_key(connection, person).await?;
        let (person_ref, key) = self.keeper(keys, person, known)?;
        let id = self.random_uuid().to_string();
        let sealed = Sealed::seal(fingerprint, &key, fingerprints::place(&id), &*self.entropy);
        let lane = fingerprints::lane(person_ref, lane);
        fingerprints::KEPT.make_room(connection, &lane, MAX_FINGERPRINTS - 1).await?;
        fingerprints::insert(connection, &id, (person_ref, &lane), times, &sealed).await
    }

    pub(super) async fn fingerprints_once(
        &self,
        person: &PersonId,
        since: Timestamp,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let keys = self.key_file.keys();
        let mut connection = self.database.read().await?;
        let known = people::key(&mut connection, person).await?;
        let (person_ref, key) = self.keeper(&keys, person, known)?;
        // Both lanes.
        let rows = fingerprints::newest(&mut connection, person_ref, since, 2 * MAX_FINGERPRINTS).await?;
        let opened = rows.iter().map(|(id, sealed)| sealed.open(&key, fingerprints::place(id)));
        opened
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable("attempt_fingerprints", "sealed", error.to_string()))
    }
}
