//! The vault on real databases: SQLite always, PostgreSQL where `VOICEGATE_TEST_POSTGRES` holds a URL
//! (`scripts/with-services` starts one).

#![expect(clippy::unwrap_used, reason = "all of this is test code; a panic is how a test fails")]

mod accounts;
mod audit;
mod challenges;
mod crash;
mod devices;
mod foreign;
mod history;
mod keys;
mod limits;
mod notices;
mod opening;
mod sessions;
mod soak;
mod story;
mod support;
