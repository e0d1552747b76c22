//! `POST /api/v1/accounts/totp/remove`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::account::Secret;

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::{AttemptProblems, Protected};
use crate::problem::Problem;
use crate::who::LoggedIn;

/// An end of one-time passwords.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpRemoval {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// Remove one-time passwords
///
/// Signing in takes the password alone again; the recovery codes end.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/totp/remove",
    tag = "accounts",
    request_body(content = TotpRemoval, example = json!({"password": "correct horse battery staple"})),
    responses(
        (status = 204, description = "One-time passwords are off."),
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There are no accounts on this server."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The account was changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("session" = [])),
)]
pub async fn totp_remove(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    LoggedIn(session): LoggedIn,
    client: ClientAddress,
    Json(body): Json<TotpRemoval>,
) -> Result<StatusCode, ApiError> {
    service.remove_totp(&session, body.password, Some(client.0), &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
