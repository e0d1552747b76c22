//! `GET /health` of the advisor on its own

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use voicegate_service::advisor::{Advisor, Standing};

use super::health::Status;

/// How the advisor is.
#[derive(Debug, Serialize)]
pub struct AdvisorHealth {
    /// The whole. Without its model it is degraded and answers from the rules.
    status: Status,
    /// How the model is.
    advisor: Standing,
    /// What Ollama calls it.
    model: Option<String>,
    /// Version of the program.
    version: &'static str,
}

/// Asks the model's server, within two seconds.
pub async fn advisor_health(State(advisor): State<Arc<Advisor>>) -> Json<AdvisorHealth> {
    let standing = advisor.health().await;
    let status = match standing {
        Standing::Off | Standing::Ready => Status::Ready,
        Standing::Missing | Standing::Unreachable => Status::Degraded,
    };
    let model = advisor.model().map(str::to_owned);
    Json(AdvisorHealth { status, advisor: standing, model, version: env!("CARGO_PKG_VERSION") })
}
