//! Authenticated encryption of what must not be readable in the database.
//!
//! A [`Sealed`] value is AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. Its associated data names the
//! table, the column, the row and the version of the key, so that bytes moved to another place do not open.
//! Layout: format (1 byte) ‖ key version (4, big endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16).
//!
//! Random nonces are safe up to 2^32 messages of one key: a person's data key seals a handful of templates and three values
//! per attempt (challenge, fingerprint and device), a master key wraps one data key per person, and a lasting key seals one
//! value per login or change of an account.

mod content;
mod key;
mod key_file;
mod lasting;
mod master;

use std::fmt;
use std::marker::PhantomData;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use voicegate_service::ports::Entropy;
use zeroize::Zeroizing;

pub(crate) use content::KeptSession;
pub use content::Sealable;
pub use key::{SealingKey, Secret};
pub use key_file::{KeyFile, KeyFileError, RotationLock};
pub(crate) use lasting::LastingKeys;
pub use master::{MasterKey, MasterKeys, Wraps};

const FORMAT: u8 = 1;
const VERSION_AT: usize = 1;
const NONCE_AT: usize = 5;
const BODY_AT: usize = 17;
const TAG: usize = 16;

/// Where a sealed value lives. A value opens only in the place it was sealed for.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What tells the row from all others.
    pub row: &'a str,
}

impl Place<'_> {
    /// Associated data: each part with its length before it, so that no two places share an encoding.
    fn associated_data(&self, key_version: u32) -> Vec<u8> {
        let mut data = b"voicegate sealed\0".to_vec();
        data.push(FORMAT);
        data.extend(key_version.to_be_bytes());
        for part in [self.table, self.column, self.row] {
            data.extend((part.len() as u64).to_be_bytes());
            data.extend(part.as_bytes());
        }
        data
    }
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Too short, or of a format this program does not know.
    #[error("it is not a sealed value of a known format")]
    Malformed,
    /// Sealed under another version of the key.
    #[error("it is sealed under key version {found}, not {expected}")]
    KeyVersion {
        /// Version that the value names.
        found: u32,
        /// Version of the key at hand.
        expected: u32,
    },
    /// Damaged, tampered with, moved from another place, or sealed under another key.
    #[error("its authentication code does not fit: it was changed, moved, or sealed under another key")]
    Forged,
    /// Authentic, but the content is not what was expected.
    #[error("its content has an unknown shape")]
    Content,
}

/// A `T` in the form that may be stored.
pub struct Sealed<T> {
    bytes: Vec<u8>,
    content: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    /// Takes stored bytes; whether they are authentic shows when they are opened.
    ///
    /// # Errors
    /// [`SealError::Malformed`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SealError> {
        if bytes.len() < BODY_AT + TAG || bytes[0] != FORMAT {
            return Err(SealError::Malformed);
        }
        Ok(Self { bytes, content: PhantomData })
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Version of the key that it names.
    #[must_use]
    pub fn key_version(&self) -> u32 {
        let version = self.bytes[VERSION_AT..NONCE_AT].try_into().expect("the header has its full length");
        u32::from_be_bytes(version)
    }
}

impl<T: Sealable> Sealed<T> {
    /// Seals `content` for `place`.
    #[must_use]
    pub fn seal(content: &T, key: &SealingKey, place: Place<'_>, entropy: &dyn Entropy) -> Self {
        let mut nonce = [0; BODY_AT - NONCE_AT];
        entropy.fill(&mut nonce);
        let plain = content.to_plain();
        let payload = Payload { msg: &plain, aad: &place.associated_data(key.version) };
        let body =
            cipher(key).encrypt(&Nonce::from(nonce), payload).expect("what is sealed is far below 64 GiB");
        let mut bytes = Vec::with_capacity(BODY_AT + body.len());
        bytes.push(FORMAT);
        bytes.extend(key.version.to_be_bytes());
        bytes.extend(nonce);
        bytes.extend(body);
        Self { bytes, content: PhantomData }
    }

    /// Opens what was sealed with `key` for `place`.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn open(&self, key: &SealingKey, place: Place<'_>) -> Result<T, SealError> {
        let found = self.key_version();
        if found != key.version {
            return Err(SealError::KeyVersion { found, expected: key.version });
        }
        let nonce: [u8; BODY_AT - NONCE_AT] =
            self.bytes[NONCE_AT..BODY_AT].try_into().expect("the header has its full length");
        let payload = Payload { msg: &self.bytes[BODY_AT..], aad: &place.associated_data(found) };
        let plain = cipher(key).decrypt(&Nonce::from(nonce), payload).map_err(|_| SealError::Forged)?;
        T::from_plain(&Zeroizing::new(plain)).ok_or(SealError::Content)
    }
}

fn cipher(key: &SealingKey) -> Aes256Gcm {
    Aes256Gcm::new(key.secret.bytes().into())
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), content: PhantomData }
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes, key version {})", self.bytes.len(), self.key_version())
    }
}

#[cfg(test)]
mod tests;
