//! Taking a device away.

use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::device::{DeviceId, Event, RevocationReason};

use super::{DeviceRefusal, DeviceView};
use crate::ports::{AuditKind, Change, NoticeKind};
use crate::usecase::Caller;
use crate::{Service, ServiceError};

impl Service {
    /// Revokes a device of `person`, and ends the sessions that began with it. It takes no signature: the device may be
    /// gone.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Device`] if it was revoked already, unless it was not as compromised and now is; [`ServiceError::Conflict`];
    /// [`ServiceError::Store`].
    pub async fn revoke_device(
        &self,
        person: &PersonId,
        id: DeviceId,
        reason: RevocationReason,
        caller: &Caller,
    ) -> Result<DeviceView, ServiceError> {
        let at = self.clock.now();
        let binding = self.own_device(person, id).await?;
        let expected_version = binding.version;
        let policy = self.config.current().devices.rebind_require;
        let revoked = binding.apply(Event::Revoke { reason }, &policy, at);
        // Nothing else refuses it.
        let device = revoked.map_err(|_| DeviceRefusal::AlreadyRevoked)?;
        let view = DeviceView::from(&device);
        let told = json!({"device_id": id, "device_name": device.name, "reason": reason});
        let details = json!({"device": {"id": id, "trust_level": device.trust_level}, "reason": reason});
        let changes = vec![
            Change::PutDevice { device, expected_version },
            Change::EndSessions { person: person.clone(), except: None, device: Some(id) },
            self.notice(person, at, NoticeKind::DeviceRevoked, told),
        ];
        let event = caller.event((at, AuditKind::Device), person, "revoked", details);
        self.store.commit(changes, event).await?;
        Ok(view)
    }
}
