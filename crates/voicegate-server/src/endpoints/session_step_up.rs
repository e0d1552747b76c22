//! `POST /api/v1/sessions/step-up`

use axum::Extension;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::account::{Factor, Secret};
use voicegate_service::usecase::session::SessionView;

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::{AttemptProblems, Protected};
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// What a session still lacks: in the session one of `password`, `totp` and `recovery_code`; with an API key `user_id` and
/// `session_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUpProof {
    /// The password.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    /// A one-time password.
    #[schema(value_type = Option<String>, example = "492039")]
    totp: Option<Secret>,
    /// A recovery code.
    #[schema(value_type = Option<String>, example = "gezd-gnbv-gy3t-qojq")]
    recovery_code: Option<Secret>,
    /// Whose session it is.
    #[schema(value_type = Option<wire::person::UserId>)]
    user_id: Option<PersonId>,
    /// Which session it is.
    session_id: Option<Uuid>,
}

/// Step up
///
/// Gives what is asked for before a session counts. Where the password is asked for it takes the password; where another
/// factor is, a one-time password or recovery code, or the password of an account that has none. If a device waits for it, it
/// is bound again; where the account has one-time passwords, the session goes on to wait for one after the password. The holder of an API key, who proved the person otherwise, says so by naming person and session. Words that
/// are asked for have to be said; nothing stands in for them.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/step-up",
    tag = "accounts",
    request_body(content = StepUpProof, example = json!({"totp": "492039"})),
    responses(
        (status = 200, body = wire::session::Session, description = "The session counts, or goes on to wait for what `step_up` says."),
        Protected,
        AttemptProblems,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, nothing or something else is asked for, or it has an idempotency key."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such session or device, or there are no accounts on this server."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Session, device or account was changed at the same moment."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn session_step_up(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    client: ClientAddress,
    Json(body): Json<StepUpProof>,
) -> Result<axum::Json<SessionView>, ApiError> {
    let StepUpProof { password, totp, recovery_code, user_id, session_id } = body;
    let person = who.person(user_id)?;
    let factors =
        [password.map(Factor::Password), totp.map(Factor::Totp), recovery_code.map(Factor::Recovery)];
    let mut factors = factors.into_iter().flatten();
    let view = match (who.session(), factors.next(), factors.next(), session_id) {
        (Some(session), Some(factor), None, None) => {
            service.step_up(session.clone(), factor, who.address(client), &caller).await?
        }
        (Some(_), ..) => {
            let detail = "password: send one of password, totp and recovery_code, and no session_id.";
            return Err(ApiError::field("password", detail));
        }
        (None, None, None, Some(id)) => service.step_up_asserted(&person, id, &caller).await?,
        (None, ..) => {
            let detail =
                "session_id: with an API key send user_id and session_id, and no secret of the person.";
            return Err(ApiError::field("session_id", detail));
        }
    };
    Ok(axum::Json(view))
}
