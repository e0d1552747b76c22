//! Table `challenges`: sealed challenges that can still be answered.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::challenge::Challenge;
use voicegate_service::ports::StoreError;

use super::expiring::Expiring;
use super::{Columns, failed, micros};
use crate::seal::{Place, Sealed};

const TABLE: &str = "challenges";
pub(super) const MAKE_ROOM: &str = "DELETE FROM challenges WHERE lane = $1 AND id_hash NOT IN \
    (SELECT id_hash FROM challenges WHERE lane = $1 ORDER BY issued_at DESC, id_hash DESC LIMIT $2)";
const INSERT: &str = "INSERT INTO challenges (id_hash, person_ref, lane, issued_at, expires_at, sealed) \
    VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const TAKE: &str = "DELETE FROM challenges WHERE id_hash = $1 RETURNING person_ref, sealed";
pub(super) const FORGET: &str = "DELETE FROM challenges WHERE expires_at <= $1";
pub(super) const DELETE: &str = "DELETE FROM challenges WHERE person_ref = $1";

/// How they are kept; room is made in a lane.
pub(crate) const KEPT: Expiring = Expiring { make_room: MAKE_ROOM, forget: FORGET, delete: DELETE };

/// Where the challenge of a row lives.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "sealed", row }
}

/// Adds a challenge.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    id_hash: &[u8; 32],
    (person_ref, lane): (Uuid, &str),
    (issued_at, expires_at): (Timestamp, Timestamp),
    sealed: &Sealed<Challenge>,
) -> Result<(), StoreError> {
    query(INSERT)
        .bind(id_hash.as_slice())
        .bind(person_ref.to_string())
        .bind(lane)
        .bind(micros(issued_at))
        .bind(micros(expires_at))
        .bind(sealed.as_bytes())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Deletes a challenge and gives it to whoever did.
pub(crate) async fn take(
    connection: &mut AnyConnection,
    id_hash: &[u8; 32],
) -> Result<Option<(Uuid, Sealed<Challenge>)>, StoreError> {
    let row = query(TAKE).bind(id_hash.as_slice()).fetch_optional(connection).await.map_err(failed)?;
    row.map(|row| {
        let columns = Columns { table: TABLE, row: &row };
        Ok((columns.uuid("person_ref")?, columns.sealed("sealed")?))
    })
    .transpose()
}
