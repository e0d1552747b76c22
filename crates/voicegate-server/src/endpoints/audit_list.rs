//! `GET /api/v1/voice/audit`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use voicegate_service::Service;
use voicegate_service::ports::AuditRecord;

use crate::error::ApiError;
use crate::extract::Query;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::wire;

/// Most records in a page.
const MAX_LIMIT: u32 = 1000;

/// Parameters after the question mark.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Number of the last record already seen.
    #[serde(default)]
    #[param(required = false, default = 0)]
    after: u64,
    /// Most records in the answer.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 1000, default = 100)]
    limit: u32,
}

fn default_limit() -> u32 {
    100
}

/// One page of audit records.
#[derive(Debug, Serialize)]
pub struct Page {
    records: Vec<AuditRecord>,
    next_after: Option<u64>,
}

/// Read the audit log
///
/// Records in the order they were written. People are pseudonyms here.
#[utoipa::path(
    get,
    path = "/api/v1/voice/audit",
    tag = "audit",
    params(Parameters),
    responses(
        (status = 200, body = wire::audit::AuditPage, description = "One page of records."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter is wrong."),
    ),
    security(("bearer" = ["read-audit"]), ("api_key" = ["read-audit"])),
)]
pub async fn audit_list(
    State(service): State<Service>,
    Query(Parameters { after, limit }): Query<Parameters>,
) -> Result<Json<Page>, ApiError> {
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::field("limit", format!("limit: 1 to {MAX_LIMIT}.")));
    }
    if i64::try_from(after).is_err() {
        return Err(ApiError::field("after", "after: there are no such numbers."));
    }
    let records = service.store().audit_records(after, limit).await?;
    let full = records.len() == limit as usize;
    let next_after = records.last().filter(|_| full).map(|record| record.seq);
    Ok(Json(Page { records, next_after }))
}
