//! `POST /api/v1/keys`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use voicegate_core::access::Scope;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::api_keys::ApiKeyRequest;

use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::wire;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What the operator calls it.
    #[schema(min_length = 1, max_length = 100, example = "front desk")]
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<wire::access::Scope>, min_items = 1)]
    scopes: Vec<Scope>,
    /// When it shall end by itself.
    expires_at: Option<Timestamp>,
}

/// A key just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// Identity of the key.
    id: Uuid,
    /// The secret. It is shown this once and not stored.
    #[schema(pattern = "^vg_[0-9a-f]{64}$")]
    key: String,
}

/// Make an API key
///
/// The secret is in this answer and nowhere else. As it may not be remembered, a request with an `Idempotency-Key` is
/// refused.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "keys",
    request_body = NewApiKey,
    responses(
        (status = 201, body = CreatedApiKey, description = "The key.", headers(("Location" = String, description = "Where it can be revoked."))),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("bearer" = ["admin"]), ("api_key" = ["admin"])),
)]
pub async fn keys_create(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewApiKey>,
) -> Result<(StatusCode, [(HeaderName, String); 1], axum::Json<CreatedApiKey>), ApiError> {
    if new.expires_at.is_some_and(|end| end <= service.now()) {
        return Err(ApiError::field("expires_at", "expires_at: this moment has passed."));
    }
    let request = ApiKeyRequest { name: new.name, scopes: new.scopes, expires_at: new.expires_at };
    let (id, secret) = service.create_api_key(request, &caller).await?;
    let created = CreatedApiKey { id, key: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, [(LOCATION, format!("/api/v1/keys/{id}"))], axum::Json(created)))
}
