//! Challenges: one attempt to open one, and to take one out.

use sqlx::AnyConnection;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::challenge::{Challenge, ChallengeId};
use voicegate_service::ports::{StoreError, Tag};

use super::Vault;
use super::profiles::data_key;
use crate::seal::{MasterKeys, Sealed, SealingKey};
use crate::sql::people::PersonKey;
use crate::sql::{challenges, fingerprints, hex, people, unreadable};

impl Vault {
    /// Opens a challenge. For somebody who is not here, or has no key, the same is done under a reference and a key derived
    /// from the name: whoever answers it learns nothing about who is here. The person's row is not locked, as that would be
    /// a write that takes longer than none. What a revocation at the same moment leaves behind has lost its key, and of
    /// several processes one may keep a challenge too many for its short life.
    pub(super) async fn put_challenge(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        (id, challenge): (&ChallengeId, &Challenge),
        (asker, max_open): (Option<Tag>, u32),
    ) -> Result<(), StoreError> {
        let known = people::key(connection, &challenge.person).await?;
        let (person_ref, key) = self.keeper(keys, &challenge.person, known)?;
        let id_hash = id.hash();
        let row = hex(&id_hash);
        let sealed = Sealed::seal(challenge, &key, challenges::place(&row), &*self.entropy);
        let asker = asker.map(|tag| hex(&tag.0)).unwrap_or_default();
        let lane = format!("{person_ref}/{asker}");
        challenges::KEPT.make_room(connection, &lane, max_open.saturating_sub(1)).await?;
        let times = (challenge.issued_at, challenge.expires_at);
        challenges::insert(connection, &id_hash, (person_ref, &lane), times, &sealed).await
    }

    /// The reference and the key under which is kept what is kept of anybody: those of `known`, or, where there is no such
    /// person or no key (any more), others that are derived from the name.
    pub(super) fn keeper(
        &self,
        keys: &MasterKeys,
        person: &PersonId,
        known: Option<PersonKey>,
    ) -> Result<(Uuid, SealingKey), StoreError> {
        if let Some(known) = known
            && let Some(key) = data_key(keys, &known, person)?
        {
            return Ok((known.person_ref, key));
        }
        let nobody = self.lasting.nobody(person);
        Ok((nobody, self.lasting.nobody_key(nobody)))
    }

    /// Ends the challenges that `person` was given, and the fingerprints that were kept, before there was a key of theirs.
    pub(super) async fn forget_nobody(
        &self,
        connection: &mut AnyConnection,
        person: &PersonId,
    ) -> Result<(), StoreError> {
        let nobody = self.lasting.nobody(person).to_string();
        fingerprints::KEPT.delete(connection, &nobody).await?;
        challenges::KEPT.delete(connection, &nobody).await
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
            None => Some(self.lasting.nobody_key(person_ref)),
        };
        // Of a person who was revoked while the challenge was given out.
        let Some(key) = key else { return write.commit().await.map(|()| None) };
        let row = hex(&id_hash);
        let challenge = sealed.open(&key, challenges::place(&row));
        let challenge = challenge.map_err(|error| unreadable("challenges", "sealed", error.to_string()))?;
        write.commit().await?;
        Ok(Some(challenge))
    }
}
