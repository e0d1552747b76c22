//! What a signed request claims.

use jiff::Timestamp;
use sfv::{BareItem, Dictionary, InnerList, Item, ListEntry, Parameters};
use uuid::Uuid;

use super::base::base;
use super::fields::dictionary;
use super::{ALGORITHM, Claim, SignatureError, SignedRequest, TAG};

const SIGNATURE_INPUT: &str = "Signature-Input";
const SIGNATURE: &str = "Signature";
const CONTENT_DIGEST: &str = "Content-Digest";

/// What has to be covered; nothing else may be.
const COMPONENTS: [&str; 3] = ["@method", "@target-uri", "content-digest"];

/// Reads the signature that is meant for this program; `None` if the request has no signature at all.
///
/// # Errors
/// For a signature outside the [profile](super), and when the body does not have the digest that is covered.
pub fn parse(request: &SignedRequest) -> Result<Option<Claim>, SignatureError> {
    let (input, signature) = match (&request.signature_input, &request.signature) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(SignatureError::MissingHeader(SIGNATURE_INPUT)),
        (Some(_), None) => return Err(SignatureError::MissingHeader(SIGNATURE)),
        (Some(input), Some(signature)) => (input, signature),
    };
    let inputs = dictionary(SIGNATURE_INPUT, input)?;
    let (label, input) = ours(&inputs)?;
    covered(input)?;
    let Signer { device, nonce, created } = signer(&input.params)?;
    let signatures = dictionary(SIGNATURE, signature)?;
    let signature = bytes(&signatures, label).ok_or(SignatureError::Malformed(SIGNATURE))?;
    let content_digest =
        request.content_digest.as_deref().ok_or(SignatureError::MissingHeader(CONTENT_DIGEST))?.trim();
    let digests = dictionary(CONTENT_DIGEST, content_digest)?;
    let digest: [u8; 32] = bytes(&digests, "sha-256").ok_or(SignatureError::Malformed(CONTENT_DIGEST))?;
    if digest != request.body_digest {
        return Err(SignatureError::DigestMismatch);
    }
    let value_of = |name: &str| match name {
        "@method" => Some(request.method.as_str()),
        "@target-uri" => Some(request.target_uri.as_str()),
        "content-digest" => Some(content_digest),
        _ => None,
    };
    let base = base(input, value_of)
        .ok_or(SignatureError::Malformed("the method, the address or Content-Digest"))?;
    Ok(Some(Claim { label: label.to_owned(), device, nonce, created, base, signature }))
}

/// The one signature with our tag, under its label.
fn ours(inputs: &Dictionary) -> Result<(&str, &InnerList), SignatureError> {
    let mut ours = None;
    for (label, entry) in inputs {
        let ListEntry::InnerList(input) = entry else {
            return Err(SignatureError::Malformed(SIGNATURE_INPUT));
        };
        if text(&input.params, "tag") != Some(TAG) {
            continue;
        }
        if ours.replace((label.as_str(), input)).is_some() {
            return Err(SignatureError::SeveralSignatures);
        }
    }
    ours.ok_or(SignatureError::WrongTag)
}

/// Whether each component is covered once and nothing else is.
fn covered(input: &InnerList) -> Result<(), SignatureError> {
    let name = |item: &Item| {
        let name = item.bare_item.as_string().filter(|_| item.params.is_empty())?;
        COMPONENTS.into_iter().find(|component| *component == name.as_str())
    };
    let names: Option<Vec<&str>> = input.items.iter().map(name).collect();
    let names = names.ok_or(SignatureError::UnknownComponent)?;
    for component in COMPONENTS {
        match names.iter().filter(|name| **name == component).count() {
            0 => return Err(SignatureError::MissingComponent(component)),
            1 => {}
            _ => return Err(SignatureError::RepeatedComponent(component)),
        }
    }
    Ok(())
}

struct Signer {
    device: Uuid,
    nonce: String,
    created: Timestamp,
}

/// Who signed, what, and when.
fn signer(params: &Parameters) -> Result<Signer, SignatureError> {
    let named = ["created", "nonce", "keyid", "alg", "tag"];
    for name in named {
        if !params.contains_key(name) {
            return Err(SignatureError::MissingParameter(name));
        }
    }
    if params.len() > named.len() {
        return Err(SignatureError::UnknownParameter);
    }
    if text(params, "alg") != Some(ALGORITHM) {
        return Err(SignatureError::UnknownAlgorithm);
    }
    let created = params.get("created").and_then(BareItem::as_integer).map(i64::from);
    let created = created.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let nonce = text(params, "nonce").filter(|nonce| (1..=Claim::MAX_NONCE).contains(&nonce.len()));
    // One spelling for one device.
    let device = text(params, "keyid").and_then(|id| id.parse().ok().filter(|d: &Uuid| d.to_string() == id));
    Ok(Signer {
        device: device.ok_or(SignatureError::MalformedParameter("keyid"))?,
        nonce: nonce.ok_or(SignatureError::MalformedParameter("nonce"))?.to_owned(),
        created: created.ok_or(SignatureError::MalformedParameter("created"))?,
    })
}

fn text<'a>(params: &'a Parameters, name: &str) -> Option<&'a str> {
    params.get(name)?.as_string().map(|text| text.as_str())
}

/// The byte sequence of exactly `N` bytes under `key`.
fn bytes<const N: usize>(dictionary: &Dictionary, key: &str) -> Option<[u8; N]> {
    match dictionary.get(key)? {
        ListEntry::Item(item) => item.bare_item.as_byte_sequence()?.try_into().ok(),
        ListEntry::InnerList(_) => None,
    }
}
