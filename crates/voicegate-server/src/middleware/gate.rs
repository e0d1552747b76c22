//! Refuses at the door what would only wait: a quick "busy" is better than a slow time-out.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use crate::error::ApiError;
use crate::problem::Kind;
use crate::state::AppState;

/// The permit of a request, as an extension. It is given back with the last copy: work that outlives its connection
/// has to hold one.
#[derive(Debug, Clone)]
pub struct Admitted(#[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>);

/// Lets the request in if a permit is free.
pub async fn gate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let Ok(permit) = state.gate.clone().try_acquire_owned() else {
        state.metrics.overloaded();
        return overloaded().into_response();
    };
    let admitted = Admitted(Arc::new(permit));
    request.extensions_mut().insert(admitted.clone());
    let response = next.run(request).await;
    drop(admitted);
    response
}

/// Come back later.
pub(super) fn overloaded() -> ApiError {
    ApiError::new(Kind::Overloaded, "The server is busy; try again in a moment.").retry_after(1)
}
