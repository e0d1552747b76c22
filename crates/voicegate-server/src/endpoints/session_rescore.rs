//! `POST /api/v1/sessions/rescore`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use voicegate_core::challenge::ChallengeId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::session::RescoreAnswer;

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::openapi::{AttemptProblems, Protected, UploadProblems};
use crate::problem::Problem;
use crate::upload::Attempt;
use crate::who::LoggedIn;
use crate::wire;

/// The fields beside the recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    challenge_id: Option<ChallengeId>,
}

/// Go on speaking in a session
///
/// Holds further audio against the voice of the session's person. What speaks for the person adds to the confidence of the
/// session, which falls by itself as time passes; what speaks against them lowers it. Below `sessions.step_up_below`, or
/// after a recording that was heard before or sounds made, the session asks for a live challenge: take one with the purpose
/// `verify`, and send its words here.
///
/// A session that waits takes the words of a challenge alone, and is not told its confidence. A recording in which too little
/// can be heard changes nothing; a voice that speaks against the person, or a recording that was heard before or made, costs
/// what a failed login costs.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/rescore",
    tag = "accounts",
    request_body(content(
        (wire::upload::RescoreForm = "multipart/form-data"),
        (wire::upload::RescoreJson = "application/json", example = json!({
            "audio": "data:audio/webm;codecs=opus;base64,GkXfo59ChoEB"
        })),
    )),
    responses(
        (status = 200, body = wire::login::RescoreAnswer, description = "Where the session stands."),
        UploadProblems,
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it. Or the session waits and no challenge was named."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The person has no enrolled voice."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The enrolment is not complete; or the session was changed in the meantime."),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The challenge was used, has expired, was given for something else, or never was."),
    ),
    security(("session" = [])),
)]
pub async fn session_rescore(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    LoggedIn(session): LoggedIn,
    client: ClientAddress,
    mut attempt: Attempt<Fields>,
) -> Result<Json<RescoreAnswer>, ApiError> {
    let recording = attempt.recording()?;
    let (session, address) = (session.as_ref().clone(), Some(client.0));
    let challenge = attempt.fields.challenge_id.as_ref();
    Ok(Json(service.rescore(session, recording, challenge, address, &caller).await?))
}
