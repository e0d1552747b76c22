//! `PATCH /api/v1/voice/auth/devices/{id}`

use axum::Extension;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::device::{DeviceId, DeviceName};
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::device::DeviceView;

use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// What a device is called.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceRenaming {
    /// Whose it is; only with an API key.
    #[schema(value_type = Option<wire::person::UserId>)]
    user_id: Option<PersonId>,
    /// What it shall be called.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    device_name: DeviceName,
}

/// Rename a device
#[utoipa::path(
    patch,
    path = "/api/v1/voice/auth/devices/{id}",
    tag = "devices",
    params(("id" = Uuid, Path, description = "Which.")),
    request_body(content = DeviceRenaming, example = json!({"device_name": "Zoë's old phone"})),
    responses(
        (status = 200, body = wire::device::Device, description = "The device."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The person has no such device."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The device was changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn device_rename(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    Path(id): Path<Uuid>,
    Json(body): Json<DeviceRenaming>,
) -> Result<axum::Json<DeviceView>, ApiError> {
    let person = who.person(body.user_id)?;
    Ok(axum::Json(service.rename_device(&person, DeviceId(id), body.device_name, &caller).await?))
}
