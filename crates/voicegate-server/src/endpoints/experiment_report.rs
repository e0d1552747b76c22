//! `GET /api/v1/voice/experiments/{name}`

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use voicegate_service::Service;
use voicegate_service::usecase::experiment::ExperimentReport;

use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::wire;

/// Parameters after the question mark.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Counts the attempts at or after this time, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime, required = false, example = "2026-01-01T00:00:00Z")]
    since: Option<Timestamp>,
}

/// How an experiment goes
///
/// How the verifications in each arm ended, counted in the audit log: at most the newest 100 000 of them. An experiment
/// is the section `experiment` of the configuration; one that has ended can still be asked for by its name.
#[utoipa::path(
    get,
    path = "/api/v1/voice/experiments/{name}",
    tag = "configuration",
    params(("name" = String, Path, description = "Its name."), Parameters),
    responses(
        (status = 200, body = wire::experiment::ExperimentReport, description = "The outcomes of both arms."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter is wrong."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No experiment of this name runs, and none has any attempts."),
    ),
    security(("bearer" = ["read-config"]), ("api_key" = ["read-config"])),
)]
pub async fn experiment_report(
    State(service): State<Service>,
    Path(name): Path<String>,
    Query(Parameters { since }): Query<Parameters>,
) -> Result<Json<ExperimentReport>, ApiError> {
    Ok(Json(service.experiment_report(&name, since).await?))
}
