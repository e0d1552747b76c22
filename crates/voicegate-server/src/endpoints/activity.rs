//! `GET /api/v1/activity`

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::Service;
use voicegate_service::ports::{Notice, NoticeKind};
use voicegate_service::usecase::notice::MAX_NOTICES;

use crate::error::ApiError;
use crate::extract::Query;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::who::Who;
use crate::wire;

/// Parameters after the question mark.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Whose; only with an API key.
    #[param(value_type = Option<wire::person::UserId>)]
    user_id: Option<PersonId>,
    /// The last one already seen.
    before: Option<Uuid>,
    /// Most in the answer.
    #[serde(default = "default_limit")]
    #[param(required = false, minimum = 1, maximum = 100, default = 50)]
    limit: u32,
}

fn default_limit() -> u32 {
    50
}

/// Something that happened to an account or voice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Activity {
    /// Identity; that of the webhook's message, if there was one.
    id: Uuid,
    /// When it happened.
    at: Timestamp,
    /// What happened.
    #[schema(value_type = wire::notice::NoticeKind)]
    kind: NoticeKind,
    /// What more there is to say.
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

impl From<Notice> for Activity {
    fn from(notice: Notice) -> Self {
        Self { id: notice.id, at: notice.at, kind: notice.kind, details: notice.details }
    }
}

/// Read the activity list
///
/// What happened to a person's account, voice and devices, the newest first; kept for 90 days.
#[utoipa::path(
    get,
    path = "/api/v1/activity",
    tag = "accounts",
    params(Parameters),
    responses(
        (status = 200, body = Vec<Activity>, description = "What happened."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter is wrong."),
    ),
    security(("bearer" = ["login"]), ("api_key" = ["login"]), ("session" = [])),
)]
pub async fn activity(
    State(service): State<Service>,
    Extension(who): Extension<Who>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Vec<Activity>>, ApiError> {
    let Parameters { user_id, before, limit } = parameters;
    if !(1..=MAX_NOTICES).contains(&limit) {
        return Err(ApiError::field("limit", format!("limit: 1 to {MAX_NOTICES}.")));
    }
    let notices = service.activity(&who.person(user_id)?, before, limit).await?;
    Ok(Json(notices.into_iter().map(Activity::from).collect()))
}
