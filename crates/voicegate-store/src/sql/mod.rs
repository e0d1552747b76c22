//! The SQL adapter: one set of statements for both databases, in the subset that they share.
//!
//! Times are BIGINT microseconds, UUIDs and enumerations TEXT, JSON its text. Each submodule holds the statements of
//! one table and turns rows into values; a row that makes no value is [`StoreError::Unreadable`].

pub(crate) mod accounts;
pub(crate) mod api_keys;
pub(crate) mod chain;
pub(crate) mod challenges;
pub(crate) mod config;
mod database;
pub(crate) mod devices;
mod dialect;
mod error;
mod expiring;
pub(crate) mod fingerprints;
pub(crate) mod history;
pub(crate) mod idempotency;
pub(crate) mod limits;
pub(crate) mod logs;
pub(crate) mod notices;
pub(crate) mod people;
mod row;
pub(crate) mod sessions;
pub(crate) mod sources;
pub(crate) mod templates;

#[cfg(test)]
mod plans;

pub(crate) use database::Database;
pub(crate) use dialect::Dialect;
pub(crate) use error::{failed, is_contention, is_damage};
pub(crate) use expiring::forget;
pub(crate) use row::{Columns, actor_text, hex, micros, to_i64, unreadable};

#[cfg(doc)]
use voicegate_service::ports::StoreError;
