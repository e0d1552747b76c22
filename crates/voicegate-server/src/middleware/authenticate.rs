//! Who asks, and may they? Answered before the body is read.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use voicegate_core::access::{Scope, permits};
use voicegate_service::Service;
use voicegate_service::ports::Actor;
use voicegate_service::usecase::Caller;

use super::request_id::RequestId;
use crate::error::ApiError;

/// Lets the holder of a key with `scope` through, and tells the handler who it is ([`Caller`] as an extension).
pub async fn authenticate(
    State((service, scope)): State<(Service, Scope)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let secret = secret(request.headers())?;
    let Some(key) = service.authenticate(secret).await? else {
        return Err(ApiError::unauthenticated(
            "The API key is unknown, expired or revoked.",
            r#"Bearer realm="voicegate", error="invalid_token""#,
        ));
    };
    if !permits(&key.scopes, scope) {
        return Err(ApiError::forbidden(scope));
    }
    let request_id = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
    request.extensions_mut().insert(Caller { actor: Actor::ApiKey(key.id), request_id });
    Ok(next.run(request).await)
}

/// The one key in the headers. Two different ways at once are refused: it would be unclear who asks.
fn secret(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut keys = headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .map(|value| bearer(value.to_str().ok()?))
        .chain(headers.get_all("x-api-key").iter().map(|value| Some(value.to_str().ok()?.trim())));
    match (keys.next(), keys.next()) {
        (Some(Some(key)), None) => Ok(key),
        (Some(_), Some(_)) => Err(refuse("Send one API key, not several.")),
        (Some(None), None) => Err(refuse("The Authorization header is not of the form 'Bearer vg_…'.")),
        (None, _) => Err(refuse("Send an API key: 'Authorization: Bearer vg_…' or 'X-API-Key: vg_…'.")),
    }
}

fn refuse(detail: &str) -> ApiError {
    ApiError::unauthenticated(detail, r#"Bearer realm="voicegate""#)
}

/// The token of a `Bearer` header (RFC 6750); the scheme's case does not matter.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
