//! Device bindings: one attempt to read them, and to put one.

use sqlx::AnyConnection;
use voicegate_core::PersonId;
use voicegate_core::device::{DeviceBinding, DeviceId};
use voicegate_service::ports::StoreError;

use super::Vault;
use super::profiles::data_key;
use crate::seal::{MasterKeys, Sealed};
use crate::sql::devices::{self, SealedDevice};
use crate::sql::{people, unreadable};

impl Vault {
    pub(super) async fn device_once(&self, id: DeviceId) -> Result<Option<DeviceBinding>, StoreError> {
        let keys = self.key_file.keys();
        let stored = devices::by_id(&mut *self.database.read().await?, id).await?;
        stored.as_ref().map(|stored| opened(&keys, stored)).transpose()
    }

    pub(super) async fn devices_once(&self, person: &PersonId) -> Result<Vec<DeviceBinding>, StoreError> {
        let keys = self.key_file.keys();
        let stored = devices::of_person(&mut *self.database.read().await?, person).await?;
        stored.iter().map(|stored| opened(&keys, stored)).collect()
    }

    pub(super) async fn put_device(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        device: &DeviceBinding,
        expected_version: u64,
    ) -> Result<(), StoreError> {
        let owner = people::lock_key(connection, &device.person).await?.ok_or(StoreError::Conflict)?;
        let key = data_key(keys, &owner, &device.person)?.ok_or(StoreError::Conflict)?;
        let row = devices::row(device.id, owner.person_ref);
        let sealed = Sealed::seal(device, &key, devices::place(&row), &*self.entropy);
        devices::put(connection, device, owner.person_ref, &sealed, expected_version).await
    }
}

fn opened(keys: &MasterKeys, stored: &SealedDevice) -> Result<DeviceBinding, StoreError> {
    let refused = |detail: String| unreadable(devices::TABLE, "sealed", detail);
    let key = data_key(keys, &stored.key, &stored.person)?;
    let key = key.ok_or_else(|| refused("there is a device, but no key that opens it".to_owned()))?;
    let row = devices::row(stored.id, stored.key.person_ref);
    let binding = stored.sealed.open(&key, devices::place(&row)).map_err(|e| refused(e.to_string()))?;
    Ok(DeviceBinding { version: stored.version, ..binding })
}
