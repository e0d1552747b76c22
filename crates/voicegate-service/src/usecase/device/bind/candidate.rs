//! The device that asks to be bound.

use jiff::Timestamp;
use voicegate_core::device::{DeviceBinding, DeviceId, TrustLevel};

use super::BindRequest;
use crate::signature::{SignatureError, Window, verify};
use crate::usecase::device::DeviceRefusal;
use crate::{Service, ServiceError};

impl Service {
    /// The device as it stands: revoked, pending, or new. Its name is the one that is given now.
    pub(super) async fn candidate(
        &self,
        request: &BindRequest,
        id: DeviceId,
        now: Timestamp,
        max: u32,
    ) -> Result<DeviceBinding, ServiceError> {
        let BindRequest { person, name, key, .. } = request;
        let stored = self.store.device(id).await?;
        if let Some(binding) = &stored {
            if binding.person != *person || binding.key != *key {
                return Err(DeviceRefusal::IdTaken.into());
            }
            if matches!(binding.trust_level, TrustLevel::Trusted | TrustLevel::Suspicious) {
                return Err(DeviceRefusal::AlreadyBound.into());
            }
        }
        let mut others = self.store.devices(person).await?;
        others.retain(|other| other.id != id);
        if others.iter().any(|other| other.key == *key) {
            return Err(DeviceRefusal::KeyTaken.into());
        }
        let in_use = others.iter().filter(|other| other.trust_level != TrustLevel::Revoked);
        if in_use.count() >= max as usize {
            return Err(DeviceRefusal::TooMany(max).into());
        }
        let new = || DeviceBinding::pending(id, person.clone(), name.clone(), key.clone(), now);
        Ok(DeviceBinding { name: name.clone(), ..stored.unwrap_or_else(new) })
    }
}

/// The device that signed the request with the key in it.
pub(super) fn signed(
    request: &BindRequest,
    now: Timestamp,
    window: Window,
) -> Result<DeviceId, SignatureError> {
    let claim = request.claim.as_ref().ok_or(SignatureError::MissingHeader("Signature"))?;
    // The nonce is what makes a signed request unique: the challenge is redeemed once.
    if claim.nonce != request.challenge.to_string() {
        return Err(SignatureError::MalformedParameter("nonce"));
    }
    verify(claim, request.key.as_bytes(), now, window)?;
    Ok(DeviceId(claim.device))
}
