//! `POST /api/v1/voice/auth/challenge`

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use voicegate_core::PersonId;
use voicegate_core::access::Scope;
use voicegate_core::challenge::{Language, PromptKind, Purpose};
use voicegate_service::Service;
use voicegate_service::usecase::Caller;
use voicegate_service::usecase::challenge::ChallengeRequest;

use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// Longest name of a device in characters.
const MAX_DEVICE: usize = 128;

/// A challenge to be given out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChallenge {
    /// Who shall answer it; in a session its person, who need not be named.
    #[schema(value_type = Option<wire::person::UserId>)]
    user_id: Option<PersonId>,
    /// What for.
    #[schema(value_type = wire::challenge::Purpose)]
    purpose: Purpose,
    /// The device it shall be answered on. With a name here, the attempt has to name the same device; without one, none.
    #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$", example = "phone-7")]
    device_id: Option<String>,
    /// What is asked for; without it, what `challenge.kind` says.
    #[schema(value_type = Option<wire::challenge::PromptKind>)]
    kind: Option<PromptKind>,
    /// The language as in RFC 5646, of which the primary subtag counts. Without it, the first supported one of
    /// `Accept-Language`, or English.
    #[schema(example = "en")]
    language: Option<String>,
    /// How many words or digits; without it, what `challenge.words` or `challenge.digits` says. A prompt that could be
    /// guessed too easily (fewer than 20 bits of entropy) is refused.
    #[schema(minimum = 1, maximum = 16)]
    length: Option<usize>,
}

/// Words to be said.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedPrompt {
    /// What is asked for.
    #[schema(value_type = wire::challenge::PromptKind)]
    kind: PromptKind,
    /// In which language.
    #[schema(value_type = wire::challenge::Language)]
    language: Language,
    /// The words as they are spoken, in order.
    words: Vec<String>,
    /// The same as it is best shown: digits as numerals.
    #[schema(example = "4 0 7 1 9 2 8 3")]
    display: String,
}

/// A challenge just given out.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedChallenge {
    /// Its handle; whoever has it can use it up.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    challenge_id: String,
    /// The words to be said.
    prompt: IssuedPrompt,
    /// From when on it cannot be answered any more.
    expires_at: Timestamp,
    /// Seconds until then.
    ttl_s: u32,
}

/// Ask for words to be said live
///
/// Gives random words that a recording made before cannot hold. The challenge is for this person, device and purpose
/// alone, can be answered once and for a short time, and is used up by any attempt that names it. The answer does not tell
/// whether somebody is enrolled under this name. A person has at most `challenge.max_open` open challenges, and strangers
/// as many of their own for each network address; a further one takes the place of the oldest.
///
/// Whoever is not logged in may ask for a challenge to log in with, as long as `accounts.public` is set. A person in a session
/// asks for themselves.
///
/// A request with an `Idempotency-Key` is refused: each challenge is a new one.
#[utoipa::path(
    post,
    path = "/api/v1/voice/auth/challenge",
    tag = "voice",
    params(("Accept-Language" = Option<String>, Header, description = "Languages by preference (RFC 9110, section 12.5.4), if the body names none.", example = "en-GB, en;q=0.8")),
    request_body(content = NewChallenge, example = json!({"user_id": "alice", "purpose": "login", "device_id": "phone-7"})),
    responses(
        (status = 201, body = IssuedChallenge, description = "The challenge."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, the language is not supported, or it has an idempotency key; `field` names it."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security((), ("bearer" = ["verify"]), ("api_key" = ["verify"]), ("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn challenge_create(
    State(service): State<Service>,
    Extension(caller): Extension<Caller>,
    Extension(who): Extension<Who>,
    address: ClientAddress,
    headers: HeaderMap,
    Json(new): Json<NewChallenge>,
) -> Result<(StatusCode, axum::Json<IssuedChallenge>), ApiError> {
    if matches!(who, Who::Anybody) && new.purpose != Purpose::Login {
        return Err(ApiError::forbidden(Scope::Verify));
    }
    let person = who.person(new.user_id)?;
    if let Some(device) = &new.device_id
        && (!(1..=MAX_DEVICE).contains(&device.len()) || !device.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        let detail = format!("device_id: 1 to {MAX_DEVICE} visible ASCII characters.");
        return Err(ApiError::field("device_id", detail));
    }
    let language = match &new.language {
        Some(tag) => Language::of_tag(tag).ok_or_else(|| unsupported("language"))?,
        None => accepted(&headers)?,
    };
    let request = ChallengeRequest {
        person,
        device: new.device_id,
        address: who.address(address).filter(|_| matches!(who, Who::Anybody)),
        purpose: new.purpose,
        language,
        kind: new.kind,
        length: new.length,
    };
    let issued = service.issue_challenge(request, &caller).await?;
    let prompt = issued.prompt;
    let body = IssuedChallenge {
        challenge_id: issued.id.to_string(),
        prompt: IssuedPrompt {
            kind: prompt.kind,
            language: prompt.language,
            display: prompt.display(),
            words: prompt.words,
        },
        expires_at: issued.expires_at,
        ttl_s: issued.ttl_s,
    };
    Ok((StatusCode::CREATED, axum::Json(body)))
}

/// The supported language that the caller likes best; the default where any will do.
fn accepted(headers: &HeaderMap) -> Result<Language, ApiError> {
    let mut best: Option<(Language, f32)> = None;
    let mut asked = false;
    for value in headers.get_all(header::ACCEPT_LANGUAGE) {
        let text = value.to_str().map_err(|_| unsupported("Accept-Language"))?;
        for range in text.split(',').map(str::trim).filter(|range| !range.is_empty()) {
            asked = true;
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(1.0);
            let language = match tag.trim() {
                "*" => Some(Language::default()),
                tag => Language::of_tag(tag),
            };
            if let Some(language) = language
                && weight > best.map_or(0.0, |(_, weight)| weight)
            {
                best = Some((language, weight));
            }
        }
    }
    match best {
        Some((language, _)) => Ok(language),
        None if asked => Err(unsupported("Accept-Language")),
        None => Ok(Language::default()),
    }
}

fn unsupported(field: &str) -> ApiError {
    let supported = Language::ALL.map(Language::as_str).join(", ");
    ApiError::field(field, format!("{field}: no prompts in this language; supported: {supported}."))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_is_the_best_liked_one_that_is_supported() {
        let of = |value: &'static str| {
            accepted(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(value))])).ok()
        };
        for taken in ["en", "en-GB,en;q=0.9", "de, en;q=0.1", "de;q=0.9, *;q=0.5", "EN-us", "", " , "] {
            assert_eq!(of(taken), Some(Language::En), "{taken}");
        }
        for refused in ["de", "de-DE, fr;q=0.7", "en;q=0", "*;q=0"] {
            assert_eq!(of(refused), None, "{refused}");
        }
        assert_eq!(accepted(&HeaderMap::new()).ok(), Some(Language::En));
    }
}
