//! `POST /api/v1/sessions/renew`

use axum::extract::State;
use axum::{Extension, Json};
use voicegate_service::Service;
use voicegate_service::usecase::Caller;

use crate::error::ApiError;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::who::LoggedIn;
use crate::wire;

/// Renew a session
///
/// Gives the session a new token; the present one is not taken any more. Whoever sends it all the same ends the session: two
/// hold copies of it, and one of them is not the person.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/renew",
    tag = "accounts",
    responses(
        (status = 200, body = wire::session::NewSession, description = "The session with its new token."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "It has an idempotency key."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The session was renewed or changed at the same moment."),
    ),
    security(("session" = [])),
)]
pub async fn session_renew(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    LoggedIn(session): LoggedIn,
) -> Result<Json<wire::session::NewSession>, ApiError> {
    let renewed = service.renew_session(&session, &caller).await?;
    Ok(Json(wire::session::NewSession::new(&renewed, None)))
}
