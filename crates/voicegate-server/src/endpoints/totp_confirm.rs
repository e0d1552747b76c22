//! `POST /api/v1/accounts/totp/confirm`

use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
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

/// A first one-time password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirmation {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// The one-time password that the generator shows.
    #[schema(value_type = String, example = "492039")]
    code: Secret,
}

/// Codes for the day when the generator is lost.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each stands in for a one-time password once. Case, spaces and hyphens do not matter.
    #[schema(example = json!(["gezd-gnbv-gy3t-qojq"]))]
    recovery_codes: Vec<String>,
}

/// Confirm one-time passwords
///
/// From here on signing in takes a one-time password as well. The recovery codes in the answer stand in for one, each once;
/// they are shown this once.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/totp/confirm",
    tag = "accounts",
    request_body(content = TotpConfirmation, example = json!({"password": "correct horse battery staple", "code": "492039"})),
    responses(
        (status = 200, body = RecoveryCodes, description = "One-time passwords are on."),
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There are no accounts on this server."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The account was changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("session" = [])),
)]
pub async fn totp_confirm(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    LoggedIn(session): LoggedIn,
    client: ClientAddress,
    Json(body): Json<TotpConfirmation>,
) -> Result<axum::Json<RecoveryCodes>, ApiError> {
    let codes = service.confirm_totp(&session, body.password, &body.code, Some(client.0), &caller).await?;
    Ok(axum::Json(RecoveryCodes { recovery_codes: codes }))
}
