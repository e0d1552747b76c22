//! `PUT /api/v1/voice/auth/profile/{user_id}/update`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::enroll::{EnrollAnswer, Intent};

use crate::error::ApiError;
use crate::extract::Person;
use crate::metrics::{Metrics, Operation};
use crate::middleware::idempotency::About;
use crate::openapi::{Idempotency, UploadProblems, WriteProblems};
use crate::problem::Problem;
use crate::upload::Upload;
use crate::wire;
use crate::wire::upload::UpdateMode;

/// The fields beside the recordings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    #[serde(default)]
    mode: UpdateMode,
}

/// Add samples to a voice, or replace it
///
/// With `mode` `add` the samples join the profile, for instance those of another microphone. With `replace` they must
/// make a complete profile by themselves; otherwise the old one stays.
#[utoipa::path(
    put,
    path = "/api/v1/voice/auth/profile/{user_id}/update",
    tag = "voice",
    params(("user_id" = wire::person::UserId, Path, description = "Who.", example = "alice"), Idempotency),
    request_body(content(
        (wire::upload::UpdateForm = "multipart/form-data"),
        (wire::upload::UpdateJson = "application/json", example = json!({
            "mode": "add",
            "samples": [{"name": "headset", "audio": "UklGRiQAAABXQVZFZm10IA==", "content_type": "audio/wav"}]
        })),
    )),
    responses(
        (status = 200, body = wire::biometric::EnrollAnswer, description = "The samples were looked at; the answer says what became of each."),
        UploadProblems,
        WriteProblems,
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Nobody is enrolled under this name."),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The profile was revoked."),
    ),
    security(("bearer" = ["enroll"]), ("api_key" = ["enroll"])),
)]
pub async fn profile_update(
    State(service): State<Service>,
    State(metrics): State<Metrics>,
    Extension(caller): Extension<Caller>,
    Person(person): Person,
    upload: Upload<Fields>,
) -> (Extension<About>, Result<Json<EnrollAnswer>, ApiError>) {
    let intent = match upload.fields.mode {
        UpdateMode::Add => Intent::Add,
        UpdateMode::Replace => Intent::Replace,
    };
    let answer = service.enroll(&person, upload.recordings, intent, &caller).await;
    if let Ok(answer) = &answer {
        metrics.decision(Operation::Update, answer.outcome, &answer.reasons);
    }
    (Extension(About(person)), answer.map(Json).map_err(ApiError::from))
}
