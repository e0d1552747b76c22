//! `GET /api/v1/keys`

use axum::Json;
use axum::extract::State;
use voicegate_service::Service;
use voicegate_service::ports::ApiKeyRecord;

use crate::error::ApiError;
use crate::openapi::Protected;
use crate::wire;

/// List the API keys
///
/// Oldest first, revoked ones included; never their secrets, which are not stored.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    tag = "keys",
    responses((status = 200, body = Vec<wire::access::ApiKey>, description = "Every key."), Protected),
    security(("bearer" = ["admin"]), ("api_key" = ["admin"])),
)]
pub async fn keys_list(State(service): State<Service>) -> Result<Json<Vec<ApiKeyRecord>>, ApiError> {
    Ok(Json(service.api_keys().await?))
}
