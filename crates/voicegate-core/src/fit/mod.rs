//! Fitting on labelled trials and embeddings: what `voicegate eval fit` computes. All of it is deterministic.

pub mod design;
pub mod logistic;
mod objective;
pub mod plda;

pub use design::Design;
