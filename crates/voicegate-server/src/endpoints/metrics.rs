//! `GET /metrics`

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};

use crate::openapi::Protected;
use crate::state::AppState;

/// Counters for Prometheus
///
/// In the text format. Counts and times, never names; but a count that moves with one attempt would tell a stranger who is
/// here, so it takes an API key (Prometheus: `authorization: credentials`). Can be switched off (`server.metrics`).
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses(
        (status = 200, body = String, content_type = "text/plain", description = "The counters."),
        Protected,
    ),
    security(("bearer" = ["read-config"]), ("api_key" = ["read-config"])),
)]
pub async fn metrics(State(state): State<AppState>) -> ([(HeaderName, &'static str); 1], String) {
    let in_flight = state.settings.max_concurrent_requests.saturating_sub(state.gate.available_permits());
    let waiting = state.service.models().speakers().map_or(0, |speakers| speakers.waiting());
    let text = state.metrics.render(in_flight, waiting);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
