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
//! | [`quality`] | how well a voice could be heard, and in which acoustic condition |
//! | [`score`] | one attempt against a template |
//! | [`calibration`] | scores and quality → log-likelihood ratio |
//! | [`session`] | how long a session lives, and how sure it is of its person |
//! | [`similarity`] | the scale of the answers |
//! | [`countermeasure`] | detectors of replayed and made speech → log-likelihood ratio, and its verdict |
//! | [`threshold`] | how similar a voice must be under the circumstances |
//! | [`challenge`] | words to be said for one attempt, and whether they were |
//! | [`experiment`] | which arm of an experiment a person is in |
//! | [`device`] | a device bound to a person: trust, and the proofs that change it |
//! | [`risk`] | how unusual a login is, and what is asked for because of it |
//! | [`decide`] | evidence × policy × circumstances → outcome with reasons |
//! | [`advisor`] | what a language model is shown, and what its advice may change |
//! | [`ageing`] | what an accepted attempt may teach a template |
//! | [`limits`] | how often somebody may fail before they have to wait |
//! | [`metrics`] | EER, FRR at FAR, detection cost, Cllr, and their intervals |
//! | [`plda`] | a likelihood ratio from embeddings |
//! | [`as_norm`] | cosines beside those to a cohort of other voices |
//! | [`fit`] | calibration, fusion and PLDA from labelled data |
//! | [`audit`] | the keyed hash chain and its checkpoints |
//! | [`access`] | scopes of API keys |

pub mod access;
pub mod advisor;
pub mod ageing;
pub mod as_norm;
pub mod audit;
pub mod calibration;
pub mod challenge;
pub mod countermeasure;
pub mod decide;
pub mod device;
pub mod embedding;
pub mod enrolment;
pub mod experiment;
pub mod fit;
pub mod fusion;
pub mod limits;
pub mod metrics;
pub mod person;
pub mod plda;
pub mod quality;
pub mod risk;
pub mod score;
pub mod session;
pub mod similarity;
pub mod template;
pub mod threshold;
pub mod voiceprint;

pub use calibration::Calibration;
pub use embedding::{Embedding, EmbeddingError};
pub use fusion::Fusion;
pub use person::PersonId;
pub use quality::{Condition, QualityMeasures};
pub use template::{Exemplar, Origin, Template, TemplatePart};
pub use voiceprint::Voiceprint;
