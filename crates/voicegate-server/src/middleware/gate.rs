//! Refuses at the door what would only wait: a quick "busy" is better than a slow time-out.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::problem::Kind;
use crate::state::AppState;

/// Lets the request in if a permit is free.
pub async fn gate(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Ok(_permit) = state.gate.try_acquire() else {
        state.metrics.overloaded();
        return overloaded().into_response();
    };
    next.run(request).await
}

/// Come back later.
pub(super) fn overloaded() -> ApiError {
    ApiError::new(Kind::Overloaded, "The server is busy; try again in a moment.").retry_after(1)
}
