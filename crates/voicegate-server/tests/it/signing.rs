//! A device that signs its requests (RFC 9421), as a client would.

use axum::http::{HeaderName, HeaderValue};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The key of a device, and the id under which the server knows it.
#[derive(Clone)]
pub(crate) struct Signer {
    key: SigningKey,
    pub(crate) device: Uuid,
}

impl Signer {
    /// A device with a new key.
    pub(crate) fn new(device: Uuid) -> Self {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).unwrap();
        Self { key: SigningKey::from_slice(&secret).unwrap(), device }
    }

    /// The same key under another id.
    pub(crate) fn with_id(&self, device: Uuid) -> Self {
        Self { device, ..self.clone() }
    }

    /// The public key as a JSON Web Key, as `crypto.subtle.exportKey` writes it.
    pub(crate) fn jwk(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let bytes = point.as_bytes();
        json!({
            "kty": "EC", "crv": "P-256", "x": coordinate(&bytes[1..33]), "y": coordinate(&bytes[33..]),
            "ext": true, "key_ops": ["verify"],
        })
    }

    /// The headers that sign a request: `Content-Digest`, `Signature-Input`, `Signature`. `target_uri` has scheme and host.
    pub(crate) fn sign(
        &self,
        method: &str,
        target_uri: &str,
        body: &[u8],
        nonce: &str,
        created: Timestamp,
    ) -> [(HeaderName, HeaderValue); 3] {
        let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(body)));
        let params = format!(
            r#"("@method" "@target-uri" "content-digest");created={};nonce="{nonce}";keyid="{}";alg="ecdsa-p256-sha256";tag="voicegate""#,
            created.as_second(),
            self.device
        );
        let base = format!(
            "\"@method\": {method}\n\"@target-uri\": {target_uri}\n\"content-digest\": {digest}\n\"@signature-params\": {params}"
        );
        let signature: Signature = self.key.sign(base.as_bytes());
        let signature = BASE64_STANDARD.encode(signature.to_bytes());
        [
            ("content-digest", digest),
            ("signature-input", format!("voicegate={params}")),
            ("signature", format!("voicegate=:{signature}:")),
        ]
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::try_from(value).unwrap()))
    }
}
