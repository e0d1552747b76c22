//! What can be sealed, as bytes.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use voicegate_core::TemplatePart;
use voicegate_core::challenge::Challenge;
use voicegate_core::device::DeviceBinding;
use voicegate_core::risk::History;
use voicegate_service::ports::{AccountSecrets, Notice, SessionContent, StoredResponse};
use zeroize::Zeroizing;

use super::Secret;

/// Something that has a form to be sealed in.
pub trait Sealable: Sized {
    /// The bytes to encrypt.
    fn to_plain(&self) -> Zeroizing<Vec<u8>>;

    /// The value that [`Self::to_plain`] gave `plain` for.
    fn from_plain(plain: &[u8]) -> Option<Self>;
}

/// What is sealed of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptSession {
    pub(crate) content: SessionContent,
    pub(crate) created_at: Timestamp,
    pub(crate) ends_at: Timestamp,
}

/// CBOR (RFC 8949): half the size of JSON for embeddings, and fields can be added later.
macro_rules! sealed_as_cbor {
    ($($content:ty),+ $(,)?) => {$(
        impl Sealable for $content {
            fn to_plain(&self) -> Zeroizing<Vec<u8>> {
                to_cbor(self)
            }

            fn from_plain(plain: &[u8]) -> Option<Self> {
                from_cbor(plain)
            }
        }
    )+};
}
sealed_as_cbor!(TemplatePart, Challenge, AccountSecrets, DeviceBinding, KeptSession, Notice, History);

fn to_cbor(content: &impl Serialize) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::new());
    ciborium::into_writer(content, &mut *plain).expect("what is sealed has a CBOR form");
    plain
}

fn from_cbor<T: DeserializeOwned>(plain: &[u8]) -> Option<T> {
    ciborium::from_reader(plain).ok()
}

/// The fingerprint of a recording, whatever its form.
impl Sealable for Vec<u8> {
    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.clone())
    }

    fn from_plain(plain: &[u8]) -> Option<Self> {
        Some(plain.to_vec())
    }
}

/// Status (2 bytes) ‖ length of the content type (8, big endian) ‖ content type ‖ body.
impl Sealable for StoredResponse {
    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        let mut plain = Vec::with_capacity(10 + self.content_type.len() + self.body.len());
        plain.extend(self.status.to_be_bytes());
        plain.extend((self.content_type.len() as u64).to_be_bytes());
        plain.extend(self.content_type.as_bytes());
        plain.extend(&self.body);
        Zeroizing::new(plain)
    }

    fn from_plain(plain: &[u8]) -> Option<Self> {
        let (status, rest) = plain.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (content_type, body) = rest.split_at_checked(u64::from_be_bytes(*length).try_into().ok()?)?;
        Some(Self {
            status: u16::from_be_bytes(*status),
            content_type: std::str::from_utf8(content_type).ok()?.to_owned(),
            body: body.to_vec(),
        })
    }
}

impl Sealable for Secret {
    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.bytes().to_vec())
    }

    fn from_plain(plain: &[u8]) -> Option<Self> {
        Some(Self::new(plain.try_into().ok()?))
    }
}
