//! No request waits for ever.

use axum::extract::{Extension, Request};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::timeout_at;

use super::body::Deadline;
use crate::error::ApiError;
use crate::problem::Kind;

/// Gives up at the deadline. Work under an idempotency key goes on, and its answer waits for the repetition.
pub async fn timeout(
    Extension(Deadline(deadline)): Extension<Deadline>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    timeout_at(deadline, next.run(request)).await.map_err(|_| gave_up())
}

/// The time is up.
pub(super) fn gave_up() -> ApiError {
    tracing::warn!("the request was not finished within the time limit");
    ApiError::new(Kind::Timeout, "The request was not finished within the time limit; try again later.")
        .retry_after(5)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tokio::time::Instant;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn work_past_the_deadline_is_given_up() {
        let router: Router = Router::new()
            .route("/", get(std::future::pending::<()>))
            .layer(from_fn(timeout))
            .layer(Extension(Deadline(Instant::now())));
        let response = router.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
    }
}
