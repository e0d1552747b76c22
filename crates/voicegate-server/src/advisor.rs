//! The advisor as a service of its own: no database, no speaker models.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::time::Instant;
use voicegate_service::advisor::Advisor;

use crate::endpoints::advisor_health::advisor_health;
use crate::endpoints::voice_verification::voice_verification;
use crate::error::ApiError;
use crate::metrics::Metrics;
use crate::middleware::access_log::access_log;
use crate::middleware::authenticate::secret;
use crate::middleware::body::Deadline;
use crate::middleware::panics::catch_panics;
use crate::middleware::security_headers::security_headers;
use crate::middleware::timeout::timeout;
use crate::problem::Kind;
use crate::serve::accept;

/// Longest question in bytes.
const MAX_BODY: usize = 16 * 1024;
/// Longest time for a question to arrive, beside the time that its answer may take.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The key that callers have to send, as its SHA-256.
#[derive(Clone)]
pub struct SharedKey([u8; 32]);

impl SharedKey {
    /// The key `secret`.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    fn is(&self, secret: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(secret).into();
        self.0.ct_eq(&digest).into()
    }
}

#[derive(Clone)]
struct AdvisorState {
    advisor: Arc<Advisor>,
    metrics: Metrics,
}

impl FromRef<AdvisorState> for Arc<Advisor> {
    fn from_ref(state: &AdvisorState) -> Self {
        state.advisor.clone()
    }
}

impl FromRef<AdvisorState> for Metrics {
    fn from_ref(state: &AdvisorState) -> Self {
        state.metrics.clone()
    }
}

/// Serves `POST /api/voice-verification`, which needs `key` where there is one, and `GET /health`, until `shutdown` is
/// ready.
///
/// # Errors
/// As [`crate::serve()`].
pub async fn serve_advisor(
    listener: TcpListener,
    advisor: Arc<Advisor>,
    key: Option<SharedKey>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let metrics = Metrics::new();
    let router = router(AdvisorState { advisor, metrics: metrics.clone() }, key);
    accept(listener, router, metrics, shutdown).await
}

fn router(state: AdvisorState, key: Option<SharedKey>) -> Router {
    let mut questions = Router::new()
        .route("/api/voice-verification", post(voice_verification))
        .route_layer(from_fn(timeout))
        .route_layer(from_fn_with_state(state.advisor.answers_within() + ARRIVAL, deadline))
        .route_layer(DefaultBodyLimit::max(MAX_BODY));
    if let Some(key) = key {
        questions = questions.route_layer(from_fn_with_state(key, authenticate));
    }
    questions
        .route("/health", get(advisor_health))
        .fallback(|| async {
            let detail = "There are POST /api/voice-verification and GET /health, and nothing else.";
            ApiError::new(Kind::NotFound, detail)
        })
        .method_not_allowed_fallback(|| async {
            ApiError::new(Kind::MethodNotAllowed, "This path does not take this method.")
        })
        .layer(catch_panics())
        .layer(from_fn_with_state(state.clone(), access_log))
        .layer(from_fn(security_headers))
        .with_state(state)
}

/// Says when the request has to be answered.
async fn deadline(State(within): State<Duration>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Deadline(Instant::now() + within));
    next.run(request).await
}

/// Lets the holder of the key through.
async fn authenticate(
    State(key): State<SharedKey>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if !key.is(secret(request.headers())?) {
        return Err(ApiError::unauthenticated(
            "The API key is not the one of this service.",
            r#"Bearer realm="voicegate", error="invalid_token""#,
        ));
    }
    Ok(next.run(request).await)
}
