//! Table `attempt_fingerprints`: what earlier attempts sounded like, sealed.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use uuid::Uuid;
use voicegate_service::ports::{Lane, StoreError};

use super::expiring::Expiring;
use super::{Columns, failed, micros};
use crate::seal::{Place, Sealed};

const TABLE: &str = "attempt_fingerprints";
const INSERT: &str = "INSERT INTO attempt_fingerprints (id, person_ref, lane, at, expires_at, sealed) \
    VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const MAKE_ROOM: &str = "DELETE FROM attempt_fingerprints WHERE lane = $1 AND id NOT IN \
    (SELECT id FROM attempt_fingerprints WHERE lane = $1 ORDER BY at DESC, id DESC LIMIT $2)";
pub(super) const NEWEST: &str = "SELECT id, sealed FROM attempt_fingerprints \
    WHERE person_ref = $1 AND at >= $2 ORDER BY at DESC, id DESC LIMIT $3";
pub(super) const FORGET: &str = "DELETE FROM attempt_fingerprints WHERE expires_at <= $1";
pub(super) const DELETE: &str = "DELETE FROM attempt_fingerprints WHERE person_ref = $1";

/// How they are kept; room is made in a lane.
pub(crate) const KEPT: Expiring = Expiring { make_room: MAKE_ROOM, forget: FORGET, delete: DELETE };

/// Where the fingerprint of a row lives.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "sealed", row }
}

/// The lane of a person.
pub(crate) fn lane(person_ref: Uuid, lane: Lane) -> String {
    let name = match lane {
        Lane::Own => "own",
        Lane::Others => "others",
    };
    format!("{person_ref}/{name}")
}

/// Adds a fingerprint.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    id: &str,
    (person_ref, lane): (Uuid, &str),
    (at, expires_at): (Timestamp, Timestamp),
    sealed: &Sealed<Vec<u8>>,
) -> Result<(), StoreError> {
    query(INSERT)
        .bind(id)
        .bind(person_ref.to_string())
        .bind(lane)
        .bind(micros(at))
        .bind(micros(expires_at))
        .bind(sealed.as_bytes())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The newest of a person at or after `since`, with their rows; at most `limit`.
pub(crate) async fn newest(
    connection: &mut AnyConnection,
    person_ref: Uuid,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<(String, Sealed<Vec<u8>>)>, StoreError> {
    let rows = query(NEWEST)
        .bind(person_ref.to_string())
        .bind(micros(since))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let entry = |row: &AnyRow| {
        let columns = Columns { table: TABLE, row };
        Ok((columns.get("id")?, columns.sealed("sealed")?))
    };
    rows.iter().map(entry).collect()
}
