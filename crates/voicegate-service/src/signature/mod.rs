//! Requests signed by a device (HTTP Message Signatures, RFC 9421), as one narrow profile of it.
//!
//! | part | what is taken |
//! |---|---|
//! | covered components | `@method`, `@target-uri` and `content-digest`, each once, without parameters, in any order |
//! | parameters | `created`, `nonce`, `keyid` (a device id), `alg="ecdsa-p256-sha256"`, `tag="voicegate"`, and no others |
//! | content | `Content-Digest` (RFC 9530) with `sha-256`; other digests beside it are ignored |
//! | signature | 64 bytes r‖s over the P-256 curve with SHA-256 (RFC 9421 section 3.3.4) |
//!
//! Signatures with other tags, such as a proxy's, are left alone. [`parse`] reads what a request claims, [`verify`] holds
//! it against a key. Whether the nonce is live, and that it is used once, is for the use case to see.

mod base;
mod fields;
mod parse;
pub mod public_key;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

pub use parse::parse;
pub use verify::{Window, verify, verify_decoy};

/// The tag of signatures that are meant for this program.
pub const TAG: &str = "voicegate";
/// The one algorithm, by its name in the registry of RFC 9421.
pub const ALGORITHM: &str = "ecdsa-p256-sha256";

/// What of a request a signature can speak of. Each header is its lines joined by `, ` (RFC 9110 section 5.3).
#[derive(Debug, Clone)]
pub struct SignedRequest {
    /// The method as it was sent, e.g. `POST`.
    pub method: String,
    /// The address as the client wrote it: scheme, authority, path and query (RFC 9421 section 2.2.2).
    pub target_uri: String,
    /// SHA-256 of the body as it was received.
    pub body_digest: [u8; 32],
    /// The header `Content-Digest`.
    pub content_digest: Option<String>,
    /// The header `Signature-Input`.
    pub signature_input: Option<String>,
    /// The header `Signature`.
    pub signature: Option<String>,
}

/// What a signed request claims. Nothing of it is proven before [`verify`], except that the body has the digest that is
/// covered.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// Name of the signature among those of the request.
    pub label: String,
    /// The device that says it signed.
    pub device: Uuid,
    /// What makes the request unique; 1 to [`MAX_NONCE`](Self::MAX_NONCE) characters.
    pub nonce: String,
    /// When it was signed, to the second, by the clock of the device.
    pub created: Timestamp,
    /// The bytes that are signed (RFC 9421 section 2.5).
    pub base: Vec<u8>,
    /// r‖s, big-endian, 32 bytes each.
    pub signature: [u8; 64],
}

impl Claim {
    /// Longest nonce in characters.
    pub const MAX_NONCE: usize = 128;
}

impl fmt::Debug for Claim {
    /// The base names the path, which may name a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("device", &self.device)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

/// Why a signature is not taken. No message quotes what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header that belongs to a signature is not there.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header, or the part of the request that is named, is not written as it has to be.
    #[error("{0} cannot be read")]
    Malformed(&'static str),
    /// A key comes twice in a header. Structured fields let the last one win; who signs has no reason to leave that open.
    #[error("the header {0} says one thing twice")]
    Duplicate(&'static str),
    /// Of the signatures, none has the tag.
    #[error("no signature has the tag \"voicegate\"")]
    WrongTag,
    /// Of the signatures, several have the tag.
    #[error("several signatures have the tag \"voicegate\"")]
    SeveralSignatures,
    /// A component that has to be covered is not.
    #[error("the signature does not cover {0}")]
    MissingComponent(&'static str),
    /// A component is covered twice.
    #[error("the signature covers {0} twice")]
    RepeatedComponent(&'static str),
    /// Something else is covered, or a component has parameters.
    #[error("the signature covers something other than @method, @target-uri and content-digest")]
    UnknownComponent,
    /// A parameter that has to be there is not.
    #[error("the signature has no parameter {0}")]
    MissingParameter(&'static str),
    /// A parameter is not what it has to be.
    #[error("the signature's parameter {0} is malformed")]
    MalformedParameter(&'static str),
    /// There is a parameter that nobody here would heed.
    #[error("the signature has a parameter other than created, nonce, keyid, alg and tag")]
    UnknownParameter,
    /// The algorithm is another one.
    #[error("the signature's algorithm is not ecdsa-p256-sha256")]
    UnknownAlgorithm,
    /// The body is not the one that was signed.
    #[error("Content-Digest is not the SHA-256 of the body")]
    DigestMismatch,
    /// It was signed too long ago.
    #[error("the signature is too old, or the clock of the device is slow")]
    TooOld,
    /// It was signed after it arrived.
    #[error("the signature is from the future: the clock of the device is fast")]
    FromTheFuture,
    /// The device's key did not sign this.
    #[error("the signature does not hold")]
    Mismatch,
}
