//! `GET /health/live`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// A sign of life.
#[derive(Debug, Serialize, ToSchema)]
pub struct Live {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Is the process alive?
///
/// Asks nothing of database or models: for deciding on a restart.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "operation",
    responses((status = 200, body = Live, description = "It is.")),
    security(()),
)]
pub async fn live() -> Json<Live> {
    Json(Live { status: "ok" })
}
