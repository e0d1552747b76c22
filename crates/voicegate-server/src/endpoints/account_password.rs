//! `POST /api/v1/accounts/password`

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

/// A change of the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// The new password, at least `accounts.password_min_chars` characters and at most 1024 bytes.
    #[schema(value_type = String, format = Password)]
    new_password: Secret,
}

/// Change the password
///
/// Takes the present password, ends every other session of the account, and tells the person.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/password",
    tag = "accounts",
    request_body(content = PasswordChange, example = json!({"password": "correct horse battery staple", "new_password": "a walk in the rain"})),
    responses(
        (status = 204, description = "The password is changed."),
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There are no accounts on this server."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The account was changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("session" = [])),
)]
pub async fn account_password(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    LoggedIn(session): LoggedIn,
    client: ClientAddress,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, ApiError> {
    service.change_password(&session, body.password, &body.new_password, Some(client.0), &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
