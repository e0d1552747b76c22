//! `GET /health/ready` and `GET /health`

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use voicegate_service::{Service, ServiceError};

/// Longest wait for the database.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything works.
    Ready,
    /// Requests are answered, but something has to be looked at.
    Degraded,
    /// Requests cannot be answered.
    Unavailable,
}

/// How each part is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// The whole.
    status: Status,
    /// Whether the database answers.
    database: bool,
    /// The speaker model or fusion in use; `null` if there is none.
    speaker_model: Option<String>,
    /// Why no voice can be verified; `null` if it can.
    fault: Option<String>,
    /// Models that were refused; `/api/v1/voice/models` says why.
    degraded_models: Vec<String>,
    /// Version of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Can requests be answered?
///
/// Asks the database and names the speaker model in use: for deciding on traffic. A server without a speaker model, or
/// with one that has no threshold or is not the one the configuration asks for, is unavailable; one that runs on a fallback is degraded.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "operation",
    responses(
        (status = 200, body = Health, description = "They can."),
        (status = 503, body = Health, description = "They cannot; the answer says why."),
    ),
    security(()),
)]
pub async fn ready(State(service): State<Service>) -> (StatusCode, Json<Health>) {
    let database = match timeout(PING_TIMEOUT, service.store().ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("the database does not answer in time");
            false
        }
    };
    let models = service.models();
    let degraded = models.health().iter().filter(|model| model.is_degraded());
    let degraded_models: Vec<String> = degraded.map(|model| model.id.to_string()).collect();
    let speaker_model = models.speakers().ok().map(|speakers| speakers.serving().id.to_string());
    let fault = service.can_decide().err().map(|error| {
        // Anybody may ask here: the cause, with paths and the runtime's words, is for the log.
        tracing::warn!(%error, "no voice can be verified");
        match error {
            ServiceError::Misconfigured(fault) => format!("{}: {}.", fault.path, fault.message),
            _ => "No speaker model can be used, or it has no threshold.".to_owned(),
        }
    });
    let status = match (database && fault.is_none(), degraded_models.is_empty()) {
        (false, _) => Status::Unavailable,
        (true, false) => Status::Degraded,
        (true, true) => Status::Ready,
    };
    let code = if status == Status::Unavailable { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (
        code,
        Json(Health {
            status,
            database,
            speaker_model,
            fault,
            degraded_models,
            version: env!("CARGO_PKG_VERSION"),
        }),
    )
}

/// How is the server?
///
/// The same as `/health/ready`.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    responses(
        (status = 200, body = Health, description = "Requests can be answered."),
        (status = 503, body = Health, description = "They cannot; the answer says why."),
    ),
    security(()),
)]
pub async fn health(service: State<Service>) -> (StatusCode, Json<Health>) {
    ready(service).await
}
