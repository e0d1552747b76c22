//! `POST /api/v1/voice/auth/devices/bind`

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;
use voicegate_core::PersonId;
use voicegate_core::challenge::ChallengeId;
use voicegate_core::device::{DeviceKey, DeviceName};
use voicegate_service::Service;
use voicegate_service::signature::public_key;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::account::Secret;
use voicegate_service::usecase::device::{BindAnswer, BindRequest};

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::metrics::{Metrics, Operation};
use crate::middleware::signed::Signed;
use crate::openapi::{AttemptProblems, Protected, UploadProblems};
use crate::problem::Problem;
use crate::upload::Attempt;
use crate::upload::text::{flag, object};
use crate::who::Who;
use crate::wire;

/// The fields beside the recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    user_id: Option<PersonId>,
    challenge_id: ChallengeId,
    device_name: DeviceName,
    #[serde(deserialize_with = "object")]
    public_key: Value,
    password: Option<Secret>,
    #[serde(default, deserialize_with = "flag")]
    factor_asserted: bool,
}

/// Bind a device
///
/// The device makes a key pair and an id (a UUID), asks for a challenge with the purpose `bind` and that id, has its person
/// say the words, and signs the request with the new key (HTTP Message Signatures, RFC 9421): the nonce is the challenge's
/// handle, `keyid` the id. The voice has to reach the threshold of a new device, and be that of a living person.
///
/// A session that began with nothing but the voice takes another factor besides: send `password`, or give what the answer
/// STEP_UP asks for to `/api/v1/sessions/step-up`, and then repeat the attempt.
///
/// ACCEPT binds it. INCONCLUSIVE is no failed attempt: the device is kept as PENDING, and another attempt with the same id
/// and key goes on. REJECT keeps nothing of a new device.
///
/// A device that was revoked is bound again the same way, with the id and the key that it had. Where that takes the password
/// (`devices.rebind_require`, or because it was revoked as `compromised`, or before it ever was bound) and none is given, the
/// answer is STEP_UP: in a session, give it to `/api/v1/sessions/step-up`, and until then the session does not count; where the
/// account has one-time passwords, one is given there after the password. With an API key, repeat the attempt with `password` or `factor_asserted`.
#[utoipa::path(
    post,
    path = "/api/v1/voice/auth/devices/bind",
    tag = "devices",
    params(
        ("Signature-Input" = String, Header, description = "What the device signed (RFC 9421): `@method`, `@target-uri` and `content-digest`, with `created`, `nonce` (the challenge's handle), `keyid` (the device), `alg=\"ecdsa-p256-sha256\"` and `tag=\"voicegate\"`."),
        ("Signature" = String, Header, description = "The signature."),
        ("Content-Digest" = String, Header, description = "SHA-256 of the body (RFC 9530)."),
    ),
    request_body(content(
        (wire::device::BindForm = "multipart/form-data"),
        (wire::device::BindJson = "application/json", example = json!({
            "challenge_id": "5f2b8c1d9e3a47060f1e2d3c4b5a6978",
            "device_name": "Zoë's phone",
            "public_key": {
                "kty": "EC", "crv": "P-256",
                "x": "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
                "y": "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0"
            },
            "audio": "data:audio/webm;codecs=opus;base64,GkXfo59ChoEB"
        })),
    )),
    responses(
        (status = 200, body = wire::device::BindAnswer, description = "The attempt was judged; `outcome` is the answer."),
        UploadProblems,
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The person has no enrolled voice."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The device cannot be bound; the enrolment is not complete; or somebody changed the device in the meantime."),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "The challenge was used, has expired, was given for something else, or never was; or the profile was revoked."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn device_bind(
    State(service): State<Service>,
    State(metrics): State<Metrics>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    Extension(Signed(claim)): Extension<Signed>,
    client: ClientAddress,
    mut attempt: Attempt<Fields>,
) -> Result<Json<BindAnswer>, ApiError> {
    let recording = attempt.recording()?;
    let Fields { user_id, challenge_id, device_name, public_key, password, factor_asserted } = attempt.fields;
    let wrong =
        |field: &str, error: &dyn std::fmt::Display| ApiError::field(field, format!("{field}: {error}."));
    let key = public_key::from_jwk(&public_key).map_err(|error| wrong("public_key", &error))?;
    let key = DeviceKey::new(&key).map_err(|error| wrong("public_key", &error))?;
    if factor_asserted && who.session().is_some() {
        let detail = "factor_asserted: only a program with an API key can vouch for another factor.";
        return Err(ApiError::field("factor_asserted", detail));
    }
    let request = BindRequest {
        person: who.person(user_id)?,
        name: device_name,
        key,
        recording,
        challenge: challenge_id,
        claim,
        session: who.session().cloned(),
        password,
        factor_asserted,
        address: who.address(client),
    };
    let answer = service.bind_device(request, &caller).await?;
    metrics.decision(Operation::Bind, answer.outcome, &answer.reasons);
    Ok(Json(answer))
}
