//! `GET /api/v1/voice/audit/verify`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use voicegate_core::audit::Breach;
use voicegate_service::Service;

use crate::error::ApiError;
use crate::openapi::Protected;
use crate::wire::biometric::Reason;

/// What a walk over the audit chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditReport {
    /// Whether every record is in its place and unchanged.
    intact: bool,
    /// Records that were verified.
    records: u64,
    /// Checkpoints that were met.
    checkpoints: u64,
    /// The first breach; `null` if the chain is whole.
    breach: Option<Reason>,
}

/// Verify the audit chain
///
/// Walks the whole log and checks every link and checkpoint. Long logs are better verified on the command line.
#[utoipa::path(
    get,
    path = "/api/v1/voice/audit/verify",
    tag = "audit",
    responses((status = 200, body = AuditReport, description = "What was found."), Protected),
    security(("bearer" = ["read-audit"]), ("api_key" = ["read-audit"])),
)]
pub async fn audit_verify(State(service): State<Service>) -> Result<Json<AuditReport>, ApiError> {
    let report = service.store().verify_audit(&|_, _| {}).await?;
    if let Some(breach) = &report.breach {
        tracing::error!(%breach, "the audit chain is broken");
    }
    Ok(Json(AuditReport {
        intact: report.breach.is_none(),
        records: report.records,
        checkpoints: report.checkpoints,
        breach: report
            .breach
            .map(|breach| Reason { code: code(&breach).into(), message: format!("{breach}.") }),
    }))
}

fn code(breach: &Breach) -> &'static str {
    match breach {
        Breach::Changed { .. } => "record_changed",
        Breach::Missing { .. } => "record_missing",
        Breach::Truncated { .. } => "log_cut",
        Breach::CheckpointMismatch { .. } => "checkpoint_mismatch",
        Breach::CheckpointForged { .. } => "checkpoint_forged",
        Breach::CheckpointMissing { .. } => "checkpoint_missing",
    }
}
