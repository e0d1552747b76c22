//! The frame of the OpenAPI document: what it says about the whole API, and the responses that many endpoints share.

use std::collections::BTreeMap;

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi};

use crate::problem::{PROBLEM_JSON, Problem};

/// The frame, to which the router adds the paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "voicegate",
        description = "Voice authentication: enrol a voice, verify it, and say why.\n\n\
            Errors are problem documents (RFC 9457) with a stable `type`. Writes can be repeated safely under an \
            `Idempotency-Key`, verifications and challenges excepted. Every answer carries an `X-Request-Id`. Times are UTC, RFC 3339.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "voice", description = "Enrol, verify, update and revoke voices."),
        (name = "accounts", description = "People who have an account here, and who is logged in."),
        (name = "devices", description = "Devices that are bound to people."),
        (name = "configuration", description = "What is in force, and changing it while the program runs."),
        (name = "models", description = "The models and their health."),
        (name = "audit", description = "The log of what was done, and the proof that it is whole."),
        (name = "keys", description = "API keys."),
        (name = "operation", description = "For those who run it."),
    ),
    servers((url = "/", description = "This server.")),
    components(schemas(Problem)),
    modifiers(&SecuritySchemes),
)]
pub struct Frame;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("vg_…")
            .description(Some(
                "An API key. The roles of an operation are the scopes that the key needs, or `admin`.",
            ))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let header = ApiKeyValue::with_description("X-API-Key", "The same key in a header of its own.");
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(header)));
        let session = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("vgs_…")
            .description(Some("The token of a session: its person, for themselves alone."));
        components.add_security_scheme("session", SecurityScheme::Http(session.build()));
    }
}

/// Repeats a write safely.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents a header that the middleware reads")]
pub struct Idempotency {
    /// Names this write, 1–255 visible ASCII characters. A repetition with the same key gets the remembered answer
    /// (`Idempotent-Replayed: true`) and does nothing new; an answer about a person is erased with the person.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, required = false)]
    idempotency_key: Option<String>,
}

/// Says which version a change is based on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents a header that an extractor reads")]
pub struct IfMatchHeader {
    /// The `ETag` of the configuration that was read.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: String,
}

/// What every endpoint behind an API key can answer.
pub struct Protected;

impl IntoResponses for Protected {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ("401", "No API key or session token, or one that is unknown, expired, ended or revoked."),
            ("403", "The API key lacks the scope, or the session may not do this."),
            ("408", "The body did not arrive in time."),
            ("413", "The body is too large."),
            ("500", "The server failed."),
            ("503", "Busy, out of time, or a part is unavailable; `Retry-After` says when to come back."),
        ])
    }
}

/// What can be answered besides wherever a secret is given: 401 is also a wrong one.
pub struct AttemptProblems;

impl IntoResponses for AttemptProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("429", "Too many attempts failed; `Retry-After` says when the next one is possible.")])
    }
}

/// What every write can answer.
pub struct WriteProblems;

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = Protected::responses();
        all.extend(problems(&[
            ("400", "A part of the request is missing, malformed or out of range; `field` names it."),
            ("409", "Changed in the meantime; or a request with the same idempotency key is still being worked on."),
            ("422", "The idempotency key was used with another request."),
        ]));
        all
    }
}

/// What every upload of recordings can answer besides.
pub struct UploadProblems;

impl IntoResponses for UploadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("415", "The body is neither a form nor JSON.")])
    }
}

/// What every change of the configuration can answer besides.
pub struct ConfigProblems;

impl IntoResponses for ConfigProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ("412", "The version in `If-Match` is not the current one."),
            ("415", "The body is not JSON."),
            (
                "422",
                "Refused: `faults` lists every wrong field. Or the idempotency key was used with another request.",
            ),
            ("428", "`If-Match` is missing."),
        ])
    }
}

fn problems(list: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let problem = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build().into()
    };
    list.iter().map(|(status, description)| ((*status).to_owned(), problem(description))).collect()
}
