//! `PUT /api/v1/voice/auth/config`

use axum::Extension;
use axum::extract::State;
use serde_json::{Map, Value};
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::configuration::{BasedOn, OverrideMode};
use voicegate_service::{Service, ServiceError};

use super::config_get::{Versioned, versioned};
use crate::error::ApiError;
use crate::extract::{IfMatch, Json};
use crate::openapi::{ConfigProblems, Idempotency, IfMatchHeader, WriteProblems};
use crate::wire;

/// Replace the runtime overrides
///
/// The body becomes the overrides; what it leaves out falls back to environment, file and defaults. The whole is checked
/// before it takes effect, and a refusal lists every wrong field. Only the sections `audio`, `enrolment` and
/// `verification` can be set at run time.
#[utoipa::path(
    put,
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
pub async fn config_put(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    if_match: IfMatch,
    Json(overrides): Json<Map<String, Value>>,
) -> Result<Versioned, ApiError> {
    change(&service, Value::Object(overrides), OverrideMode::Replace, &if_match, &caller).await
}

/// Changes the overrides on the version that the caller has seen.
pub(super) async fn change(
    service: &Service,
    overrides: Value,
    mode: OverrideMode,
    if_match: &IfMatch,
    caller: &Caller,
) -> Result<Versioned, ApiError> {
    match service.change_configuration(overrides, mode, &if_match.0, caller).await {
        Ok(view) => Ok(versioned(view)),
        Err(ServiceError::Conflict) if if_match.0 != BasedOn::Any => Err(IfMatch::failed()),
        Err(error) => Err(error.into()),
    }
}
