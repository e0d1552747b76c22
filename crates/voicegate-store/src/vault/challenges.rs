//! Challenges: one attempt to open one, and to take one out.

use sqlx::AnyConnection;
use voicegate_core::challenge::{Challenge, ChallengeId};
use voicegate_service::ports::StoreError;

use super::Vault;
use super::commit::data_key;
use crate::seal::{MasterKeys, Sealed, SealingKey, Secret};
use crate::sql::{challenges, people, unreadable};

impl Vault {
    /// Opens a challenge. For somebody who is not here the same is done under a reference and a key made up on the spot;
    /// as nobody has that reference, nothing is kept.
    pub(super) async fn put_challenge(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        (id, challenge): (&ChallengeId, &Challenge),
        max_open: u32,
    ) -> Result<(), StoreError> {
        let nobody = (self.random_uuid(), SealingKey { version: 1, secret: Secret::random(&*self.entropy) });
        let known = match people::lock_key(connection, &challenge.person).await? {
            Some(person) => data_key(keys, &person, &challenge.person)?.map(|key| (person.person_ref, key)),
            None => None,
        };
        let (person_ref, key) = known.unwrap_or(nobody);
        let id_hash = id.hash();
        let row = challenges::row(&id_hash);
        let sealed = Sealed::seal(challenge, &key, challenges::place(&row), &*self.entropy);
        challenges::KEPT.make_room(connection, person_ref, max_open.saturating_sub(1)).await?;
        let times = (challenge.issued_at, challenge.expires_at);
        challenges::insert(connection, &id_hash, person_ref, times, &sealed).await
    }

    pub(super) async fn take_challenge_once(
        &self,
        id: &ChallengeId,
    ) -> Result<Option<Challenge>, StoreError> {
        let keys = self.key_file.keys();
        let id_hash = id.hash();
        let mut write = self.database.write().await?;
        let Some((person_ref, sealed)) = challenges::take(write.connection(), &id_hash).await? else {
            return Ok(None);
        };
        let key = match people::owner(write.connection(), person_ref).await? {
            Some((person, key)) => data_key(&keys, &key, &person)?,
            None => None,
        };
        let key = key.ok_or_else(|| unreadable("challenges", "person_ref", "it names nobody with a key"))?;
        let row = challenges::row(&id_hash);
        let challenge = sealed.open(&key, challenges::place(&row));
        let challenge = challenge.map_err(|error| unreadable("challenges", "sealed", error.to_string()))?;
        write.commit().await?;
        Ok(Some(challenge))
    }
}
