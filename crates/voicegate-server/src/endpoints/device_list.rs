//! `GET /api/v1/voice/auth/devices`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::device::DeviceView;

use crate::error::ApiError;
use crate::extract::Query;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// Parameters after the question mark.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Whose; only with an API key.
    #[param(value_type = Option<wire::person::UserId>)]
    user_id: Option<PersonId>,
}

/// List devices
///
/// The devices of a person, revoked ones included, the oldest first. Of `voice_signature_vector` only the models are told:
/// the vector itself never leaves the server.
#[utoipa::path(
    get,
    path = "/api/v1/voice/auth/devices",
    tag = "devices",
    params(Parameters),
    responses(
        (status = 200, body = Vec<wire::device::Device>, description = "The devices."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter is wrong."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn device_list(
    State(service): State<Service>,
    Extension(who): Extension<Who>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<DeviceView>>, ApiError> {
    Ok(Json(service.devices(&who.person(parameters.user_id)?).await?))
}
