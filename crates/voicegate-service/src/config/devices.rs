use garde::Validate;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use voicegate_core::device::RebindRequire;

use crate::signature::Window;

/// Devices that are bound to people, and what they sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct DevicesConfig {
    /// Most devices of a person that are not revoked.
    #[garde(range(min = 1, max = 100))]
    pub max_per_person: u32,
    /// What binding a revoked device again takes beside its signature, a live challenge and the voice: `voice` nothing,
    /// `password` the password. One revoked as compromised always takes the password.
    #[garde(skip)]
    pub rebind_require: RebindRequire,
    /// Seconds after which a signed request is too old.
    #[garde(range(min = 5, max = 600))]
    pub signature_max_age_s: u32,
    /// Seconds that the clock of a device may be ahead.
    #[garde(range(min = 0, max = 600))]
    pub signature_max_ahead_s: u32,
}

impl DevicesConfig {
    /// How far the time of signing may be from the time of arrival.
    #[must_use]
    pub fn window(&self) -> Window {
        Window {
            max_age: SignedDuration::from_secs(self.signature_max_age_s.into()),
            max_ahead: SignedDuration::from_secs(self.signature_max_ahead_s.into()),
        }
    }
}

impl Default for DevicesConfig {
    fn default() -> Self {
        Self {
            max_per_person: 10,
            rebind_require: RebindRequire::default(),
            signature_max_age_s: 60,
            signature_max_ahead_s: 30,
        }
    }
}
