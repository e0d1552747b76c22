//! Table `notices`: what people are told, sealed, and what waits for the webhook.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::ports::{Delivered, Notice, StoreError};

use super::{Columns, failed, micros};
use crate::seal::{Place, Sealed};

pub(crate) const TABLE: &str = "notices";
/// Keeps nothing of who is not here.
const INSERT: &str = "INSERT INTO notices (id, person_id, at, expires_at, kind, sealed, due_at) \
    SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (SELECT 1 FROM people WHERE person_id = $2) \
    OR EXISTS (SELECT 1 FROM accounts WHERE person_id = $2)";
pub(super) const PLACE_OF: &str = "SELECT at FROM notices WHERE id = $1 AND person_id = $2";
pub(super) const NEWEST: &str = "SELECT id, person_id, sealed FROM notices \
    WHERE person_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";
/// Whoever comes second finds the time moved on; the outer condition is looked at again once the row is free.
pub(super) const LEASE: &str = "UPDATE notices SET due_at = $1 WHERE due_at <= $2 AND id IN \
    (SELECT id FROM notices WHERE due_at <= $2 ORDER BY due_at, id LIMIT $3) RETURNING id, person_id, sealed, failures";
pub(super) const DONE: &str = "UPDATE notices SET due_at = NULL WHERE id = $1";
pub(super) const RETRY: &str =
    "UPDATE notices SET due_at = $1, failures = failures + 1 WHERE id = $2 AND due_at IS NOT NULL";
pub(super) const DEAD: &str = "UPDATE notices SET due_at = NULL, failures = failures + 1, dead = 1 \
    WHERE id = $1 AND due_at IS NOT NULL";
pub(crate) const FORGET: &str = "DELETE FROM notices WHERE expires_at <= $1";

/// The row of a notice.
pub(crate) fn row(id: Uuid, person: &PersonId) -> String {
    format!("{id}/{}", person.as_str())
}

/// Where the notice of a row lives.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "sealed", row }
}

/// A notice as it lies in the database.
pub(crate) struct SealedNotice {
    pub(crate) id: Uuid,
    pub(crate) person: PersonId,
    pub(crate) sealed: Sealed<Notice>,
}

fn notice_of(row: &AnyRow) -> Result<SealedNotice, StoreError> {
    let columns = Columns { table: TABLE, row };
    Ok(SealedNotice {
        id: columns.uuid("id")?,
        person: columns.person("person_id")?,
        sealed: columns.sealed("sealed")?,
    })
}

/// Adds a notice, if there is a profile or an account of this name.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    notice: &Notice,
    expires_at: Timestamp,
    sealed: &Sealed<Notice>,
    send: bool,
) -> Result<(), StoreError> {
    query(INSERT)
        .bind(notice.id.to_string())
        .bind(notice.person.as_str())
        .bind(micros(notice.at))
        .bind(micros(expires_at))
        .bind(notice.kind.as_str())
        .bind(sealed.as_bytes())
        .bind(send.then(|| micros(notice.at)))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The newest of `person`, after `before` if there is one, the newest first; at most `limit`. None if `before` is not there.
pub(crate) async fn newest(
    connection: &mut AnyConnection,
    person: &PersonId,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<SealedNotice>, StoreError> {
    let (at, id) = match before {
        None => (i64::MAX, String::new()),
        Some(id) => {
            let found = query(PLACE_OF).bind(id.to_string()).bind(person.as_str());
            let Some(row) = found.fetch_optional(&mut *connection).await.map_err(failed)? else {
                return Ok(Vec::new());
            };
            (Columns { table: TABLE, row: &row }.get("at")?, id.to_string())
        }
    };
    let rows = query(NEWEST)
        .bind(person.as_str())
        .bind(at)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    rows.iter().map(notice_of).collect()
}

/// Takes those that are due, at most `limit`, with the failures of each; nobody else gets them before `until`.
pub(crate) async fn lease(
    connection: &mut AnyConnection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<(SealedNotice, u32)>, StoreError> {
    let rows = query(LEASE)
        .bind(micros(until))
        .bind(micros(now))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let leased = |row: &AnyRow| {
        let failures = Columns { table: TABLE, row }.number("failures")?;
        Ok((notice_of(row)?, u32::try_from(failures).unwrap_or(u32::MAX)))
    };
    rows.iter().map(leased).collect()
}

/// Notes how a delivery ended.
pub(crate) async fn settle(
    connection: &mut AnyConnection,
    id: Uuid,
    delivered: Delivered,
) -> Result<(), StoreError> {
    let statement = match delivered {
        Delivered::Done => query(DONE).bind(id.to_string()),
        Delivered::Retry(at) => query(RETRY).bind(micros(at)).bind(id.to_string()),
        Delivered::Dead => query(DEAD).bind(id.to_string()),
    };
    statement.execute(connection).await.map_err(failed)?;
    Ok(())
}
