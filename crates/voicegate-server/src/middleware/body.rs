//! Takes the whole body in, within limits of size and time, before anything looks at it.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::gate::overloaded;
use crate::error::ApiError;
use crate::problem::Kind;
use crate::state::AppState;

/// The body, as an extension, for what needs its bytes besides the handler.
#[derive(Debug, Clone)]
pub struct Buffered {
    /// The whole body.
    pub bytes: Bytes,
    /// The memory that it takes. It is given back with the last copy: work that outlives its connection has to hold one.
    pub memory: Arc<OwnedSemaphorePermit>,
}

/// When the request has to be answered, as an extension.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Instant);

/// Buffers the body. One that declares itself too large, or for which there is no memory left, is refused before a byte of
/// it is read.
pub async fn body(State(state): State<AppState>, request: Request, next: Next) -> Result<Response, ApiError> {
    let limit = state.settings.max_body_bytes;
    let declared = request.body().size_hint();
    if declared.lower() > limit as u64 {
        return Err(too_large(limit));
    }
    // A body that does not say how large it is may become as large as one can be.
    let most = declared.upper().map_or(limit, |bytes| limit.min(usize::try_from(bytes).unwrap_or(limit)));
    let kib = u32::try_from(most.div_ceil(1024)).unwrap_or(u32::MAX);
    let Ok(permit) = state.memory.clone().try_acquire_many_owned(kib) else {
        state.metrics.overloaded();
        return Err(overloaded());
    };
    let deadline = Instant::now() + state.request_timeout();
    let (mut parts, body) = request.into_parts();
    let bytes = match timeout_at(deadline, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large(limit)),
        Ok(Err(_)) => return Err(ApiError::new(Kind::InvalidRequest, "The body broke off.")),
        Err(_) => {
            let seconds = state.settings.request_timeout_s;
            return Err(ApiError::new(
                Kind::RequestTimeout,
                format!("The body did not arrive within {seconds} seconds."),
            ));
        }
    };
    let memory = Arc::new(permit);
    parts.extensions.insert(Buffered { bytes: bytes.clone(), memory: memory.clone() });
    parts.extensions.insert(Deadline(deadline));
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    drop(memory);
    Ok(response)
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        Kind::BodyTooLarge,
        format!(
            "The body is larger than {limit} bytes; send fewer or shorter recordings, or a compressed format."
        ),
    )
}
