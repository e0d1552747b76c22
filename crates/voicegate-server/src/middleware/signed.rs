//! Requests signed by a device (RFC 9421): what they claim, for the handler to have proven.

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use voicegate_service::signature::{Claim, SignatureError, SignedRequest, parse};

use super::body::Buffered;
use crate::error::ApiError;
use crate::state::AppState;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// What the request claims by a signature, as an extension; nothing, if it has none. The claim is not proven: only the
/// digest of the body was looked at.
#[derive(Debug, Clone)]
pub struct Signed(pub Option<Claim>);

/// Reads the signature, over the body as it was sent. Stands inside of [`mod@super::body`]. A signature that is not in the
/// profile is refused: who signs means to be held to it.
pub async fn signed(
    State(state): State<AppState>,
    Extension(Buffered { bytes, .. }): Extension<Buffered>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let headers = request.headers();
    let claim = if headers.contains_key(SIGNATURE_INPUT) || headers.contains_key(SIGNATURE) {
        let public_url = state.settings.public_url.as_deref();
        parse(&SignedRequest {
            method: request.method().as_str().to_owned(),
            target_uri: target_uri(public_url, request.uri(), headers)?,
            body_digest: Sha256::digest(&bytes).into(),
            content_digest: joined(headers, &CONTENT_DIGEST, "Content-Digest")?,
            signature_input: joined(headers, &SIGNATURE_INPUT, "Signature-Input")?,
            signature: joined(headers, &SIGNATURE, "Signature")?,
        })?
    } else {
        None
    };
    drop(bytes);
    request.extensions_mut().insert(Signed(claim));
    Ok(next.run(request).await)
}

/// The address that the client asked for. Behind a proxy neither scheme nor path need be what arrives, so `public_url`
/// stands in for all before the path; without it, it is what the client itself says.
fn target_uri(public_url: Option<&str>, uri: &Uri, headers: &HeaderMap) -> Result<String, SignatureError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if let Some(url) = public_url {
        return Ok(format!("{url}{path}"));
    }
    // An address in the request line goes before the header (RFC 9112 section 3.2.2).
    if let Some(authority) = uri.authority() {
        return Ok(format!("http://{authority}{path}"));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => {
            let host = host.to_str().map_err(|_| SignatureError::Malformed("Host"))?;
            Ok(format!("http://{host}{path}"))
        }
        (None, _) => Err(SignatureError::MissingHeader("Host")),
        (Some(_), Some(_)) => Err(SignatureError::Duplicate("Host")),
    }
}

/// The lines of a header as one (RFC 9110 section 5.3).
fn joined(
    headers: &HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<Option<String>, SignatureError> {
    let lines = headers.get_all(name).iter().map(|line| line.to_str().map(str::trim));
    let lines: Vec<&str> = lines.collect::<Result<_, _>>().map_err(|_| SignatureError::Malformed(shown))?;
    Ok((!lines.is_empty()).then(|| lines.join(", ")))
}
