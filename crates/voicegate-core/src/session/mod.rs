//! What keeps a session open after the login: its limits in time, and its confidence that the person still speaks.

mod confidence;
mod lifetime;
#[cfg(test)]
mod tests;

pub use confidence::{Confidence, ConfidencePolicy, Utterance};
pub use lifetime::Lifetime;
