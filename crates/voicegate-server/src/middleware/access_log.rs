//! One line and one count per request: route template, status, time. Never a path (it holds names), a body or a key.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::metrics::Metrics;

/// Logs and counts the request once it is answered.
pub async fn access_log(
    State(metrics): State<Metrics>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let response = next.run(request).await;
    let (elapsed, status) = (start.elapsed(), response.status());
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    metrics.request(&method, route, status, elapsed);
    let ms = elapsed.as_secs_f64() * 1e3;
    tracing::info!(target: "voicegate::access", %method, route, status = status.as_u16(), ms, "answered");
    response
}
