//! The language model's part in a login.

use std::time::Duration;

use serde::Serialize;
use voicegate_core::advisor::{
    Advice, AdvisedRisk, Effect, Facts, Mode, Question, Recommendation, UserContext, consult,
};
use voicegate_core::decide::{Decision, Evidence};
use voicegate_core::risk::Risk;

use crate::Service;
use crate::advisor::NoAdvice;
use crate::usecase::device::presented::Presented;

/// What the language model said and what that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdviceReport {
    /// What Ollama calls the model.
    pub model: Option<String>,
    /// What it said; `null` if it gave no advice.
    pub advice: Option<Advice>,
    /// Why it gave none.
    pub no_advice: Option<NoAdvice>,
    /// What the advice did to the decision.
    pub effect: Effect,
    /// How long asking took.
    #[serde(skip)]
    pub elapsed: Duration,
}

impl Service {
    /// Asks the language model where its advice could change anything, and lets it. A voice far from the person's is never
    /// asked about: that keeps the time of a rejection the same for everybody.
    pub(super) async fn advised(
        &self,
        decision: Decision,
        evidence: &Evidence,
        presented: &Presented,
        risk: &Risk,
        mode: Mode,
    ) -> (Decision, Option<AdviceReport>) {
        if !could_change(&decision, evidence, mode) {
            return (decision, None);
        }
        let question = Question {
            similarity_score: decision.similarity.unwrap_or(0.0),
            threshold: decision.threshold.value,
            user_context: UserContext {
                user_id: String::new(),
                device_trust_level: Some(presented.trust()),
                is_new_device: presented.proven().is_none(),
            },
        };
        let asked = self.advisor.ask(&Facts::new(&question, Some(risk))).await;
        let consulted = consult(decision, evidence, asked.advice.as_ref().ok(), mode);
        let report = AdviceReport {
            model: self.advisor.model().map(str::to_owned),
            no_advice: asked.advice.as_ref().err().copied(),
            advice: asked.advice.ok(),
            effect: consulted.effect,
            elapsed: asked.elapsed,
        };
        (consulted.decision, Some(report))
    }
}

/// Whether any advice would make a difference.
fn could_change(decision: &Decision, evidence: &Evidence, mode: Mode) -> bool {
    let extremes = [(Recommendation::Reject, AdvisedRisk::High), (Recommendation::Accept, AdvisedRisk::Low)];
    extremes.into_iter().any(|(recommendation, risk_level)| {
        let advice = Advice { confidence: 1.0, risk_level, recommendation, reasoning: String::new() };
        consult(decision.clone(), evidence, Some(&advice), mode).effect != Effect::None
    })
}
