//! Advice on a verification.

use serde::Serialize;
use utoipa::ToSchema;

/// One verification to be judged. `device_trust_level` may be left out where it is not known.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceVerification {
    /// Similarity of the voice.
    #[schema(minimum = 0, maximum = 1, example = 0.82)]
    pub similarity_score: f32,
    /// What it is compared with.
    #[schema(minimum = 0, maximum = 1, example = 0.75)]
    pub threshold: f32,
    /// Whose verification it is, and from where.
    pub user_context: UserContext,
}

/// Whose verification it is, and from where.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserContext {
    /// The person. No model is shown it.
    #[schema(example = "alice")]
    pub user_id: String,
    /// How far the device is trusted; `null` if that is not known.
    pub device_trust_level: Option<TrustLevel>,
    /// Whether the device is new for the person.
    pub is_new_device: bool,
}

/// How far a device is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrustLevel {
    /// Named, and not bound yet.
    Pending,
    /// Bound, and in good standing.
    Trusted,
    /// Bound, and something about it was odd.
    Suspicious,
    /// No longer bound.
    Revoked,
}

/// How a verification is judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceAdvice {
    /// How sure the advisor is.
    #[schema(minimum = 0, maximum = 1, example = 0.83)]
    pub confidence: f32,
    /// How risky it finds the verification.
    pub risk_level: AdvisedRisk,
    /// What it recommends.
    pub recommendation: Recommendation,
    /// Why, in words. A model's own words are cut after 500 characters.
    pub reasoning: String,
    /// Who judged.
    pub source: AdviceSource,
    /// What Ollama calls the model that judged; `null` if the rules did.
    #[schema(example = "llama3.1:8b")]
    pub model: Option<String>,
    /// Why no model judged; `null` if one did.
    pub no_advice: Option<NoAdvice>,
}

/// How risky an advisor finds a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdvisedRisk {
    /// Nothing stands out.
    Low,
    /// Something does.
    Medium,
    /// Much does.
    High,
}

/// What an advisor recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Recommendation {
    /// To accept.
    Accept,
    /// To reject.
    Reject,
    /// To ask for another proof.
    RequestAdditionalVerification,
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdviceSource {
    /// The rules of the risk engine.
    Rules,
    /// A language model.
    Model,
}

/// Why no model judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoAdvice {
    /// None is configured.
    Off,
    /// It failed again and again, and is left alone for a while.
    CircuitOpen,
    /// Too many ask at a time.
    Busy,
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Unreachable,
    /// Its server refuses or fails.
    Status,
    /// The answer is too long.
    TooLarge,
    /// The answer is no JSON.
    NotJson,
    /// The answer has other fields or values than were asked for.
    OutOfRange,
}
