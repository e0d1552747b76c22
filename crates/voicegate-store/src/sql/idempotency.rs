//! Table `idempotency_keys`.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::query;
use voicegate_service::ports::{IdempotencyKey, Idempotent, StoreError, StoredResponse};

use super::{Columns, actor_text, failed, micros};

pub(super) const FORGET: &str = "DELETE FROM idempotency_keys WHERE reserved_at < $1";
const RESERVE: &str = "INSERT INTO idempotency_keys (actor, client_key, fingerprint, reserved_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
pub(super) const TAKE_OVER: &str = "UPDATE idempotency_keys SET reserved_at = $1 \
    WHERE actor = $2 AND client_key = $3 AND fingerprint = $4 AND status IS NULL AND reserved_at < $5";
pub(super) const READ: &str = "SELECT fingerprint, status, content_type, body FROM idempotency_keys \
    WHERE actor = $1 AND client_key = $2";
pub(super) const ANSWER: &str = "UPDATE idempotency_keys SET status = $1, content_type = $2, body = $3 \
    WHERE actor = $4 AND client_key = $5 AND fingerprint = $6 AND status IS NULL";
pub(super) const GIVE_UP: &str = "DELETE FROM idempotency_keys \
    WHERE actor = $1 AND client_key = $2 AND fingerprint = $3 AND status IS NULL";

pub(crate) async fn forget(connection: &mut AnyConnection, oldest: Timestamp) -> Result<(), StoreError> {
    query(FORGET).bind(micros(oldest)).execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Reserves `key` if nobody holds it, or whoever held it since before `stale` is gone.
pub(crate) async fn reserve(
    connection: &mut AnyConnection,
    key: &IdempotencyKey,
    now: Timestamp,
    stale: Timestamp,
) -> Result<bool, StoreError> {
    let reserved = query(RESERVE)
        .bind(actor_text(&key.actor))
        .bind(key.key.as_str())
        .bind(key.fingerprint.as_slice())
        .bind(micros(now))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    if reserved.rows_affected() == 1 {
        return Ok(true);
    }
    let taken_over = query(TAKE_OVER)
        .bind(micros(now))
        .bind(actor_text(&key.actor))
        .bind(key.key.as_str())
        .bind(key.fingerprint.as_slice())
        .bind(micros(stale))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(taken_over.rows_affected() == 1)
}

/// What is known of a key that could not be reserved; [`Idempotent::InFlight`] too if it has vanished just now.
pub(crate) async fn read(
    connection: &mut AnyConnection,
    key: &IdempotencyKey,
) -> Result<Idempotent, StoreError> {
    let row = query(READ)
        .bind(actor_text(&key.actor))
        .bind(key.key.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    let Some(row) = row else { return Ok(Idempotent::InFlight) };
    let columns = Columns { table: "idempotency_keys", row: &row };
    if columns.bytes::<32>("fingerprint")? != key.fingerprint {
        return Ok(Idempotent::Mismatch);
    }
    let Some(status) = columns.get::<Option<i64>>("status")? else { return Ok(Idempotent::InFlight) };
    let status = u16::try_from(status).map_err(|_| columns.unreadable("status", "it is no HTTP status"))?;
    Ok(Idempotent::Done(StoredResponse {
        status,
        content_type: columns.get("content_type")?,
        body: columns.get("body")?,
    }))
}

pub(crate) async fn answer(
    connection: &mut AnyConnection,
    key: &IdempotencyKey,
    response: &StoredResponse,
) -> Result<(), StoreError> {
    query(ANSWER)
        .bind(i64::from(response.status))
        .bind(response.content_type.as_str())
        .bind(response.body.as_slice())
        .bind(actor_text(&key.actor))
        .bind(key.key.as_str())
        .bind(key.fingerprint.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(crate) async fn give_up(connection: &mut AnyConnection, key: &IdempotencyKey) -> Result<(), StoreError> {
    query(GIVE_UP)
        .bind(actor_text(&key.actor))
        .bind(key.key.as_str())
        .bind(key.fingerprint.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
