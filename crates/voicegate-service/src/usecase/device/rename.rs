//! Calling a device something else.

use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::device::{DeviceBinding, DeviceId, DeviceName};

use super::DeviceView;
use crate::ports::{AuditKind, Change};
use crate::usecase::Caller;
use crate::{Service, ServiceError};

impl Service {
    /// Calls a device of `person` something else.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::Conflict`], [`ServiceError::Store`].
    pub async fn rename_device(
        &self,
        person: &PersonId,
        id: DeviceId,
        name: DeviceName,
        caller: &Caller,
    ) -> Result<DeviceView, ServiceError> {
        let binding = self.own_device(person, id).await?;
        let expected_version = binding.version;
        let device = DeviceBinding { name, ..binding };
        let view = DeviceView::from(&device);
        let at = self.clock.now();
        let event = caller.event((at, AuditKind::Device), person, "renamed", json!({"device": {"id": id}}));
        self.store.commit(vec![Change::PutDevice { device, expected_version }], event).await?;
        Ok(view)
    }
}
