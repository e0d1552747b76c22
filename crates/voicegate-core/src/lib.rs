//! The pure decisions of voicegate: no IO, no async, no clock, no randomness.
//!
//! Everything here is a function of its arguments, so that a decision can be repeated from its audit record and
//! tested over its whole input space. Time comes in as [`jiff::Timestamp`] values; nothing reads a clock.
//!
//! | module | holds |
//! |---|---|
//! | [`person`] | the name of an enrolled person |
//! | [`embedding`] | unit-length speaker embeddings and their cosine |
//! | [`voiceprint`] | what the speaker models made of one recording |
//! | [`template`] | what is kept of a voice: exemplars and their means |
//! | [`fusion`] | several speaker models that judge together |
//! | [`enrolment`] | which samples may join a template, and when it is complete |
//! | [`score`] | one attempt against a template |
//! | [`decide`] | evidence × policy → outcome with reasons |
//! | [`error_rates`] | EER, FAR, FRR and their intervals |
//! | [`audit`] | the keyed hash chain and its checkpoints |
//! | [`access`] | scopes of API keys |

pub mod access;
pub mod audit;
pub mod decide;
pub mod embedding;
pub mod enrolment;
pub mod error_rates;
pub mod fusion;
pub mod person;
pub mod score;
pub mod template;
pub mod voiceprint;

pub use embedding::{Embedding, EmbeddingError};
pub use fusion::Fusion;
pub use person::PersonId;
pub use template::{Exemplar, Template, TemplatePart};
pub use voiceprint::Voiceprint;
