//! `PATCH /api/v1/voice/auth/config`

use axum::Extension;
use axum::extract::State;
use serde_json::Value;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::configuration::OverrideMode;

use super::config_get::Versioned;
use super::config_put::change;
use crate::error::ApiError;
use crate::extract::{IfMatch, MergePatch};
use crate::openapi::{ConfigProblems, Idempotency, IfMatchHeader, WriteProblems};
use crate::wire;

/// Change some of the runtime overrides
///
/// The body is a merge patch (RFC 7396) of the present overrides: what it names is set, what it leaves out stays, and
/// `null` takes an override away, so that environment, file and defaults hold again.
#[utoipa::path(
    patch,
    path = "/api/v1/voice/auth/config",
    tag = "configuration",
    params(IfMatchHeader, Idempotency),
    request_body(content(
        (wire::config::ConfigPatch = "application/merge-patch+json", example = json!({
            "enrolment": {"min_samples": 4}, "verification": {"threshold": null}
        })),
        (wire::config::ConfigPatch = "application/json"),
    )),
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
    MergePatch(patch): MergePatch,
) -> Result<Versioned, ApiError> {
    change(&service, Value::Object(patch), OverrideMode::Patch, &if_match, &caller).await
}
