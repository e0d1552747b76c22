//! What can be sealed, as bytes.

use voicegate_core::Template;
use zeroize::Zeroizing;

use super::Secret;

/// Something that has a form to be sealed in.
pub trait Sealable: Sized {
    /// The bytes to encrypt.
    fn to_plain(&self) -> Zeroizing<Vec<u8>>;

    /// The value that [`Self::to_plain`] gave `plain` for.
    fn from_plain(plain: &[u8]) -> Option<Self>;
}

/// A template is CBOR (RFC 8949): half the size of JSON for embeddings, and fields can be added later.
impl Sealable for Template {
    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        let mut plain = Zeroizing::new(Vec::new());
        ciborium::into_writer(self, &mut *plain).expect("a template has a CBOR form");
        plain
    }

    fn from_plain(plain: &[u8]) -> Option<Self> {
        ciborium::from_reader(plain).ok()
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
