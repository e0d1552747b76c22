//! `GET /api/v1/voice/models/{id}/health`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use voicegate_service::Service;

use crate::error::ApiError;
use crate::extract::Path;
use crate::openapi::Protected;
use crate::problem::{Kind, Problem};
use crate::wire;

/// How one model is
#[utoipa::path(
    get,
    path = "/api/v1/voice/models/{id}/health",
    tag = "models",
    params(("id" = String, Path, description = "Its name in the registry.")),
    responses(
        (status = 200, body = wire::models::Model, description = "How it is."),
        Protected,
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such model."),
    ),
    security(("bearer" = ["read-config"]), ("api_key" = ["read-config"])),
)]
pub async fn model_health(
    State(service): State<Service>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let model = service.models().health().iter().find(|model| model.id.to_string() == id);
    let model =
        model.ok_or_else(|| ApiError::new(Kind::NotFound, "There is no such model in the registry."))?;
    Ok(Json(model).into_response())
}
