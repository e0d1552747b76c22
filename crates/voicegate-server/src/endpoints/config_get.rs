//! `GET /api/v1/voice/auth/config`

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{ETAG, HeaderName};
use voicegate_service::Service;
use voicegate_service::usecase::configuration::ConfigurationView;

use crate::error::ApiError;
use crate::openapi::Protected;
use crate::wire;

/// An answer with its version as ETag.
pub type Versioned = ([(HeaderName, HeaderValue); 1], Json<ConfigurationView>);

/// Puts the version into the header.
pub(super) fn versioned(view: ConfigurationView) -> Versioned {
    let tag =
        HeaderValue::try_from(format!("\"{}\"", view.version)).expect("a number in quotes is a header value");
    ([(ETAG, tag)], Json(view))
}

/// The configuration in force
///
/// What is in force, what was set at run time, and which sections wait for a restart. The `ETag` is the version that a
/// change has to name in `If-Match`.
#[utoipa::path(
    get,
    path = "/api/v1/voice/auth/config",
    tag = "configuration",
    responses(
        (status = 200, body = wire::config::Configuration, description = "The configuration.",
            headers(("ETag" = String, description = "Version of the runtime overrides, in quotes."))),
        Protected,
    ),
    security(("bearer" = ["read-config"]), ("api_key" = ["read-config"])),
)]
pub async fn config_get(State(service): State<Service>) -> Result<Versioned, ApiError> {
    Ok(versioned(service.configuration().await?))
}
