//! `POST /api/v1/voice/auth/enroll-biometric`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::enroll::{EnrollAnswer, Intent};

use crate::error::ApiError;
use crate::metrics::{Metrics, Operation};
use crate::middleware::idempotency::About;
use crate::openapi::{Idempotency, UploadProblems, WriteProblems};
use crate::problem::Problem;
use crate::upload::Upload;
use crate::wire;
use crate::wire::upload::EnrollIntent;

/// The fields beside the recordings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    user_id: PersonId,
    #[serde(default)]
    intent: EnrollIntent,
}

/// Enrol a voice
///
/// Offers recordings for the voice profile of a person. Samples may come in one request or one at a time: the answer says
/// how far the enrolment has come, and names each sample that was refused, with the reason. Good samples are kept even if
/// others are refused.
#[utoipa::path(
    post,
    path = "/api/v1/voice/auth/enroll-biometric",
    tag = "voice",
    params(Idempotency),
    request_body(content(
        (wire::upload::EnrollForm = "multipart/form-data"),
        (wire::upload::EnrollJson = "application/json", examples(
            ("one" = (summary = "One sample", value = json!({"user_id": "alice", "audio": "UklGRiQAAABXQVZFZm10IA=="}))),
            ("several" = (summary = "Several samples", value = json!({
                "user_id": "alice",
                "intent": "replace",
                "samples": [
                    {"name": "phrase 1", "audio": "UklGRiQAAABXQVZFZm10IA==", "content_type": "audio/wav"},
                    {"name": "phrase 2", "audio": "data:audio/webm;codecs=opus;base64,GkXfo59ChoEB"}
                ]
            })))
        )),
    )),
    responses(
        (status = 200, body = wire::biometric::EnrollAnswer, description = "The samples were looked at. `outcome` is ACCEPT once the profile can be used and INCONCLUSIVE while more samples are needed."),
        UploadProblems,
        WriteProblems,
        (status = 409, body = Problem, content_type = "application/problem+json", description = "A voice is enrolled already; or a request with the same idempotency key is still being worked on."),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The remembered answer was erased when the profile was revoked."),
    ),
    security(("bearer" = ["enroll"]), ("api_key" = ["enroll"])),
)]
pub async fn enroll_biometric(
    State(service): State<Service>,
    State(metrics): State<Metrics>,
    Extension(caller): Extension<Caller>,
    upload: Upload<Fields>,
) -> (Extension<About>, Result<Json<EnrollAnswer>, ApiError>) {
    let person = upload.fields.user_id;
    let intent = match upload.fields.intent {
        EnrollIntent::Enroll => Intent::Enroll,
        EnrollIntent::Replace => Intent::Replace,
    };
    let answer = service.enroll(&person, upload.recordings, intent, &caller).await;
    if let Ok(answer) = &answer {
        metrics.decision(Operation::Enroll, answer.outcome, &answer.reasons);
    }
    (Extension(About(person)), answer.map(Json).map_err(ApiError::from))
}
