//! Bodies as the OpenAPI document describes them.
//!
//! Answers are serialized from the types of the use cases; these types only say what comes out. The tests
//! check every answer of the real server against the document, unknown members included, so the two cannot part.

pub mod access;
pub mod advisor;
pub mod audit;
pub mod biometric;
pub mod challenge;
pub mod config;
pub mod device;
pub mod experiment;
pub mod liveness;
pub mod login;
pub mod models;
pub mod notice;
pub mod person;
pub mod session;
pub mod upload;
