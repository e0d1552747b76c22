//! `POST /api/v1/accounts`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::account::{Registration, Secret};

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::{AttemptProblems, Protected};
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The name.
    #[schema(value_type = wire::person::UserId)]
    user_id: PersonId,
    /// The password, at least `accounts.password_min_chars` characters and at most 1024 bytes.
    #[schema(value_type = String, format = Password)]
    password: Secret,
}

/// An account just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedAccount {
    /// The name.
    #[schema(value_type = wire::person::UserId)]
    user_id: PersonId,
}

/// Register
///
/// Makes an account with a password. A name under which a voice is enrolled already gets one only with an API key; whether an
/// account or a voice has a name is not told. Open to everybody while `accounts.public` is set.
#[utoipa::path(
    post,
    path = "/api/v1/accounts",
    tag = "accounts",
    request_body(content = NewAccount, example = json!({"user_id": "alice", "password": "correct horse battery staple"})),
    responses(
        (status = 201, body = CreatedAccount, description = "The account."),
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There are no accounts on this server."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The name is taken."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security((), ("bearer" = ["login"]), ("api_key" = ["login"])),
)]
pub async fn account_create(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    client: ClientAddress,
    Json(new): Json<NewAccount>,
) -> Result<(StatusCode, axum::Json<CreatedAccount>), ApiError> {
    let person = who.person(Some(new.user_id))?;
    let registration = Registration { person: person.clone(), password: new.password };
    service.register(registration, who.address(client), &caller).await?;
    Ok((StatusCode::CREATED, axum::Json(CreatedAccount { user_id: person })))
}
