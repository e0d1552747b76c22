//! `POST /api/v1/voice/auth/verify-age-acoustic`

use crate::error::ApiError;
use crate::openapi::Protected;
use crate::problem::{Kind, Problem};

/// Verify an age from the voice (not available yet)
///
/// The path is reserved; every call is answered with status 501.
#[utoipa::path(
    post,
    path = "/api/v1/voice/auth/verify-age-acoustic",
    tag = "voice",
    responses(
        Protected,
        (status = 501, body = Problem, content_type = "application/problem+json", description = "Age verification is not available in this version."),
    ),
    security(("bearer" = ["verify"]), ("api_key" = ["verify"])),
)]
pub async fn verify_age_acoustic() -> ApiError {
    ApiError::new(Kind::NotImplemented, "Age verification is not available in this version.")
}
