//! Opening a profile, and one attempt to commit.

use sqlx::AnyConnection;
use uuid::{Builder, Uuid};
use voicegate_core::{PersonId, Template};
use voicegate_service::ports::{AuditEvent, Change, Receipt, StoreError};
use voicegate_service::profile::Profile;

use super::Vault;
use super::retry::{master_key, stale_keys};
use crate::seal::{MasterKeys, Sealed, SealingKey, Secret, Wraps};
use crate::sql::people::{self, PersonKey, key_place, key_row};
use crate::sql::{api_keys, chain, challenges, config, fingerprints, idempotency, templates, unreadable};

impl Vault {
    pub(super) async fn profile_once(&self, person: &PersonId) -> Result<Option<Profile>, StoreError> {
        let keys = self.key_file.keys();
        let sealed = templates::profile(&mut *self.database.read().await?, person).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let mut profile = sealed.profile;
        if sealed.parts.is_empty() {
            return Ok(Some(profile));
        }
        let key = data_key(&keys, &sealed.key, person)?.ok_or_else(|| {
            unreadable("people", "wrapped_key", "there is a template, but no key that opens them")
        })?;
        let mut parts = Vec::with_capacity(sealed.parts.len());
        for (model, part) in &sealed.parts {
            let row = templates::row(sealed.key.person_ref, model);
            let part = part.open(&key, templates::place(&row));
            parts.push(part.map_err(|e| unreadable("voice_templates", "sealed", e.to_string()))?);
        }
        let template = Template::from_parts(parts);
        profile.template =
            Some(template.map_err(|e| unreadable("voice_templates", "sealed", e.to_string()))?);
        Ok(Some(profile))
    }

    pub(super) async fn commit_once(
        &self,
        changes: &[Change],
        event: &AuditEvent,
    ) -> Result<Receipt, StoreError> {
        let keys = self.key_file.keys();
        let mut write = self.database.write().await?;
        let connection = write.connection();
        for change in changes {
            self.apply(connection, &keys, change).await?;
        }
        let person_ref = match &event.person {
            Some(person) => people::ref_of(connection, person).await?,
            None => None,
        };
        let chain = chain::lock(connection).await?;
        // Checked while the end of the chain is locked: once a rotation has begun, no key is wrapped by the old one.
        if chain.master_version > keys.current().version() {
            return Err(stale_keys(chain.master_version));
        }
        let end = self.audit.append(connection, &chain.end, event, person_ref).await?;
        write.commit().await?;
        self.audit.committed(end, event.at);
        Ok(Receipt { audit_seq: end.count })
    }

    async fn apply(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        change: &Change,
    ) -> Result<(), StoreError> {
        match change {
            Change::PutProfile { profile, expected_version } => {
                self.put_profile(connection, keys, profile, *expected_version).await
            }
            Change::RevokeProfile { person, expected_version, at } => {
                let person_ref = people::revoke(connection, person, *expected_version, *at).await?;
                templates::delete(connection, person_ref).await?;
                challenges::KEPT.delete(connection, person_ref).await?;
                fingerprints::KEPT.delete(connection, person_ref).await?;
                idempotency::erase(connection, person_ref).await
            }
            Change::MarkVerified { person, at } => people::mark_verified(connection, person, *at).await,
            Change::PutChallenge { id, challenge, max_open } => {
                self.put_challenge(connection, keys, (id, challenge), *max_open).await
            }
            Change::PutFingerprint { person, fingerprint, at, expires_at } => {
                self.put_fingerprint(connection, keys, person, fingerprint, (*at, *expires_at)).await
            }
            Change::PutConfig { overrides, expected_version } => {
                config::put(connection, overrides, *expected_version).await
            }
            Change::PutApiKey(key) => api_keys::insert(connection, key).await,
            Change::RevokeApiKey { id, at } => api_keys::revoke(connection, *id, *at).await,
        }
    }

    async fn put_profile(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        profile: &Profile,
        expected_version: u64,
    ) -> Result<(), StoreError> {
        let (person_ref, key) = match expected_version {
            0 => {
                let person_ref = self.random_uuid();
                let (key, wrapped) = self.fresh_key(keys, person_ref, &profile.person, 1);
                people::insert(connection, profile, person_ref, &wrapped).await?;
                (person_ref, key)
            }
            version => {
                let stored = people::update(connection, profile, version).await?;
                let key = match data_key(keys, &stored, &profile.person)? {
                    Some(key) => key,
                    None => {
                        let next = stored.key_version + 1;
                        let (key, wrapped) = self.fresh_key(keys, stored.person_ref, &profile.person, next);
                        people::set_key(connection, stored.person_ref, &wrapped, next).await?;
                        key
                    }
                };
                templates::delete(connection, stored.person_ref).await?;
                (stored.person_ref, key)
            }
        };
        for part in profile.template.iter().flat_map(Template::parts) {
            let row = templates::row(person_ref, part.model());
            let sealed = Sealed::seal(&part, &key, templates::place(&row), &*self.entropy);
            templates::insert(connection, person_ref, part.model(), &sealed).await?;
        }
        Ok(())
    }

    /// A new data key, and the same wrapped by the current master key.
    fn fresh_key(
        &self,
        keys: &MasterKeys,
        person_ref: Uuid,
        person: &PersonId,
        version: u32,
    ) -> (SealingKey, Sealed<Secret>) {
        let secret = Secret::random(&*self.entropy);
        let row = key_row(person_ref, person.as_str());
        let wrapping = keys.current().subkey(Wraps::PersonKey);
        let wrapped = Sealed::seal(&secret, &wrapping, key_place(&row), &*self.entropy);
        (SealingKey { version, secret }, wrapped)
    }

    pub(super) fn random_uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// The person's data key; `None` if it was destroyed.
pub(super) fn data_key(
    keys: &MasterKeys,
    key: &PersonKey,
    person: &PersonId,
) -> Result<Option<SealingKey>, StoreError> {
    let Some(wrapped) = &key.wrapped else { return Ok(None) };
    let wrapping = master_key(keys, wrapped.key_version())?.subkey(Wraps::PersonKey);
    let row = key_row(key.person_ref, person.as_str());
    let secret = wrapped.open(&wrapping, key_place(&row));
    let secret = secret.map_err(|error| unreadable("people", "wrapped_key", error.to_string()))?;
    Ok(Some(SealingKey { version: key.key_version, secret }))
}
