//! `GET /api/v1/sessions`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::session::SessionView;

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

/// List sessions
///
/// The newest first. A session that does not count yet sees itself alone.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "accounts",
    params(Parameters),
    responses(
        (status = 200, body = Vec<wire::session::Session>, description = "The sessions."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter is wrong."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn session_list(
    State(service): State<Service>,
    Extension(who): Extension<Who>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<SessionView>>, ApiError> {
    let person = who.person(parameters.user_id)?;
    let mut sessions = service.sessions(&person, who.session_id()).await?;
    if who.is_pending() {
        sessions.retain(|session| session.current);
    }
    Ok(Json(sessions))
}
