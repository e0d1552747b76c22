//! `POST /api/v1/voice/auth/devices/{id}/revoke`

use axum::Extension;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::device::{DeviceId, RevocationReason};
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::device::DeviceView;

use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// Why a device is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceRevocation {
    /// Whose it is; only with an API key.
    #[schema(value_type = Option<wire::person::UserId>)]
    user_id: Option<PersonId>,
    /// Why.
    #[schema(value_type = wire::device::RevocationReason)]
    reason: RevocationReason,
}

/// Revoke a device
///
/// Its signature counts no longer, and the sessions that began with it end. It needs no signature, as the device may be
/// gone. The device stays in the list and can be bound again; one that was `compromised` takes the password for that.
#[utoipa::path(
    post,
    path = "/api/v1/voice/auth/devices/{id}/revoke",
    tag = "devices",
    params(("id" = Uuid, Path, description = "Which.")),
    request_body(content = DeviceRevocation, example = json!({"reason": "lost"})),
    responses(
        (status = 200, body = wire::device::Device, description = "The device is revoked."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The person has no such device."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It was revoked already, or changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn device_revoke(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    Path(id): Path<Uuid>,
    Json(body): Json<DeviceRevocation>,
) -> Result<axum::Json<DeviceView>, ApiError> {
    let person = who.person(body.user_id)?;
    Ok(axum::Json(service.revoke_device(&person, DeviceId(id), body.reason, &caller).await?))
}
