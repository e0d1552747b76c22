//! The devices of a person.

use jiff::Timestamp;
use serde::Serialize;
use voicegate_core::PersonId;
use voicegate_core::device::{DeviceBinding, DeviceId, DeviceName, RevocationReason, TrustLevel};

use crate::{Service, ServiceError};

/// A device as its person sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceView {
    /// Its handle.
    pub device_id: DeviceId,
    /// What the person calls it.
    pub device_name: DeviceName,
    /// How far it is trusted.
    pub trust_level: TrustLevel,
    /// When it was bound last.
    pub bound_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked.
    pub revoked_because: Option<RevocationReason>,
    /// When a voice was last accepted with it.
    pub last_verified_at: Option<Timestamp>,
    /// When it was named first.
    pub created_at: Timestamp,
    /// What is known of the voice that was last accepted with it.
    pub voice_signature_vector: Option<SignatureVector>,
}

/// What may be shown of a signature vector: never the vector.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignatureVector {
    /// Registry ids of the speaker models that heard the voice.
    pub models: Vec<String>,
}

impl From<&DeviceBinding> for DeviceView {
    fn from(binding: &DeviceBinding) -> Self {
        let vector = binding.voice_signature_vector.as_ref();
        let models =
            |voice: &voicegate_core::Voiceprint| voice.iter().map(|(model, _)| model.to_owned()).collect();
        Self {
            device_id: binding.id,
            device_name: binding.name.clone(),
            trust_level: binding.trust_level,
            bound_at: binding.bound_at,
            revoked_at: binding.revoked_at,
            revoked_because: binding.revoked_because,
            last_verified_at: binding.last_verified_at,
            created_at: binding.created_at,
            voice_signature_vector: vector.map(|voice| SignatureVector { models: models(voice) }),
        }
    }
}

impl Service {
    /// The devices of `person`, revoked ones included, the oldest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn devices(&self, person: &PersonId) -> Result<Vec<DeviceView>, ServiceError> {
        Ok(self.store.devices(person).await?.iter().map(DeviceView::from).collect())
    }
}
