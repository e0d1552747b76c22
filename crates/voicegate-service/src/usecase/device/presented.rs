//! The device that a request says it comes from.

use jiff::Timestamp;
use voicegate_core::PersonId;
use voicegate_core::challenge::ChallengeId;
use voicegate_core::decide::{Measured, Proof, Reason};
use voicegate_core::device::{DeviceBinding, DeviceId, TrustLevel};

use crate::signature::{Claim, SignatureError, verify, verify_decoy};
use crate::{Service, ServiceError};

/// What a request showed of its device.
#[derive(Debug, Clone)]
pub(crate) struct Presented {
    /// The device that it names.
    pub(crate) device: Option<DeviceId>,
    /// Its binding, if it is one of the person's.
    pub(crate) binding: Option<DeviceBinding>,
    /// Whether its key signed the request.
    pub(crate) proof: Measured<Proof>,
}

impl Presented {
    /// The binding whose key was proven to be in the device's hands.
    pub(crate) fn proven(&self) -> Option<&DeviceBinding> {
        self.binding.as_ref().filter(|_| self.proof == Measured::Value(Proof::Passed))
    }

    /// The same, if the device is bound now.
    pub(crate) fn bound(&self) -> Option<&DeviceBinding> {
        let is_bound = |level| matches!(level, TrustLevel::Trusted | TrustLevel::Suspicious);
        self.proven().filter(|binding| is_bound(binding.trust_level))
    }

    /// The same, if it was revoked.
    pub(crate) fn revoked(&self) -> Option<&DeviceBinding> {
        self.proven().filter(|binding| binding.trust_level == TrustLevel::Revoked)
    }

    /// How far the device is trusted; one that was never bound is [`TrustLevel::Pending`].
    pub(crate) fn trust(&self) -> TrustLevel {
        self.proven().map_or(TrustLevel::Pending, |binding| binding.trust_level)
    }
}

impl Service {
    /// Finds out which device of `person` signed a request whose nonce is the handle of its challenge. A device that
    /// nobody knows, or somebody else's, costs the same time as one that is known, and says as little as none.
    ///
    /// # Errors
    /// [`ServiceError::Signature`] where the claim is wrong whoever it names; [`ServiceError::Store`].
    pub(crate) async fn presented(
        &self,
        person: &PersonId,
        claim: Option<&Claim>,
        challenge: &ChallengeId,
        now: Timestamp,
    ) -> Result<Presented, ServiceError> {
        let missing = |code, message| Measured::missing(Reason::new(code, message));
        let Some(claim) = claim else {
            let proof = missing("not_signed", "No device signed the attempt.");
            return Ok(Presented { device: None, binding: None, proof });
        };
        // The nonce is what makes a signed request unique: the challenge is redeemed once.
        if claim.nonce != challenge.to_string() {
            return Err(SignatureError::MalformedParameter("nonce").into());
        }
        let window = self.config.current().devices.window();
        let device = DeviceId(claim.device);
        let binding = self.store.device(device).await?.filter(|binding| binding.person == *person);
        let refused = match &binding {
            Some(binding) => verify(claim, binding.key.as_bytes(), now, window).err(),
            None => Some(verify_decoy(claim, now, window)),
        };
        let proof = match refused {
            Some(error @ (SignatureError::TooOld | SignatureError::FromTheFuture)) => {
                return Err(error.into());
            }
            Some(_) if binding.is_some() => Measured::Value(Proof::Failed),
            Some(_) => missing("device_unknown", "The device is not bound to this person."),
            None => Measured::Value(Proof::Passed),
        };
        Ok(Presented { device: Some(device), binding, proof })
    }
}
