//! What a language model may do about a decision: little, within bounds that hold whatever it says.
//!
//! It is shown [`Facts`], numbers and closed enumerations, so that no caller can talk to it, and gives an [`Advice`].
//! [`consult`] is the only place where an advice meets a decision. Without a model the rules answer ([`Advice::from_rules`])
//! on the wire, and the decision stays as it is. The [`Breaker`] keeps a model that does not answer from being asked.

mod advice;
mod breaker;
mod consult;
mod facts;
mod question;
mod rules;
#[cfg(test)]
mod tests;

pub use advice::{Advice, AdviceError, AdvisedRisk, Recommendation};
pub use breaker::{Breaker, BreakerPolicy};
pub use consult::{Consulted, Effect, MOST_LOOSENED, Mode, consult};
pub use facts::{FactorFact, Facts, RiskFacts};
pub use question::{Question, QuestionError, UserContext};
