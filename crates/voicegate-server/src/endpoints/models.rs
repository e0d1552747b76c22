//! `GET /api/v1/voice/models`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use voicegate_service::Service;

use crate::openapi::Protected;
use crate::wire;

/// List the models
///
/// Every model in the registry with what became of it at start.
#[utoipa::path(
    get,
    path = "/api/v1/voice/models",
    tag = "models",
    responses((status = 200, body = Vec<wire::models::Model>, description = "Every listed model."), Protected),
    security(("bearer" = ["read-config"]), ("api_key" = ["read-config"])),
)]
pub async fn models(State(service): State<Service>) -> Response {
    Json(service.models().health()).into_response()
}
