//! Who asks, and may they? Answered before the body is read.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use voicegate_core::access::{Scope, permits};
use voicegate_service::Service;
use voicegate_service::ports::Actor;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::session::SessionToken;

use super::request_id::RequestId;
use crate::error::ApiError;
use crate::who::Who;

/// Whom a route lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Holders of an API key with the scope.
    Key(Scope),
    /// The same, and people in a session of their own, for themselves.
    KeyOrSession(Scope),
    /// The same, and people whose session does not count yet, because something more is asked for.
    KeyOrPendingSession(Scope),
    /// All of these, and people who are not logged in if `accounts.public` says so.
    KeyOrAnyone(Scope),
    /// The same, with one scope or the other.
    EitherKeyOrAnyone(Scope, Scope),
    /// People in a session of their own.
    SessionOnly,
    /// The same, and people whose session does not count yet.
    PendingSessionOnly,
}

impl Guard {
    /// The scopes of which a key needs one; `None` where keys are not taken.
    fn scopes(self) -> Option<(Scope, Option<Scope>)> {
        match self {
            Self::Key(scope)
            | Self::KeyOrSession(scope)
            | Self::KeyOrPendingSession(scope)
            | Self::KeyOrAnyone(scope) => Some((scope, None)),
            Self::EitherKeyOrAnyone(scope, other) => Some((scope, Some(other))),
            Self::SessionOnly | Self::PendingSessionOnly => None,
        }
    }

    fn is_public(self) -> bool {
        matches!(self, Self::KeyOrAnyone(_) | Self::EitherKeyOrAnyone(..))
    }
}

/// Lets those through whom the route is for, and tells the handler who it is ([`Caller`] and [`Who`] as extensions).
pub async fn authenticate(
    State((service, guard)): State<(Service, Guard)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let request_id = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
    let (actor, who) = match offered(request.headers())? {
        None if guard.is_public() && service.config().current().accounts.public => {
            (Actor::Public, Who::Anybody)
        }
        None => return Err(nothing()),
        Some(token) if SessionToken::is_form_of(token) => {
            let session = service.authenticate_session(token, request_id.clone()).await?;
            let session = session.ok_or_else(|| invalid("The session has ended, or there never was one."))?;
            match guard {
                Guard::Key(scope) => return Err(ApiError::forbidden(scope)),
                Guard::KeyOrSession(_) | Guard::SessionOnly if session.content.step_up.is_some() => {
                    return Err(ApiError::step_up_needed());
                }
                _ => (Actor::Session(session.id), Who::Session(session.into())),
            }
        }
        Some(key) => {
            let key = service.authenticate(key).await?;
            let key = key.ok_or_else(|| invalid("The API key is unknown, expired or revoked."))?;
            match guard.scopes() {
                Some((scope, other)) => {
                    let may = |scope| permits(&key.scopes, scope);
                    if !may(scope) && !other.is_some_and(may) {
                        return Err(ApiError::forbidden(scope));
                    }
                    (Actor::ApiKey(key.id), Who::Key)
                }
                None => return Err(ApiError::people_only()),
            }
        }
    };
    request.extensions_mut().insert(Caller { actor, request_id });
    request.extensions_mut().insert(who);
    Ok(next.run(request).await)
}

/// The one key or token in the headers, if there is any. Two different ways at once are refused: it would be unclear who
/// asks.
fn offered(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut keys = headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .map(|value| bearer(value.to_str().ok()?))
        .chain(headers.get_all("x-api-key").iter().map(|value| Some(value.to_str().ok()?.trim())));
    match (keys.next(), keys.next()) {
        (Some(Some(key)), None) => Ok(Some(key)),
        (Some(_), Some(_)) => Err(refuse("Send one API key or session token, not several.")),
        (Some(None), None) => Err(refuse("The Authorization header is not of the form 'Bearer vg_…'.")),
        (None, _) => Ok(None),
    }
}

/// The one key in the headers.
pub(crate) fn secret(headers: &HeaderMap) -> Result<&str, ApiError> {
    offered(headers)?.ok_or_else(nothing)
}

fn nothing() -> ApiError {
    refuse(
        "Send an API key, 'Authorization: Bearer vg_…' or 'X-API-Key: vg_…', or a session token, 'Authorization: Bearer vgs_…', whichever this path takes.",
    )
}

fn invalid(detail: &str) -> ApiError {
    ApiError::unauthenticated(detail, r#"Bearer realm="voicegate", error="invalid_token""#)
}

fn refuse(detail: &str) -> ApiError {
    ApiError::unauthenticated(detail, r#"Bearer realm="voicegate""#)
}

/// The token of a `Bearer` header (RFC 6750); the scheme's case does not matter.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
