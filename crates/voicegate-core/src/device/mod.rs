//! A device that is bound to a person: whose it is, how far it is trusted, and what may change that.
//!
//! ```text
//!            Bind                 Suspect
//! PENDING ──────────▶ TRUSTED ◀═════════▶ SUSPICIOUS
//!    │                 ▲   │    Verified      │
//!    │ Revoke   Rebind │   │ Revoke           │ Revoke
//!    └───────────────▶ REVOKED ◀──────────────┘
//! ```
//!
//! Whatever re-binds a device replaces its signature vector, clears the revocation and restores the trust.

mod event;
mod identity;
#[cfg(test)]
mod tests;
mod trust;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use event::{Event, ProofKind, Proofs, RebindRequire, Refused};
pub use identity::{DeviceId, DeviceKey, DeviceName, DeviceNameError, NotADeviceId, NotADeviceKey};
pub use trust::{RevocationReason, TrustLevel};

use crate::{PersonId, Voiceprint};

/// A device and the person whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceBinding {
    /// Its handle.
    pub id: DeviceId,
    /// Whose it is.
    pub person: PersonId,
    /// What the person calls it.
    pub name: DeviceName,
    /// The key that it signs with.
    pub key: DeviceKey,
    /// How far it is trusted.
    pub trust_level: TrustLevel,
    /// The voice that was last accepted with it; `None` if none ever was.
    pub voice_signature_vector: Option<Voiceprint>,
    /// The voice heard for a re-bind that waits for the password; only while REVOKED.
    pub proposed: Option<Voiceprint>,
    /// When it was bound last; `None` if it never was.
    pub bound_at: Option<Timestamp>,
    /// When it was revoked; only while REVOKED.
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked; only while REVOKED.
    pub revoked_because: Option<RevocationReason>,
    /// When a voice was last accepted with it.
    pub last_verified_at: Option<Timestamp>,
    /// When it was named first.
    pub created_at: Timestamp,
    /// One more with each event.
    pub version: u64,
}

/// What a living owner of the voice shows who holds the key and says new words: every proof but the other factor.
const OWNER_PRESENT: &[ProofKind] = ProofKind::ALL.split_at(4).0;

impl DeviceBinding {
    /// A device that waits to be bound.
    #[must_use]
    pub fn pending(id: DeviceId, person: PersonId, name: DeviceName, key: DeviceKey, now: Timestamp) -> Self {
        Self {
            id,
            person,
            name,
            key,
            trust_level: TrustLevel::Pending,
            voice_signature_vector: None,
            proposed: None,
            bound_at: None,
            revoked_at: None,
            revoked_because: None,
            last_verified_at: None,
            created_at: now,
            version: 0,
        }
    }

    /// Whether binding this revoked device again takes the password: by `policy`, because somebody else may hold the key,
    /// or because the device was never bound, so that revoking it is no way around the other factor of a first binding.
    #[must_use]
    pub fn rebind_needs_password(&self, policy: &RebindRequire) -> bool {
        *policy == RebindRequire::Password
            || self.revoked_because == Some(RevocationReason::Compromised)
            || self.bound_at.is_none()
    }

    /// The binding after `event`. A clock that was set back moves no time of a binding back.
    ///
    /// # Errors
    /// [`Refused`] if the event is none of this level's, or was not proven enough.
    pub fn apply(self, event: Event, policy: &RebindRequire, now: Timestamp) -> Result<Self, Refused> {
        use TrustLevel::{Pending, Revoked, Suspicious, Trusted};
        let now = self.latest(now);
        let after = match (self.trust_level, event) {
            (Pending, Event::Bind { proofs, voice }) => {
                proofs.cover(&ProofKind::ALL)?;
                self.bound(voice, now)
            }
            (level @ (Trusted | Suspicious), Event::Verified { proofs, voice }) => {
                proofs.cover(&[ProofKind::Signature])?;
                let trust_level = if proofs.other_factor { Trusted } else { level };
                Self { trust_level, ..self.verified(voice, now) }
            }
            (Trusted, Event::Suspect) => Self { trust_level: Suspicious, ..self },
            (Pending | Trusted | Suspicious, Event::Revoke { reason }) => {
                Self { trust_level: Revoked, revoked_at: Some(now), revoked_because: Some(reason), ..self }
            }
            // It comes out later that the key is in other hands: what was proposed with it goes, and the password is needed.
            (Revoked, Event::Revoke { reason: reason @ RevocationReason::Compromised })
                if self.revoked_because != Some(reason) =>
            {
                Self { revoked_because: Some(reason), proposed: None, ..self }
            }
            (Revoked, Event::Rebind { proofs, voice }) => {
                let password = self.rebind_needs_password(policy);
                proofs.cover(if password { &ProofKind::ALL } else { OWNER_PRESENT })?;
                self.bound(voice, now)
            }
            (Revoked, Event::ProposeRebind { proofs, voice }) => {
                proofs.cover(OWNER_PRESENT)?;
                Self { proposed: Some(voice), ..self }
            }
            (Revoked, Event::ConfirmRebind) => {
                let voice = self.proposed.clone().ok_or(Refused::NothingProposed)?;
                self.bound(voice, now)
            }
            (level, _) => return Err(Refused::Level(level)),
        };
        Ok(Self { version: after.version + 1, ..after })
    }

    /// `now`, or the latest time in the binding if that is later.
    fn latest(&self, now: Timestamp) -> Timestamp {
        [self.bound_at, self.revoked_at, self.last_verified_at]
            .into_iter()
            .flatten()
            .fold(now.max(self.created_at), Timestamp::max)
    }

    /// The binding with the voice that was accepted with it.
    fn verified(self, voice: Voiceprint, now: Timestamp) -> Self {
        Self { voice_signature_vector: Some(voice), last_verified_at: Some(now), ..self }
    }

    /// The binding in good standing, whatever was before.
    fn bound(self, voice: Voiceprint, now: Timestamp) -> Self {
        Self {
            trust_level: TrustLevel::Trusted,
            proposed: None,
            bound_at: Some(now),
            revoked_at: None,
            revoked_because: None,
            ..self.verified(voice, now)
        }
    }
}
