//! `DELETE /api/v1/voice/auth/profile/{user_id}/revoke`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::profile::ProfileView;

use crate::error::ApiError;
use crate::extract::{Person, Query};
use crate::openapi::{Idempotency, WriteProblems};
use crate::problem::Problem;
use crate::wire;

/// Longest reason in characters.
const MAX_REASON: usize = 200;

/// Parameters after the question mark.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Why, for the audit record. It stays there for good, so it should name nobody.
    #[param(max_length = 200, example = "left the company")]
    reason: Option<String>,
}

/// Revoke a profile
///
/// Deletes the templates and destroys the key they are sealed under, so that no backup can open them either. Revoking
/// twice changes nothing.
#[utoipa::path(
    delete,
    path = "/api/v1/voice/auth/profile/{user_id}/revoke",
    tag = "voice",
    params(("user_id" = wire::person::UserId, Path, description = "Who.", example = "alice"), Parameters, Idempotency),
    responses(
        (status = 200, body = wire::biometric::Profile, description = "The profile is revoked."),
        WriteProblems,
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Nobody is enrolled under this name."),
    ),
    security(("bearer" = ["revoke-profile"]), ("api_key" = ["revoke-profile"])),
)]
pub async fn profile_revoke(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Person(person): Person,
    Query(parameters): Query<Parameters>,
) -> Result<Json<ProfileView>, ApiError> {
    if let Some(reason) = &parameters.reason
        && (reason.chars().count() > MAX_REASON || reason.chars().any(char::is_control))
    {
        return Err(ApiError::field("reason", format!("reason: at most {MAX_REASON} printable characters.")));
    }
    Ok(Json(service.revoke(&person, parameters.reason, &caller).await?))
}
