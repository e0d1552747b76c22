//! What differs between the databases.

use std::time::Duration;

use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(crate) fn migrations(self) -> &'static Migrator {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
        }
    }

    /// Begins a transaction that will write. SQLite must take its write lock at once: a transaction that has read
    /// cannot wait for it later.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Statements for each new connection: durability, and limits on waiting.
    pub(crate) fn session(self, lock_timeout: Duration, statement_timeout: Duration) -> String {
        let lock = lock_timeout.as_millis();
        let statement = statement_timeout.as_millis();
        match self {
            // An acknowledged commit survives a power cut (synchronous=FULL), and what is deleted is overwritten.
            Self::Sqlite => format!(
                "PRAGMA busy_timeout = {lock}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON"
            ),
            Self::Postgres => format!(
                "SET lock_timeout = {lock}; SET statement_timeout = {statement}; \
                 SET idle_in_transaction_session_timeout = {statement}; \
                 SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'"
            ),
        }
    }

    /// Moves what was deleted out of the write-ahead log, where the database lets a client do so.
    pub(crate) fn flush_deleted(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("PRAGMA wal_checkpoint(TRUNCATE)"),
            Self::Postgres => None,
        }
    }
}
