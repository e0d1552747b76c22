//! The vault on real databases: SQLite always, PostgreSQL where `VOICEGATE_TEST_POSTGRES` holds a URL
//! (`scripts/with-services` starts one).

#![expect(clippy::unwrap_used, reason = "all of this is test code; a panic is how a test fails")]

mod audit;
mod challenges;
mod crash;
mod foreign;
mod keys;
mod opening;
mod soak;
mod story;
mod support;
