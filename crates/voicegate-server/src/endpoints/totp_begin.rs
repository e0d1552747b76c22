//! `POST /api/v1/accounts/totp`

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

/// A wish for one-time passwords.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpBegin {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// A secret for a generator.
#[derive(Serialize, ToSchema)]
pub struct TotpSecret {
    /// The secret in Base32, to be typed.
    #[schema(pattern = "^[A-Z2-7]{32}$")]
    secret: String,
    /// The same as an address, to be shown as a QR code.
    #[schema(
        example = "otpauth://totp/voicegate:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=voicegate"
    )]
    uri: String,
}

/// Begin one-time passwords
///
/// Gives a secret for a generator of time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 s), shown this once. Nothing
/// is asked for until a first one-time password has confirmed it.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/totp",
    tag = "accounts",
    request_body(content = TotpBegin, example = json!({"password": "correct horse battery staple"})),
    responses(
        (status = 200, body = TotpSecret, description = "The secret."),
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There are no accounts on this server."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The account was changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("session" = [])),
)]
pub async fn totp_begin(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    LoggedIn(session): LoggedIn,
    client: ClientAddress,
    Json(body): Json<TotpBegin>,
) -> Result<axum::Json<TotpSecret>, ApiError> {
    let offer = service.begin_totp(&session, body.password, Some(client.0), &caller).await?;
    Ok(axum::Json(TotpSecret { secret: offer.secret, uri: offer.uri }))
}
