//! Whether a claim holds.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use p256::AffinePoint;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};

use super::{Claim, SignatureError};

/// How far the time of signing may be from the time of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Longest time since the signing.
    pub max_age: SignedDuration,
    /// How much a device's clock may be ahead.
    pub max_ahead: SignedDuration,
}

impl Default for Window {
    fn default() -> Self {
        Self { max_age: SignedDuration::from_secs(60), max_ahead: SignedDuration::from_secs(30) }
    }
}

/// Whether the owner of `key` (65 bytes, uncompressed) signed the request, and did so just now.
///
/// A signature (r, s) has a twin (r, n − s) that holds as well, and `WebCrypto` makes either; both are taken. Nothing here
/// tells requests apart by their signature: that is what the nonce is for.
///
/// # Errors
/// When it was signed too early or late, or by another key; also when `key` is none.
pub fn verify(claim: &Claim, key: &[u8; 65], now: Timestamp, window: Window) -> Result<(), SignatureError> {
    let age = now.duration_since(claim.created);
    if age > window.max_age {
        return Err(SignatureError::TooOld);
    }
    if age < -window.max_ahead {
        return Err(SignatureError::FromTheFuture);
    }
    let holds = VerifyingKey::from_sec1_bytes(key).and_then(|key| {
        let signature = Signature::from_slice(&claim.signature)?;
        key.verify(&claim.base, &signature)
    });
    holds.map_err(|_| SignatureError::Mismatch)
}

/// Does the work of [`verify`] and refuses, so that a device that nobody knows costs the time of one that is known.
#[must_use]
pub fn verify_decoy(claim: &Claim, now: Timestamp, window: Window) -> SignatureError {
    // The base point is a public key like any other. Its private key is 1, so what holds under it means nothing.
    static DECOY: LazyLock<[u8; 65]> = LazyLock::new(|| {
        let key =
            VerifyingKey::from_affine(AffinePoint::GENERATOR).expect("the base point is not at infinity");
        key.to_sec1_point(false).as_bytes().try_into().expect("an uncompressed point has 65 bytes")
    });
    verify(claim, &DECOY, now, window).err().unwrap_or(SignatureError::Mismatch)
}
