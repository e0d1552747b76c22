//! Writes that are safe to repeat (the `Idempotency-Key` header).
//!
//! The first request with a key reserves it, does its work and has its answer remembered; a repetition gets that answer.
//! The work runs in a task of its own: a caller who loses the connection, or patience, and repeats the request gets the
//! answer of the first one instead of a second effect. Failures of the server (5xx) are not remembered. An answer that
//! speaks of a person ([`About`]) is erased with the person.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use tracing::Instrument;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::ports::{IdempotencyKey, Idempotent, StoredResponse};
use voicegate_service::usecase::Caller;

use super::body::Buffered;
use super::gate::Admitted;
use crate::error::ApiError;
use crate::problem::{Kind, with_request_id};
use crate::state::AppState;
use crate::sweep::oldest;

/// Names the request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Longest key in characters.
const MAX_LENGTH: usize = 255;
/// Work under a key may take this many times the request time limit before it is given up; after that and a
/// little more, nobody can be working on it any more.
const PATIENCE: u32 = 2;
const SLACK: Duration = Duration::from_secs(5);

/// Whom an answer speaks of, as an extension of the response.
#[derive(Debug, Clone)]
pub struct About(pub PersonId);

/// Runs a write once per key.
pub async fn idempotency(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Extension(admitted): Extension<Admitted>,
    Extension(Buffered { bytes, memory }): Extension<Buffered>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let Some(key) = given(request.headers())? else { return Ok(next.run(request).await) };
    let key = IdempotencyKey {
        actor: caller.actor,
        key,
        fingerprint: fingerprint(request.method(), request.uri(), request.headers(), &bytes),
        attempt: state.service.new_id(),
    };
    drop(bytes);
    let work = async move {
        let response = once(state, key, caller.request_id, request, next).await;
        // A caller who goes away frees neither the place nor the memory while the work goes on.
        drop((admitted, memory));
        response
    };
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|error| Err(ApiError::internal(&error)))
}

/// Refuses a key where an answer may not be remembered: a client that sends one counts on what it does not get.
pub async fn unrepeatable(request: Request, next: Next) -> Result<Response, ApiError> {
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        return Err(ApiError::field(
            IDEMPOTENCY_KEY.as_str(),
            "Idempotency-Key: the answer to this request is never remembered; send the request without a key.",
        ));
    }
    Ok(next.run(request).await)
}

async fn once(
    state: AppState,
    key: IdempotencyKey,
    request_id: Option<String>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let patience = state.request_timeout() * PATIENCE;
    let now = state.service.now();
    let oldest = oldest(now, state.settings.idempotency_hours);
    let stale = now - SignedDuration::try_from(patience + SLACK).unwrap_or(SignedDuration::MAX);
    match state.service.store().reserve(&key, now, oldest, stale).await? {
        Idempotent::Done(stored) => Ok(replay(stored)),
        Idempotent::Erased => Err(ApiError::new(
            Kind::ProfileRevoked,
            "This was answered before, and the answer was erased when the voice profile was revoked; nothing was done again.",
        )),
        Idempotent::Mismatch => Err(ApiError::new(
            Kind::IdempotencyMismatch,
            "This idempotency key was used with another request; use a new key for a new request.",
        )),
        Idempotent::InFlight => Err(ApiError::new(
            Kind::IdempotencyInFlight,
            "A request with this idempotency key is still being worked on; repeat it in a moment to get its answer.",
        )
        .retry_after(1)),
        Idempotent::New => {
            let response = match tokio::time::timeout(patience, next.run(request)).await {
                Ok(response) => response,
                Err(_) => super::timeout::gave_up().into_response(),
            };
            remember(&state.service, &key, response, request_id).await
        }
    }
}

/// The key in the headers.
fn given(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let refuse = |why: &str| ApiError::field(IDEMPOTENCY_KEY.as_str(), format!("Idempotency-Key: {why}."));
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(refuse("sent more than once"));
    }
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    if !visible || !(1..=MAX_LENGTH).contains(&key.len()) {
        return Err(refuse("1 to 255 visible ASCII characters"));
    }
    Ok(key.to_str().ok().map(str::to_owned))
}

/// SHA-256 of method, path, query and body. A multipart boundary is random and new in each repetition, so it is left out.
fn fingerprint(method: &Method, uri: &axum::http::Uri, headers: &HeaderMap, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [method.as_str(), uri.path(), uri.query().unwrap_or_default()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    match boundary(headers) {
        Some(boundary) => {
            let mut rest = body;
            for at in memchr::memmem::find_iter(body, boundary) {
                let start = body.len() - rest.len();
                let piece = &body[start..at];
                hash.update((piece.len() as u64).to_be_bytes());
                hash.update(piece);
                rest = &body[at + boundary.len()..];
            }
            hash.update((rest.len() as u64).to_be_bytes());
            hash.update(rest);
        }
        None => hash.update(body),
    }
    hash.finalize().into()
}

fn boundary(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = value.split_once(';')?;
    let named = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let boundary =
        named.filter(|(name, _)| name.eq_ignore_ascii_case("boundary")).map(|(_, value)| value).next()?;
    let boundary = boundary.trim_matches('"').as_bytes();
    (kind.trim().eq_ignore_ascii_case("multipart/form-data") && !boundary.is_empty()).then_some(boundary)
}

/// Stores the answer, or gives the key up if the server failed.
async fn remember(
    service: &Service,
    key: &IdempotencyKey,
    response: Response,
    request_id: Option<String>,
) -> Result<Response, ApiError> {
    if response.status().is_server_error() {
        settle(service, key, None, None).await;
        return Ok(response);
    }
    // A remembered problem names the request that met it.
    let response = with_request_id(response, &request_id.unwrap_or_default());
    let (parts, body) = response.into_parts();
    let about = parts.extensions.get::<About>().map(|About(person)| person.clone());
    let body = body.collect().await.map_err(|error| ApiError::internal(&error))?.to_bytes();
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let stored = StoredResponse {
        status: parts.status.as_u16(),
        content_type: content_type.to_owned(),
        body: body.to_vec(),
    };
    settle(service, key, Some(stored), about.as_ref()).await;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// What was done is done: if only the remembering fails, the answer still goes out.
async fn settle(
    service: &Service,
    key: &IdempotencyKey,
    response: Option<StoredResponse>,
    about: Option<&PersonId>,
) {
    if let Err(error) = service.store().settle(key, response, about).await {
        tracing::error!(%error, "the answer to an idempotency key could not be remembered");
    }
}

fn replay(stored: StoredResponse) -> Response {
    let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Body::from(stored.body)).into_response();
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::try_from(stored.content_type)
        && !content_type.is_empty()
    {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_form(boundary: &str, body: &str) -> [u8; 32] {
        let content_type =
            HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}")).unwrap();
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
        fingerprint(
            &Method::POST,
            &"/a?b".parse().unwrap(),
            &headers,
            body.replace("BOUNDARY", boundary).as_bytes(),
        )
    }

    #[test]
    fn a_form_sent_again_with_another_boundary_is_the_same_request() {
        let body = "--BOUNDARY\r\n\r\none\r\n--BOUNDARY\r\n\r\ntwo\r\n--BOUNDARY--";
        assert_eq!(of_form("first", body), of_form("\"second-one\"".trim_matches('"'), body));
        assert_ne!(of_form("first", body), of_form("first", &body.replace("two", "too")));
        assert_ne!(of_form("first", body), of_form("first", &body.replace("one\r\n--BOUNDARY", "one\r\n--")));
    }

    #[test]
    fn method_path_query_and_body_all_count() {
        let of = |method: Method, uri: &str, body: &str| {
            fingerprint(&method, &uri.parse().unwrap(), &HeaderMap::new(), body.as_bytes())
        };
        let all = [
            of(Method::POST, "/a", "x"),
            of(Method::PUT, "/a", "x"),
            of(Method::POST, "/b", "x"),
            of(Method::POST, "/a?x", ""),
            of(Method::POST, "/a", "y"),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(!all[..i].contains(one), "case {i}");
        }
    }

    #[test]
    fn keys_are_checked() {
        let take = |value: &[u8]| {
            given(&HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap())]))
                .map_err(drop)
        };
        assert_eq!(take(b"order-7"), Ok(Some("order-7".into())));
        for bad in [&b""[..], b"a b", b"\xc3\xa9", &[b'x'; MAX_LENGTH + 1]] {
            assert_eq!(take(bad), Err(()), "{bad:?}");
        }
    }
}
