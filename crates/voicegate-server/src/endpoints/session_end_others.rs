//! `DELETE /api/v1/sessions`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;

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

/// End all other sessions
///
/// The one that asks goes on. With an API key all of the person's end.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    tag = "accounts",
    params(Parameters),
    responses(
        (status = 204, description = "They have ended."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn session_end_others(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    Query(parameters): Query<Parameters>,
) -> Result<StatusCode, ApiError> {
    let person = who.person(parameters.user_id)?;
    service.end_sessions(&person, who.session_id(), &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
