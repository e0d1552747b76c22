//! `DELETE /api/v1/sessions/{id}`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;

use crate::error::ApiError;
use crate::extract::{Path, Query};
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

/// End a session
///
/// It ends at once. A session that does not count yet can end itself alone.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "accounts",
    params(("id" = Uuid, Path, description = "Which."), Parameters),
    responses(
        (status = 204, description = "The session has ended."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The person has no such session."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn session_end(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    Path(id): Path<Uuid>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, ApiError> {
    let person = who.person(parameters.user_id)?;
    if who.is_pending() && who.session_id() != Some(id) {
        return Err(ApiError::step_up_needed());
    }
    service.end_session(&person, id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
