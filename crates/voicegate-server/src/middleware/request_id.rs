//! Gives every request an id, and puts it into the answer.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use voicegate_service::Service;

use crate::problem::with_request_id;

/// Carries the id both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken over from a caller.
const MAX_LENGTH: usize = 128;

/// The id of this request, as an extension.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Takes over the caller's id if it is harmless in a log line, and makes one otherwise. Everything logged on the way
/// carries it.
pub async fn request_id(State(service): State<Service>, mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(|| service.new_id().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id);
    let mut response = with_request_id(next.run(request).instrument(span).await, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let sane = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    ((1..=MAX_LENGTH).contains(&id.len()) && id.chars().all(sane)).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        let take = |value: &[u8]| {
            given(&HeaderMap::from_iter([(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap())]))
        };
        assert_eq!(take(b"018f-ab_C.9").as_deref(), Some("018f-ab_C.9"));
        for bad in [&b""[..], b"a b", b"a\"b", b"a;b", b"\xc3\xa9", &[b'x'; MAX_LENGTH + 1]] {
            assert_eq!(take(bad), None, "{bad:?}");
        }
    }
}
