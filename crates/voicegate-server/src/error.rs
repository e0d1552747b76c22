//! The error policy.
//!
//! - A caller learns what it can act on: the kind of problem, a sentence, the field to blame.
//! - What happened inside (database errors, paths, panics) is logged with the request id and never returned.
//! - Wrong requests are 4xx and are not logged as errors; 5xx are ours and always are.
//! - What may go away by itself says when to come back (`Retry-After`).
//!
//! An attempt that was carried out and came to nothing is no error: REJECT and INCONCLUSIVE are answers with status 200.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use voicegate_core::access::Scope;
use voicegate_service::ServiceError;
use voicegate_service::ports::StoreError;
use voicegate_service::signature::SignatureError;

use crate::problem::{FaultBody, Kind, Problem};

/// A refusal or failure on its way to the caller.
#[derive(Debug)]
pub struct ApiError {
    problem: Box<Problem>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// An error of `kind` with a sentence for the caller.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { problem: Box::new(Problem::new(kind, detail)), header: None }
    }

    /// A wrong request whose `field` is to blame.
    #[must_use]
    pub fn field(field: &str, detail: impl Into<String>) -> Self {
        let mut error = Self::new(Kind::InvalidRequest, detail);
        error.problem.field = Some(field.chars().take(100).collect());
        error
    }

    /// The key lacks `scope`.
    #[must_use]
    pub fn forbidden(scope: Scope) -> Self {
        let mut error =
            Self::new(Kind::Forbidden, format!("This needs an API key with the scope '{scope}'."));
        error.problem.scope = Some(scope.as_str().into());
        error
    }

    /// The path is for people who are logged in, not for programs.
    #[must_use]
    pub fn people_only() -> Self {
        Self::new(
            Kind::Forbidden,
            "This is for people who are logged in: send a session token, not an API key.",
        )
    }

    /// The session does not count yet.
    #[must_use]
    pub fn step_up_needed() -> Self {
        Self::new(
            Kind::StepUpNeeded,
            "Something more is asked for in this session; give it at /api/v1/sessions/step-up.",
        )
    }

    /// A person named somebody else.
    #[must_use]
    pub fn somebody_else() -> Self {
        Self::new(Kind::SomebodyElse, "A session is for its own person; nobody else can be named in it.")
    }

    /// Nobody can be told from the request.
    #[must_use]
    pub fn unauthenticated(detail: &str, challenge: &'static str) -> Self {
        let mut error = Self::new(Kind::Unauthenticated, detail);
        error.header = Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        error
    }

    /// Something inside failed; `cause` goes to the log alone.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(
            Kind::Internal,
            "The server failed. Give the request id to the operator, who finds the cause in the log.",
        )
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.header = Some((header::RETRY_AFTER, HeaderValue::from(seconds)));
        self
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let detail = sentence(&error);
        match error {
            ServiceError::Invalid(_) => Self::new(Kind::InvalidRequest, detail),
            ServiceError::Prompt(_) => Self::field("length", format!("length: {detail}")),
            // Why stands in the record: whoever guesses at challenges shall not learn whose they are.
            ServiceError::Challenge(_) => Self::new(
                Kind::ChallengeRefused,
                "The challenge was used before, has expired, or is not one for this person, device and purpose; ask for a new one.",
            ),
            ServiceError::NotEnrolled(_) => Self::new(Kind::NotEnrolled, detail),
            ServiceError::Revoked(_) => Self::new(Kind::ProfileRevoked, detail),
            ServiceError::Incomplete(_) => Self::new(Kind::EnrolmentIncomplete, detail),
            ServiceError::AlreadyEnrolled(_) => Self::new(Kind::AlreadyEnrolled, detail),
            ServiceError::AlreadyRegistered(_) => Self::new(Kind::AlreadyRegistered, detail),
            ServiceError::WrongCredentials => {
                let mut error = Self::new(Kind::WrongCredentials, detail);
                let bearer = HeaderValue::from_static(r#"Bearer realm="voicegate""#);
                error.header = Some((header::WWW_AUTHENTICATE, bearer));
                error
            }
            ServiceError::TooManyAttempts { seconds, .. } => {
                Self::new(Kind::TooManyAttempts, detail).retry_after(seconds)
            }
            ServiceError::ModelUnavailable(cause) => {
                tracing::error!(%cause, "no speaker model is available");
                Self::new(Kind::ModelUnavailable, "No speaker model is available; an operator has to look.")
                    .retry_after(30)
            }
            // The names are the operator's and stand in other answers too; whoever set them has to find them again.
            ServiceError::Misconfigured(_) => {
                tracing::error!(cause = detail, "no voice can be verified as configured");
                Self::new(Kind::ModelUnavailable, detail).retry_after(30)
            }
            ServiceError::Overloaded => Self::new(Kind::Overloaded, detail).retry_after(1),
            ServiceError::Config(refused) => {
                let mut error = Self::new(
                    Kind::InvalidConfiguration,
                    "The configuration is refused and the old one stays in force; the wrong fields are listed in 'faults'.",
                );
                let faults = refused.faults.into_iter();
                error.problem.faults =
                    faults.map(|fault| FaultBody { path: fault.path, message: fault.message }).collect();
                error
            }
            ServiceError::Signature(error) => error.into(),
            ServiceError::Device(_) => Self::new(Kind::DeviceRefused, detail),
            ServiceError::Conflict => Self::new(Kind::Conflict, detail),
            ServiceError::NotFound(_) => Self::new(Kind::NotFound, detail),
            ServiceError::Store(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

impl From<SignatureError> for ApiError {
    fn from(error: SignatureError) -> Self {
        let mut refusal = Self::new(Kind::SignatureRefused, sentence(&error));
        // RFC 9110 asks for a challenge and no scheme is registered for signatures; a key or session does instead of one.
        let bearer = HeaderValue::from_static(r#"Bearer realm="voicegate""#);
        refusal.header = Some((header::WWW_AUTHENTICATE, bearer));
        refusal
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Conflict => ServiceError::Conflict.into(),
            StoreError::Unreadable { .. } | StoreError::Damaged(_) => {
                tracing::error!(%error, "stored data cannot be read");
                Self::new(
                    Kind::StoredDataUnreadable,
                    "Stored data cannot be read. Give the request id to the operator.",
                )
            }
            StoreError::Unavailable(cause) => {
                tracing::error!(%cause, "the database is not available");
                Self::new(Kind::StorageUnavailable, "The database is not available; try again shortly.")
                    .retry_after(5)
            }
            StoreError::Database(cause) => Self::internal(cause),
            other => Self::internal(other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (*self.problem).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// An error's message as a sentence: a capital first, a full stop last.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str().trim_end_matches('.')),
        None => text,
    }
}
