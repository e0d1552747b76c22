//! `POST /api/v1/voice/auth/login`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use voicegate_core::PersonId;
use voicegate_core::challenge::ChallengeId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::login::{LoginAnswer, LoginRequest};

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::metrics::{Metrics, Operation};
use crate::middleware::signed::Signed;
use crate::openapi::{Protected, UploadProblems};
use crate::problem::Problem;
use crate::upload::Attempt;
use crate::who::Who;
use crate::wire;

/// The fields beside the recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    user_id: PersonId,
    challenge_id: ChallengeId,
    #[serde(default, deserialize_with = "crate::upload::text::flag")]
    factor_asserted: bool,
}

/// Log in with the voice
///
/// Takes the words of a challenge (purpose `login`), said by the person. A device that is bound signs the request (HTTP
/// Message Signatures, RFC 9421) with the challenge's handle as nonce; without a signature, or from a device that is not
/// bound, the voice has to be surer and something else is asked for besides.
///
/// ACCEPT opens a session. STEP_UP opens one that counts once the password or a one-time password was given to
/// `/api/v1/sessions/step-up`. REJECT does not tell whether the person exists, is enrolled, or how near the voice was; the
/// audit record does. INCONCLUSIVE is not a failed attempt: the reasons say what to do.
///
/// The holder of a device that was revoked binds it again by logging in with it, if `devices.rebind_require` and the reason
/// of the revocation allow that. Without a recording they are told so.
#[utoipa::path(
    post,
    path = "/api/v1/voice/auth/login",
    tag = "voice",
    params(
        ("Signature-Input" = Option<String>, Header, description = "What the device signed (RFC 9421): `@method`, `@target-uri` and `content-digest`, with `created`, `nonce` (the challenge's handle), `keyid` (the device), `alg=\"ecdsa-p256-sha256\"` and `tag=\"voicegate\"`."),
        ("Signature" = Option<String>, Header, description = "The signature."),
        ("Content-Digest" = Option<String>, Header, description = "SHA-256 of the body (RFC 9530)."),
    ),
    request_body(content(
        (wire::upload::LoginForm = "multipart/form-data"),
        (wire::upload::LoginJson = "application/json", example = json!({
            "user_id": "alice",
            "challenge_id": "5f2b8c1d9e3a47060f1e2d3c4b5a6978",
            "audio": "data:audio/webm;codecs=opus;base64,GkXfo59ChoEB"
        })),
    )),
    responses(
        (status = 200, body = wire::login::LoginAnswer, description = "The attempt was judged; `outcome` is the answer."),
        UploadProblems,
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Voice or device were changed in the meantime."),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The challenge was used, has expired, was given for something else, or never was."),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too many attempts failed; `Retry-After` says how long to wait.", headers(("Retry-After" = u32, description = "Seconds until the next attempt is possible."))),
    ),
    security((), ("bearer" = ["login"]), ("api_key" = ["login"])),
)]
pub async fn login(
    State(service): State<Service>,
    State(metrics): State<Metrics>,
    Extension(caller): Extension<Caller>,
    Extension(Signed(claim)): Extension<Signed>,
    address: ClientAddress,
    Extension(who): Extension<Who>,
    attempt: Attempt<Fields>,
) -> Result<Json<LoginAnswer>, ApiError> {
    let Fields { user_id, challenge_id, factor_asserted } = attempt.fields;
    if factor_asserted && !matches!(who, Who::Key) {
        let detail = "factor_asserted: only a program with an API key can vouch for another factor.";
        return Err(ApiError::field("factor_asserted", detail));
    }
    let request = LoginRequest {
        person: who.person(Some(user_id))?,
        recording: attempt.recording,
        challenge: challenge_id,
        claim,
        address: who.address(address),
        factor_asserted,
    };
    let answer = service.login(request, &caller).await?;
    if let Some(report) = &answer.advice {
        metrics.advice(report.no_advice, report.elapsed);
    }
    metrics.decision(Operation::Login, answer.outcome, &answer.reasons);
    Ok(Json(answer))
}
