//! Secret bytes and the keys made of them.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use voicegate_service::ports::Entropy;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// 32 secret bytes, overwritten when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Takes the bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Fresh random bytes.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut secret = Self([0; 32]);
        entropy.fill(&mut secret.0);
        secret
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The secret made of this one for one purpose: HKDF-SHA-256 (RFC 5869).
    pub(crate) fn derive(&self, salt: &[u8], purpose: &[u8]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(salt), &self.0);
        let mut bytes = Zeroizing::new([0; 32]);
        hkdf.expand(purpose, &mut *bytes).expect("32 bytes are one block of HKDF-SHA-256");
        Self(*bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A key that seals, with the version that its sealed values name.
#[derive(Debug)]
pub struct SealingKey {
    /// Names the key among those that came before and after it in the same role.
    pub version: u32,
    /// The key.
    pub secret: Secret,
}
