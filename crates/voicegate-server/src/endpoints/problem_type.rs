//! `GET /problems/{kind}`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Path;
use crate::problem::{Kind, Problem};

/// What a problem type means.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemType {
    /// The URI.
    #[schema(example = "/problems/already-enrolled")]
    r#type: String,
    /// Short name.
    title: &'static str,
    /// HTTP status it comes with.
    status: u16,
    /// What it means and what to do about it.
    meaning: &'static str,
}

/// What a problem type means
///
/// Where the `type` of a problem document leads.
#[utoipa::path(
    get,
    path = "/problems/{kind}",
    tag = "operation",
    params(("kind" = String, Path, description = "Last part of the `type`.", example = "already-enrolled")),
    responses(
        (status = 200, body = ProblemType, description = "The meaning."),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such type."),
    ),
    security(()),
)]
pub async fn problem_type(Path(slug): Path<String>) -> Result<Json<ProblemType>, ApiError> {
    let kind = Kind::ALL.iter().find(|kind| kind.slug() == slug);
    let kind = kind.ok_or_else(|| ApiError::new(Kind::NotFound, "There is no such problem type."))?;
    Ok(Json(ProblemType {
        r#type: format!("/problems/{}", kind.slug()),
        title: kind.title(),
        status: kind.status().as_u16(),
        meaning: kind.meaning(),
    }))
}
