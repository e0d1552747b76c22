//! Profiles: one attempt to open one, and to put or revoke one; and the data key of a person.

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;
use voicegate_core::{PersonId, Template};
use voicegate_service::ports::StoreError;
use voicegate_service::profile::Profile;

use super::Vault;
use super::retry::master_key;
use crate::seal::{MasterKeys, Sealed, SealingKey, Secret, Wraps};
use crate::sql::people::{self, PersonKey, key_place, key_row};
use crate::sql::{challenges, devices, fingerprints, history, idempotency, sessions, templates, unreadable};

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

    pub(super) async fn put_profile(
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
                self.forget_nobody(connection, &profile.person).await?;
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
                        self.forget_nobody(connection, &profile.person).await?;
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

    /// Ends everything that is kept of a person but the row itself, and notices and account, which need no voice.
    pub(super) async fn revoke_profile(
        &self,
        connection: &mut AnyConnection,
        person: &PersonId,
        expected_version: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let person_ref = people::revoke(connection, person, expected_version, at).await?;
        let owner = person_ref.to_string();
        templates::delete(connection, person_ref).await?;
        devices::delete(connection, person_ref).await?;
        challenges::KEPT.delete(connection, &owner).await?;
        fingerprints::KEPT.delete(connection, &owner).await?;
        history::delete(connection, person_ref).await?;
        sessions::end_all(connection, person, None, None).await?;
        idempotency::erase(connection, person_ref).await
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
