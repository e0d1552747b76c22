//! Devices that are bound to people.

mod bind;
mod list;
pub(crate) mod presented;
mod rename;
mod revoke;

use voicegate_core::PersonId;
use voicegate_core::device::{DeviceBinding, DeviceId};

use crate::{Service, ServiceError};
pub use bind::{BindAnswer, BindRequest};
pub use list::{DeviceView, SignatureVector};

/// Why something cannot be done to a device, whatever is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceRefusal {
    /// It is bound.
    #[error("this device is bound already")]
    AlreadyBound,
    /// It was revoked.
    #[error("this device was revoked already")]
    AlreadyRevoked,
    /// Its id is that of another person's device, or of one with another key.
    #[error("this id belongs to another device; make a new one")]
    IdTaken,
    /// Its key is that of another device of the person. A new id must not make a revoked key a new one.
    #[error("this key belongs to another device of this person; bind that one, or make a new key")]
    KeyTaken,
    /// The person has as many as there may be.
    #[error("{0} devices are the most; revoke one that is not needed any more")]
    TooMany(u32),
}

impl DeviceRefusal {
    /// Code for records.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::AlreadyBound => "already_bound",
            Self::AlreadyRevoked => "already_revoked",
            Self::IdTaken => "device_id_taken",
            Self::KeyTaken => "device_key_taken",
            Self::TooMany(_) => "too_many_devices",
        }
    }
}

impl Service {
    /// A device of `person`.
    async fn own_device(&self, person: &PersonId, id: DeviceId) -> Result<DeviceBinding, ServiceError> {
        let found = self.store.device(id).await?.filter(|binding| binding.person == *person);
        found.ok_or(ServiceError::NotFound("such device"))
    }
}
