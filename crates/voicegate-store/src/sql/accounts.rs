//! Table `accounts`: what the holders of accounts know and have beside the voice, sealed.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::query;
use voicegate_core::PersonId;
use voicegate_service::ports::{AccountSecrets, StoreError};

use super::{Columns, failed, micros, to_i64};
use crate::seal::{Place, Sealed};

pub(crate) const TABLE: &str = "accounts";
pub(super) const READ: &str = "SELECT version, created_at, sealed FROM accounts WHERE person_id = $1";
const INSERT: &str = "INSERT INTO accounts (person_id, version, created_at, sealed) VALUES ($1, 1, $2, $3) \
    ON CONFLICT DO NOTHING";
pub(super) const UPDATE: &str =
    "UPDATE accounts SET sealed = $1, version = version + 1 WHERE person_id = $2 AND version = $3";

/// Where the secrets of `person` live.
pub(crate) fn place(person: &PersonId) -> Place<'_> {
    Place { table: TABLE, column: "sealed", row: person.as_str() }
}

/// An account as it lies in the database.
pub(crate) struct SealedAccount {
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) secrets: Sealed<AccountSecrets>,
}

pub(crate) async fn read(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Option<SealedAccount>, StoreError> {
    let row = query(READ).bind(person.as_str()).fetch_optional(connection).await.map_err(failed)?;
    row.map(|row| {
        let columns = Columns { table: TABLE, row: &row };
        Ok(SealedAccount {
            version: columns.number("version")?,
            created_at: columns.time("created_at")?,
            secrets: columns.sealed("sealed")?,
        })
    })
    .transpose()
}

/// Adds an account, or replaces its secrets if it still has `expected_version`.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    person: &PersonId,
    created_at: Timestamp,
    secrets: &Sealed<AccountSecrets>,
    expected_version: u64,
) -> Result<(), StoreError> {
    let statement = match expected_version {
        0 => query(INSERT).bind(person.as_str()).bind(micros(created_at)).bind(secrets.as_bytes()),
        version => query(UPDATE).bind(secrets.as_bytes()).bind(person.as_str()).bind(to_i64(version)),
    };
    let done = statement.execute(connection).await.map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}
