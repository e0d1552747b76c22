//! Problem documents (RFC 9457): the closed set of things that a caller can be told.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Content type of a problem document.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Longest detail in characters.
const MAX_DETAIL: usize = 600;

/// Declares the kinds with slug, status, title and meaning side by side, so that none can be left out.
macro_rules! kinds {
    ($($variant:ident $slug:literal $status:ident $title:literal $meaning:literal;)*) => {
        /// What kind of thing went wrong. The slug is part of the API and never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $meaning] $variant,)*
        }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Last part of the `type` URI.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)* }
            }

            /// HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// Short name, the same for every occurrence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What it means and what to do about it.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

kinds! {
    InvalidRequest "invalid-request" BAD_REQUEST "Invalid request"
        "A part of the request is missing, malformed or out of range. The detail and, where one is to blame, the member `field` name it.";
    Unauthenticated "unauthenticated" UNAUTHORIZED "Authentication required"
        "No API key or session token was sent, or it is unknown, expired, ended or revoked. Send `Authorization: Bearer vg_…` or `Authorization: Bearer vgs_…`.";
    WrongCredentials "wrong-credentials" UNAUTHORIZED "Wrong credentials"
        "Name, password, one-time password or recovery code is wrong. Which of them is not told.";
    SignatureRefused "signature-refused" UNAUTHORIZED "Signature refused"
        "The request is signed (RFC 9421), but not as it has to be, not just now, or not by the device that it names. The detail says what is wrong; sign the request anew, with a new challenge.";
    Forbidden "forbidden" FORBIDDEN "Scope missing"
        "The API key or session may not do this. The member `scope` names what an API key would need.";
    StepUpNeeded "step-up-needed" FORBIDDEN "Step-up needed"
        "The session does not count until something more is given: `GET /api/v1/sessions` says what, `POST /api/v1/sessions/step-up` takes it.";
    SomebodyElse "somebody-else" FORBIDDEN "Somebody else named"
        "A session is for its own person. Name that one or nobody.";
    NotFound "not-found" NOT_FOUND "Not found"
        "There is nothing at this path, or no thing with this id.";
    NotEnrolled "not-enrolled" NOT_FOUND "Not enrolled"
        "Nobody is enrolled under this user id.";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "Method not allowed"
        "The path exists but does not take this method. The `Allow` header lists those it takes.";
    RequestTimeout "request-timeout" REQUEST_TIMEOUT "Request took too long to arrive"
        "The body did not arrive within the time limit. Send it again, smaller or over a faster connection.";
    AlreadyEnrolled "already-enrolled" CONFLICT "Already enrolled"
        "A voice is enrolled under this user id. Enrol with intent `replace`, or add samples with an update.";
    AlreadyRegistered "already-registered" CONFLICT "Name taken"
        "An account or an enrolled voice has this name. Take another one.";
    EnrolmentIncomplete "enrolment-incomplete" CONFLICT "Enrolment incomplete"
        "The enrolment needs more samples before the voice can be verified.";
    DeviceRefused "device-refused" CONFLICT "Device refused"
        "The device is bound or revoked already, its id or key belongs to another one, or the person has as many as there may be. The detail says which.";
    Conflict "conflict" CONFLICT "Changed in the meantime"
        "Somebody else changed the same thing at the same moment. Read it again and retry.";
    IdempotencyInFlight "idempotency-in-flight" CONFLICT "Still being worked on"
        "A request with this idempotency key is still being worked on. Repeat it a moment later to get its answer.";
    ChallengeRefused "challenge-refused" GONE "Challenge refused"
        "The challenge was used before, has expired, or is not one for this person, device and purpose. Ask for a new one.";
    ProfileRevoked "profile-revoked" GONE "Profile revoked"
        "The voice profile was revoked and its templates are gone. Enrol the voice again.";
    PreconditionFailed "precondition-failed" PRECONDITION_FAILED "Version is not current"
        "The version in `If-Match` is not the current one. Read the resource again and repeat the change on it.";
    BodyTooLarge "body-too-large" PAYLOAD_TOO_LARGE "Body too large"
        "The request body is larger than the server takes. The detail names the limit.";
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "Unsupported content type"
        "The Content-Type of the body is not one that this path takes. The detail names those it takes.";
    InvalidConfiguration "invalid-configuration" UNPROCESSABLE_ENTITY "Configuration refused"
        "The configuration is wrong and the old one stays in force. The member `faults` lists every wrong field.";
    IdempotencyMismatch "idempotency-mismatch" UNPROCESSABLE_ENTITY "Idempotency key used before"
        "This idempotency key was used with another request. Use a new key for a new request.";
    PreconditionRequired "precondition-required" PRECONDITION_REQUIRED "If-Match required"
        "Say which version the change is based on: send the ETag of the resource as `If-Match`.";
    TooManyAttempts "too-many-attempts" TOO_MANY_REQUESTS "Too many attempts"
        "Too many attempts failed. The next one is possible after the time in `Retry-After`; each further failure doubles it.";
    TooManyRequests "too-many-requests" TOO_MANY_REQUESTS "Too many requests"
        "Too many requests come from this address without a key or session. Retry after the time in `Retry-After`.";
    Internal "internal" INTERNAL_SERVER_ERROR "Internal error"
        "The server failed. Nothing is known to be wrong with the request; its id finds the cause in the log.";
    StoredDataUnreadable "stored-data-unreadable" INTERNAL_SERVER_ERROR "Stored data cannot be read"
        "Stored data is damaged, was tampered with, or is sealed under another key. An operator has to look.";
    NotImplemented "not-implemented" NOT_IMPLEMENTED "Not available yet"
        "The path is reserved and does nothing in this version.";
    Overloaded "overloaded" SERVICE_UNAVAILABLE "Server is busy"
        "Too much is being worked on. Retry after the time in `Retry-After`.";
    Timeout "timeout" SERVICE_UNAVAILABLE "Took too long"
        "The request was not finished within the time limit. With an idempotency key it is safe to repeat it.";
    ModelUnavailable "model-unavailable" SERVICE_UNAVAILABLE "No speaker model"
        "No speaker model can be used, or not the one the configuration asks for. `/health/ready` names what is wrong.";
    StorageUnavailable "storage-unavailable" SERVICE_UNAVAILABLE "Database unavailable"
        "The database does not answer. Retry after the time in `Retry-After`.";
}

/// A problem document.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// Identifies the kind of problem; stable. Resolves to an explanation.
    #[schema(example = "/problems/already-enrolled")]
    #[serde(rename = "type")]
    pub type_uri: String,
    /// Short name of the kind.
    #[schema(example = "Already enrolled")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    pub status: u16,
    /// A sentence that a person can act on.
    pub detail: String,
    /// Finds this request in log and audit records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The part of the request that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The scope that the API key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Every wrong field of a refused configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub faults: Vec<FaultBody>,
}

/// One wrong field of a refused configuration.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultBody {
    /// Where, e.g. `enrolment.min_samples`.
    #[schema(example = "enrolment.min_samples")]
    pub path: String,
    /// What is wrong.
    #[schema(example = "lower than 1")]
    pub message: String,
}

impl Problem {
    /// A problem of `kind`.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            type_uri: format!("/problems/{}", kind.slug()),
            title: kind.title().into(),
            status: kind.status().as_u16(),
            // Refusals quote what was sent; nobody needs all of a megabyte.
            detail: detail.into().chars().take(MAX_DETAIL).collect(),
            request_id: None,
            field: None,
            scope: None,
            faults: Vec::new(),
        }
    }
}

impl IntoResponse for Problem {
    /// The document; a copy rides along in the extensions, so that [`with_request_id`] can complete it.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the request id into a problem document; leaves every other response alone.
#[must_use]
pub fn with_request_id(mut response: Response, request_id: &str) -> Response {
    let Some(mut problem) = response.extensions_mut().remove::<Problem>() else { return response };
    problem.request_id = Some(request_id.to_owned());
    if let Ok(body) = serde_json::to_vec(&problem) {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(body);
    }
    response
}
