//! Table `api_keys`.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::access::Scope;
use voicegate_service::ports::{ApiKeyRecord, NewApiKey, StoreError};

use super::{Columns, failed, micros};

const INSERT: &str = "INSERT INTO api_keys (id, name, hash, scopes, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
pub(super) const REVOKE: &str = "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
pub(super) const BY_HASH: &str =
    "SELECT id, name, scopes, created_at, expires_at, revoked_at FROM api_keys WHERE hash = $1";
const ALL: &str =
    "SELECT id, name, scopes, created_at, expires_at, revoked_at FROM api_keys ORDER BY created_at, id";

fn record_of(row: &AnyRow) -> Result<ApiKeyRecord, StoreError> {
    let columns = Columns { table: "api_keys", row };
    let scopes = columns.get::<&str>("scopes")?.split_whitespace().map(str::parse::<Scope>);
    Ok(ApiKeyRecord {
        id: columns.uuid("id")?,
        name: columns.get("name")?,
        scopes: scopes
            .collect::<Result<_, _>>()
            .map_err(|_| columns.unreadable("scopes", "it names an unknown scope"))?,
        created_at: columns.time("created_at")?,
        expires_at: columns.time_if_any("expires_at")?,
        revoked_at: columns.time_if_any("revoked_at")?,
    })
}

pub(crate) async fn insert(connection: &mut AnyConnection, key: &NewApiKey) -> Result<(), StoreError> {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let done = query(INSERT)
        .bind(key.id.to_string())
        .bind(key.name.as_str())
        .bind(key.hash.as_slice())
        .bind(scopes.join(" "))
        .bind(micros(key.created_at))
        .bind(key.expires_at.map(micros))
        .execute(connection)
        .await
        .map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

pub(crate) async fn revoke(
    connection: &mut AnyConnection,
    id: Uuid,
    at: Timestamp,
) -> Result<(), StoreError> {
    let done =
        query(REVOKE).bind(micros(at)).bind(id.to_string()).execute(connection).await.map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Finding the hash by index takes a time that tells nothing: whoever could steer the hash of a 256-bit secret
/// towards a stored one could as well guess the secret.
pub(crate) async fn by_hash(
    connection: &mut AnyConnection,
    hash: &[u8; 32],
) -> Result<Option<ApiKeyRecord>, StoreError> {
    let row = query(BY_HASH).bind(hash.as_slice()).fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(record_of).transpose()
}

pub(crate) async fn all(connection: &mut AnyConnection) -> Result<Vec<ApiKeyRecord>, StoreError> {
    query(ALL).fetch_all(connection).await.map_err(failed)?.iter().map(record_of).collect()
}
