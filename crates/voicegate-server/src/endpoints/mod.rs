//! One endpoint per file: parameters, answer, documentation, handler. [`mod@crate::router`] lists their paths.

pub mod audit_list;
pub mod audit_verify;
pub mod challenge_create;
pub mod config_get;
pub mod config_patch;
pub mod config_put;
pub mod enroll_biometric;
pub mod experiment_report;
pub mod health;
pub mod index;
pub mod keys_create;
pub mod keys_list;
pub mod keys_revoke;
pub mod live;
pub mod metrics;
pub mod model_health;
pub mod models;
pub mod openapi_json;
pub mod problem_type;
pub mod profile_biometric;
pub mod profile_revoke;
pub mod profile_update;
pub mod verify_age_acoustic;
pub mod verify_biometric;
