//! Table `idempotency_keys`: requests that were made under a key, and the sealed answers to them.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use sqlx::query;
use uuid::Uuid;
use voicegate_service::ports::{IdempotencyKey, StoreError, StoredResponse};

use super::{Columns, actor_text, failed, micros};
use crate::seal::{Place, Sealed};

const TABLE: &str = "idempotency_keys";
pub(super) const FORGET: &str = "DELETE FROM idempotency_keys WHERE reserved_at < $1";
const RESERVE: &str = "INSERT INTO idempotency_keys (actor, client_key, fingerprint, attempt, reserved_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
pub(super) const TAKE_OVER: &str = "UPDATE idempotency_keys SET reserved_at = $1, attempt = $2 \
    WHERE actor = $3 AND client_key = $4 AND fingerprint = $5 AND answered = 0 AND reserved_at < $6";
pub(super) const READ: &str = "SELECT fingerprint, answered, answer FROM idempotency_keys \
    WHERE actor = $1 AND client_key = $2";
pub(super) const ANSWER: &str = "UPDATE idempotency_keys SET answered = 1, answer = $1, person_ref = $2 \
    WHERE actor = $3 AND client_key = $4 AND attempt = $5 AND answered = 0";
pub(super) const GIVE_UP: &str = "DELETE FROM idempotency_keys \
    WHERE actor = $1 AND client_key = $2 AND attempt = $3 AND answered = 0";
pub(super) const ERASE: &str = "UPDATE idempotency_keys SET answer = NULL WHERE person_ref = $1";

/// The row of a key. An actor has no `/` in it.
pub(crate) fn row(key: &IdempotencyKey) -> String {
    format!("{}/{}", actor_text(&key.actor), key.key)
}

/// Where the answer lives.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "answer", row }
}

/// What a client calls a request may name somebody, so only its hash is kept.
fn client_key(key: &IdempotencyKey) -> Vec<u8> {
    Sha256::digest(&key.key).to_vec()
}

/// What is known of a key.
pub(crate) enum Known {
    /// Used with another request.
    Mismatch,
    /// Being worked on.
    InFlight,
    /// Answered; without the answer if it was erased.
    Answered(Option<Sealed<StoredResponse>>),
}

/// Forgets what was reserved before `oldest`, and says how many that were.
pub(crate) async fn forget(connection: &mut AnyConnection, oldest: Timestamp) -> Result<u64, StoreError> {
    let done = query(FORGET).bind(micros(oldest)).execute(connection).await.map_err(failed)?;
    Ok(done.rows_affected())
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
        .bind(client_key(key))
        .bind(key.fingerprint.as_slice())
        .bind(key.attempt.to_string())
        .bind(micros(now))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    if reserved.rows_affected() == 1 {
        return Ok(true);
    }
    let taken_over = query(TAKE_OVER)
        .bind(micros(now))
        .bind(key.attempt.to_string())
        .bind(actor_text(&key.actor))
        .bind(client_key(key))
        .bind(key.fingerprint.as_slice())
        .bind(micros(stale))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(taken_over.rows_affected() == 1)
}

/// What is known of a key that could not be reserved; [`Known::InFlight`] too if it has vanished just now.
pub(crate) async fn read(connection: &mut AnyConnection, key: &IdempotencyKey) -> Result<Known, StoreError> {
    let row = query(READ)
        .bind(actor_text(&key.actor))
        .bind(client_key(key))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    let Some(row) = row else { return Ok(Known::InFlight) };
    let columns = Columns { table: TABLE, row: &row };
    if columns.bytes::<32>("fingerprint")? != key.fingerprint {
        return Ok(Known::Mismatch);
    }
    match columns.number("answered")? {
        0 => Ok(Known::InFlight),
        _ => Ok(Known::Answered(columns.sealed_if_any("answer")?)),
    }
}

/// Keeps the answer, if `key` is still held by its attempt; `None` keeps only that there was one.
pub(crate) async fn answer(
    connection: &mut AnyConnection,
    key: &IdempotencyKey,
    answer: Option<&Sealed<StoredResponse>>,
    person_ref: Option<Uuid>,
) -> Result<(), StoreError> {
    query(ANSWER)
        .bind(answer.map(Sealed::as_bytes))
        .bind(person_ref.map(|person_ref| person_ref.to_string()))
        .bind(actor_text(&key.actor))
        .bind(client_key(key))
        .bind(key.attempt.to_string())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Frees `key`, if it is still held by its attempt.
pub(crate) async fn give_up(connection: &mut AnyConnection, key: &IdempotencyKey) -> Result<(), StoreError> {
    query(GIVE_UP)
        .bind(actor_text(&key.actor))
        .bind(client_key(key))
        .bind(key.attempt.to_string())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Erases the answers that speak of a person.
pub(crate) async fn erase(connection: &mut AnyConnection, person_ref: Uuid) -> Result<(), StoreError> {
    query(ERASE).bind(person_ref.to_string()).execute(connection).await.map_err(failed)?;
    Ok(())
}
