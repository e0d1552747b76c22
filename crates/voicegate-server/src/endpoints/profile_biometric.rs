//! `GET /api/v1/voice/auth/profile/{user_id}/biometric`

use axum::Json;
use axum::extract::State;
use voicegate_service::Service;
use voicegate_service::usecase::profile::ProfileView;

use crate::error::ApiError;
use crate::extract::Person;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::wire;

/// What is known of a profile
///
/// State and progress, never the template. Revoked profiles are shown as such.
#[utoipa::path(
    get,
    path = "/api/v1/voice/auth/profile/{user_id}/biometric",
    tag = "voice",
    params(("user_id" = wire::person::UserId, Path, description = "Who.", example = "alice")),
    responses(
        (status = 200, body = wire::biometric::Profile, description = "The profile."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The name is not a possible one."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Nobody is enrolled under this name."),
    ),
    security(("bearer" = ["read-profile"]), ("api_key" = ["read-profile"])),
)]
pub async fn profile_biometric(
    State(service): State<Service>,
    Person(person): Person,
) -> Result<Json<ProfileView>, ApiError> {
    Ok(Json(service.profile(&person).await?))
}
