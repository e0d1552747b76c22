//! What can happen to a binding, what has to be proven for it, and why it may be refused.

use serde::{Deserialize, Serialize};

use super::{RevocationReason, TrustLevel};
use crate::Voiceprint;

/// What was proven along with an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proofs {
    /// The request bears a signature by the key of the binding.
    pub signature: bool,
    /// The words were said that were made up for this attempt.
    pub challenge: bool,
    /// A living person spoke.
    pub countermeasures: bool,
    /// The voice reaches the threshold for a new device.
    pub voice_at_new_device_threshold: bool,
    /// Something else than voice and device. To bind: a session, an API key, the password or a one-time code. To bind
    /// again: the password, and nothing in its place.
    pub other_factor: bool,
}

/// One of [`Proofs`], by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// [`Proofs::signature`].
    Signature,
    /// [`Proofs::challenge`].
    Challenge,
    /// [`Proofs::countermeasures`].
    Countermeasures,
    /// [`Proofs::voice_at_new_device_threshold`].
    VoiceAtNewDeviceThreshold,
    /// [`Proofs::other_factor`].
    OtherFactor,
}

/// What happens to a binding. Every `voice` is the one that was heard along with the proofs.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It is bound for the first time.
    Bind {
        /// All are needed.
        proofs: Proofs,
        /// Becomes the signature vector.
        voice: Voiceprint,
    },
    /// A login with it was accepted.
    Verified {
        /// The signature is needed, as nothing else says that the device took part; what else a login needs was asked by
        /// [`crate::decide`].
        proofs: Proofs,
        /// Becomes the signature vector.
        voice: Voiceprint,
    },
    /// Something about it was odd.
    Suspect,
    /// It is no longer the person's. A revoked device can be revoked as compromised still.
    Revoke {
        /// Why.
        reason: RevocationReason,
    },
    /// It is bound again after it was revoked.
    Rebind {
        /// All are needed but the password, which is needed by [`super::DeviceBinding::rebind_needs_password`].
        proofs: Proofs,
        /// Becomes the signature vector.
        voice: Voiceprint,
    },
    /// It would be bound again, but for the password.
    ProposeRebind {
        /// All are needed but the password.
        proofs: Proofs,
        /// Is kept until the password is given.
        voice: Voiceprint,
    },
    /// The password was given for what was proposed.
    ConfirmRebind,
}

/// What binding again takes besides the device and its person's voice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RebindRequire {
    /// Nothing, unless the key may be in other hands or was never bound.
    #[default]
    Voice,
    /// The password.
    Password,
}

/// Why an event does not happen; the binding stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A binding at this level does not know this event.
    #[error("this cannot happen to a device that is {}", .0.as_str())]
    Level(TrustLevel),
    /// Nothing was proposed that could be confirmed.
    #[error("no new binding of this device waits for the password")]
    NothingProposed,
    /// It was not proven enough; never empty, in the order of [`ProofKind`].
    #[error("not everything was proven that this takes")]
    Missing(Vec<ProofKind>),
}

impl ProofKind {
    /// Every kind there is, in order; the other factor is the last.
    pub const ALL: [Self; 5] = [
        Self::Signature,
        Self::Challenge,
        Self::Countermeasures,
        Self::VoiceAtNewDeviceThreshold,
        Self::OtherFactor,
    ];
}

impl Proofs {
    /// Whether all of `needed` were given.
    ///
    /// # Errors
    /// [`Refused::Missing`] with those that were not.
    pub(super) fn cover(self, needed: &[ProofKind]) -> Result<(), Refused> {
        let given = |proof: &ProofKind| match proof {
            ProofKind::Signature => self.signature,
            ProofKind::Challenge => self.challenge,
            ProofKind::Countermeasures => self.countermeasures,
            ProofKind::VoiceAtNewDeviceThreshold => self.voice_at_new_device_threshold,
            ProofKind::OtherFactor => self.other_factor,
        };
        let missing: Vec<_> = needed.iter().copied().filter(|proof| !given(proof)).collect();
        if missing.is_empty() { Ok(()) } else { Err(Refused::Missing(missing)) }
    }
}
