//! Table `attempt_sources`: for whom attempts came from where; both are keyed hashes.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::query;
use voicegate_service::ports::{StoreError, Tag};

use super::{failed, micros};

const PUT: &str = "INSERT INTO attempt_sources (source, person, at, expires_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (source, person) DO UPDATE SET at = $3, expires_at = $4";
pub(super) const OTHERS: &str =
    "SELECT at FROM attempt_sources WHERE source = $1 AND at >= $2 AND person <> $3 LIMIT $4";
pub(crate) const FORGET: &str = "DELETE FROM attempt_sources WHERE expires_at <= $1";

/// Others that are counted at most: whoever tries many names makes nobody else wait.
const MOST: i64 = 100;

/// Notes that `person` was tried from `source`.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    (source, person): (Tag, Tag),
    (at, expires_at): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    query(PUT)
        .bind(source.0.as_slice())
        .bind(person.0.as_slice())
        .bind(micros(at))
        .bind(micros(expires_at))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// How many others than `person` were tried from `source` at or after `since`.
pub(crate) async fn others(
    connection: &mut AnyConnection,
    (source, person): (Tag, Tag),
    since: Timestamp,
) -> Result<u32, StoreError> {
    let rows = query(OTHERS)
        .bind(source.0.as_slice())
        .bind(micros(since))
        .bind(person.0.as_slice())
        .bind(MOST)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    Ok(rows.len() as u32)
}
