//! Table `login_history`: the accepted logins of each person, sealed as one value.

use sqlx::AnyConnection;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::risk::History;
use voicegate_service::ports::StoreError;

use super::{Columns, failed};
use crate::seal::{Place, Sealed};

pub(crate) const TABLE: &str = "login_history";
pub(super) const READ: &str = "SELECT sealed FROM login_history WHERE person_ref = $1";
const PUT: &str = "INSERT INTO login_history (person_ref, sealed) VALUES ($1, $2) \
    ON CONFLICT (person_ref) DO UPDATE SET sealed = excluded.sealed";
pub(super) const DELETE: &str = "DELETE FROM login_history WHERE person_ref = $1";

/// Where the history of a person lives; `row` is their reference.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "sealed", row }
}

/// The history of a person, if anything was remembered.
pub(crate) async fn read(
    connection: &mut AnyConnection,
    person_ref: Uuid,
) -> Result<Option<Sealed<History>>, StoreError> {
    let row = query(READ).bind(person_ref.to_string()).fetch_optional(connection).await.map_err(failed)?;
    row.map(|row| Columns { table: TABLE, row: &row }.sealed("sealed")).transpose()
}

/// Replaces the history of a person.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    person_ref: Uuid,
    sealed: &Sealed<History>,
) -> Result<(), StoreError> {
    let put = query(PUT).bind(person_ref.to_string()).bind(sealed.as_bytes());
    put.execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Forgets the logins of a person.
pub(crate) async fn delete(connection: &mut AnyConnection, person_ref: Uuid) -> Result<(), StoreError> {
    query(DELETE).bind(person_ref.to_string()).execute(connection).await.map_err(failed)?;
    Ok(())
}
