//! `POST /api/v1/voice/auth/verify-biometric`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use voicegate_core::PersonId;
use voicegate_core::challenge::ChallengeId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::verify::{Attempt, VerifyAnswer};

use crate::error::ApiError;
use crate::metrics::{Metrics, Operation};
use crate::openapi::{Protected, UploadProblems};
use crate::problem::Problem;
use crate::{upload, wire};

/// The fields beside the recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    user_id: PersonId,
    challenge_id: Option<ChallengeId>,
    device_id: Option<String>,
}

/// Verify a voice
///
/// Compares one recording with the enrolled voice. ACCEPT, REJECT and INCONCLUSIVE are all answers with status 200.
/// INCONCLUSIVE (too short, too noisy, not decodable, …) is not a failed attempt: the reasons say what to do.
///
/// Whether a living person speaks is looked at, too: a recording that was heard before, or that sounds played or made by a
/// machine, is refused, and with a `challenge_id` its words must be in the recording. `liveness` in the answer holds what
/// was found.
///
/// Every verification is a fresh measurement and its answer is never remembered: an ACCEPT must not be repeated after the
/// profile was changed or revoked. A request with an `Idempotency-Key` is refused; send it again without one.
#[utoipa::path(
    post,
    path = "/api/v1/voice/auth/verify-biometric",
    tag = "voice",
    request_body(content(
        (wire::upload::VerifyForm = "multipart/form-data"),
        (wire::upload::VerifyJson = "application/json", example = json!({
            "user_id": "alice",
            "audio": "data:audio/webm;codecs=opus;base64,GkXfo59ChoEB"
        })),
    )),
    responses(
        (status = 200, body = wire::biometric::VerifyAnswer, description = "The recording was looked at; `outcome` is the answer."),
        UploadProblems,
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Nobody is enrolled under this name."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The enrolment is not complete; or the profile was changed in the meantime."),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The profile was revoked; or the challenge was used, has expired, was given for something else, or never was."),
    ),
    security(("bearer" = ["verify"]), ("api_key" = ["verify"])),
)]
pub async fn verify_biometric(
    State(service): State<Service>,
    State(metrics): State<Metrics>,
    Extension(caller): Extension<Caller>,
    mut upload: upload::Attempt<Fields>,
) -> Result<Json<VerifyAnswer>, ApiError> {
    let recording = upload.recording()?;
    let Fields { user_id, challenge_id, device_id } = upload.fields;
    let attempt = Attempt { recording, challenge: challenge_id, device: device_id };
    let answer = service.verify(&user_id, attempt, &caller).await?;
    metrics.decision(Operation::Verify, answer.outcome, &answer.reasons);
    metrics.stages(&answer.timings);
    Ok(Json(answer))
}
