//! `PATCH /api/v1/voice/auth/config`

use axum::Extension;
use axum::extract::State;
use serde_json::{Map, Value};
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::configuration::OverrideMode;

use super::config_get::Versioned;
use super::config_put::change;
use crate::error::ApiError;
use crate::extract::{IfMatch, Json};
use crate::openapi::{ConfigProblems, Idempotency, IfMatchHeader, WriteProblems};
use crate::wire;

/// Change some of the runtime overrides
///
/// The body is laid over the present overrides. `null` is a value here (it means "the model's own"); to take an override
/// away, replace the overrides.
#[utoipa::path(
    patch,
    path = "/api/v1/voice/auth/config",
    tag = "configuration",
    params(IfMatchHeader, Idempotency),
    request_body = wire::config::ConfigOverrides,
    responses(
        (status = 200, body = wire::config::Configuration, description = "The new configuration is in force.",
            headers(("ETag" = String, description = "The new version, in quotes."))),
        WriteProblems,
        ConfigProblems,
    ),
    security(("bearer" = ["write-config"]), ("api_key" = ["write-config"])),
)]
pub async fn config_patch(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
    Json(overrides): Json<Map<String, Value>>,
) -> Result<Versioned, ApiError> {
    change(&service, Value::Object(overrides), OverrideMode::Merge, &if_match, &caller).await
}
