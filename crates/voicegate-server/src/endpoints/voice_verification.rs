//! `POST /api/voice-verification`

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use voicegate_core::advisor::{Advice, Facts, Question, QuestionError};
use voicegate_service::advisor::{Advisor, NoAdvice};

use crate::error::ApiError;
use crate::extract::Json;
use crate::metrics::Metrics;
use crate::openapi::Protected;
use crate::problem::Problem;
use crate::wire;
use crate::wire::advisor::AdviceSource;

/// An advice and where it comes from.
#[derive(Debug, Serialize)]
pub struct Advised {
    #[serde(flatten)]
    advice: Advice,
    source: AdviceSource,
    model: Option<String>,
    no_advice: Option<NoAdvice>,
}

/// Ask for advice on a verification
///
/// What the language model of `advisor` makes of a verification that was measured elsewhere; where there is none, or it gives
/// no answer in time, what the rules of the risk engine make of it. Nothing is decided or stored. The model is shown the
/// numbers and how far the device is trusted, never the person's name.
///
/// A request with an `Idempotency-Key` is refused: each question is asked anew.
#[utoipa::path(
    post,
    path = "/api/voice-verification",
    tag = "voice",
    request_body(content = wire::advisor::VoiceVerification, example = json!({
        "similarity_score": 0.82, "threshold": 0.75,
        "user_context": {"user_id": "alice", "device_trust_level": "TRUSTED", "is_new_device": false}
    })),
    responses(
        (status = 200, body = wire::advisor::VoiceAdvice, description = "The advice."),
        Protected,
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A part of the request is missing, malformed or out of range, or it has an idempotency key; `field` names it."),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "The body is not JSON."),
    ),
    security(("bearer" = ["verify"]), ("api_key" = ["verify"])),
)]
pub async fn voice_verification(
    State(advisor): State<Arc<Advisor>>,
    State(metrics): State<Metrics>,
    Json(question): Json<Question>,
) -> Result<axum::Json<Advised>, ApiError> {
    question.check().map_err(|error| {
        let field = match error {
            QuestionError::Similarity => "similarity_score",
            QuestionError::Threshold => "threshold",
        };
        ApiError::field(field, format!("{error}."))
    })?;
    let asked = advisor.ask(&Facts::new(&question, None)).await;
    metrics.advice(asked.advice.as_ref().err().copied(), asked.elapsed);
    Ok(axum::Json(match asked.advice {
        Ok(advice) => Advised {
            advice,
            source: AdviceSource::Model,
            model: advisor.model().map(str::to_owned),
            no_advice: None,
        },
        Err(why) => Advised {
            advice: Advice::from_rules(&question, None),
            source: AdviceSource::Rules,
            model: None,
            no_advice: Some(why),
        },
    }))
}
