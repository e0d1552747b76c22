//! `DELETE /api/v1/keys/{id}`

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;

use crate::error::ApiError;
use crate::extract::Path;
use crate::openapi::{Idempotency, WriteProblems};
use crate::problem::Problem;

/// Revoke an API key
///
/// It ends at once. A key can revoke itself.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{id}",
    tag = "keys",
    params(("id" = Uuid, Path, description = "Which."), Idempotency),
    responses(
        (status = 204, description = "The key is revoked."),
        WriteProblems,
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such key in use."),
    ),
    security(("bearer" = ["admin"]), ("api_key" = ["admin"])),
)]
pub async fn keys_revoke(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    service.revoke_api_key(id, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
