//! `GET /api/openapi.json`

use std::sync::Arc;

use axum::Extension;
use axum::http::header::{CONTENT_TYPE, HeaderName};

/// The rendered document.
#[derive(Debug, Clone)]
pub struct Rendered(pub Arc<str>);

/// This document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operation",
    responses((status = 200, body = Object, content_type = "application/json", description = "OpenAPI 3.1.")),
    security(()),
)]
pub async fn openapi_json(
    Extension(Rendered(text)): Extension<Rendered>,
) -> ([(HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, "application/json")], text.to_string())
}
