//! `POST /api/v1/sessions`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::account::{Factor, Secret};
use voicegate_service::usecase::session::SignIn;

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::{AttemptProblems, Protected};
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The name.
    #[schema(value_type = wire::person::UserId)]
    user_id: PersonId,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
    /// A one-time password.
    #[schema(value_type = Option<String>, example = "492039")]
    totp: Option<Secret>,
    /// A recovery code in the place of one.
    #[schema(value_type = Option<String>, example = "gezd-gnbv-gy3t-qojq")]
    recovery_code: Option<Secret>,
}

/// Sign in
///
/// Begins a session with the password. Where the account has one-time passwords and none is sent along, the session does not
/// count until one is given (`step_up`). An unknown name and a wrong password are answered alike. After five failures each
/// further attempt waits (429 with `Retry-After`), 30 s and then twice as long with each failure more.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    tag = "accounts",
    request_body(content = Credentials, example = json!({"user_id": "alice", "password": "correct horse battery staple"})),
    responses(
        (status = 201, body = wire::session::NewSession, description = "The session."),
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There are no accounts on this server."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The account was changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security((), ("bearer" = ["login"]), ("api_key" = ["login"])),
)]
pub async fn session_create(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    client: ClientAddress,
    Json(body): Json<Credentials>,
) -> Result<(StatusCode, axum::Json<wire::session::NewSession>), ApiError> {
    let other = match (body.totp, body.recovery_code) {
        (Some(_), Some(_)) => {
            return Err(ApiError::field("recovery_code", "recovery_code: send this or totp, not both."));
        }
        (totp, recovery_code) => totp.map(Factor::Totp).or(recovery_code.map(Factor::Recovery)),
    };
    let sign_in = SignIn { person: who.person(Some(body.user_id))?, password: body.password, other };
    let signed_in = service.sign_in(sign_in, who.address(client), &caller).await?;
    let body = wire::session::NewSession::new(&signed_in.session, signed_in.step_up);
    Ok((StatusCode::CREATED, axum::Json(body)))
}
