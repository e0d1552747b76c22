//! Tables `audit_chain` (one row: the signed end of the chain and its wrapped key) and `audit_checkpoints`.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use voicegate_core::audit::Checkpoint;
use voicegate_service::ports::StoreError;

use super::{Columns, failed, to_i64, unreadable};
use crate::seal::{Place, Sealed, Secret};

const CHAIN: &str = "audit_chain";
const CREATE: &str = "INSERT INTO audit_chain (id, records, head, mac, wrapped_key, master_version) \
    VALUES (1, $1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
pub(super) const READ: &str =
    "SELECT records, head, mac, wrapped_key, master_version FROM audit_chain WHERE id = 1";
/// Locks the row until the transaction ends, in both databases.
pub(super) const LOCK: &str = "UPDATE audit_chain SET records = records WHERE id = 1 \
    RETURNING records, head, mac, wrapped_key, master_version";
pub(super) const ADVANCE: &str = "UPDATE audit_chain SET records = $1, head = $2, mac = $3 WHERE id = 1";
pub(super) const REWRAP: &str = "UPDATE audit_chain SET wrapped_key = $1, master_version = $2 WHERE id = 1";
const ADD_CHECKPOINT: &str =
    "INSERT INTO audit_checkpoints (records, head, mac) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
pub(super) const CHECKPOINTS: &str =
    "SELECT records, head, mac FROM audit_checkpoints WHERE records > $1 ORDER BY records LIMIT $2";

/// The end of the chain.
pub(crate) struct ChainRow {
    pub(crate) end: Checkpoint,
    pub(crate) wrapped_key: Sealed<Secret>,
    /// Version of the master key from which on nothing may be wrapped by an older one.
    pub(crate) master_version: u32,
}

/// Where the key of the chain lives.
pub(crate) const KEY_PLACE: Place<'static> = Place { table: CHAIN, column: "wrapped_key", row: "1" };

fn checkpoint_of(columns: &Columns<'_>) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint {
        count: columns.number("records")?,
        head: columns.bytes("head")?,
        mac: columns.bytes("mac")?,
    })
}

fn chain_of(row: &AnyRow) -> Result<ChainRow, StoreError> {
    let columns = Columns { table: CHAIN, row };
    Ok(ChainRow {
        end: checkpoint_of(&columns)?,
        wrapped_key: columns.sealed("wrapped_key")?,
        master_version: columns.key_version("master_version")?,
    })
}

/// Begins the chain, if it has not begun.
pub(crate) async fn create(
    connection: &mut AnyConnection,
    end: &Checkpoint,
    wrapped_key: &Sealed<Secret>,
) -> Result<(), StoreError> {
    query(CREATE)
        .bind(to_i64(end.count))
        .bind(end.head.as_slice())
        .bind(end.mac.as_slice())
        .bind(wrapped_key.as_bytes())
        .bind(i64::from(wrapped_key.key_version()))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(crate) async fn read(connection: &mut AnyConnection) -> Result<Option<ChainRow>, StoreError> {
    let row = query(READ).fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(chain_of).transpose()
}

/// Reads the end of the chain and keeps others from moving it until the transaction ends.
pub(crate) async fn lock(connection: &mut AnyConnection) -> Result<ChainRow, StoreError> {
    let row = query(LOCK).fetch_optional(connection).await.map_err(failed)?;
    chain_of(&row.ok_or_else(|| unreadable(CHAIN, "id", "the end of the audit chain is missing"))?)
}

pub(crate) async fn advance(connection: &mut AnyConnection, end: &Checkpoint) -> Result<(), StoreError> {
    query(ADVANCE)
        .bind(to_i64(end.count))
        .bind(end.head.as_slice())
        .bind(end.mac.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Stores the key of the chain wrapped anew; from here on no older master key may wrap anything.
pub(crate) async fn rewrap(
    connection: &mut AnyConnection,
    wrapped_key: &Sealed<Secret>,
) -> Result<(), StoreError> {
    query(REWRAP)
        .bind(wrapped_key.as_bytes())
        .bind(i64::from(wrapped_key.key_version()))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(crate) async fn add_checkpoint(
    connection: &mut AnyConnection,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    query(ADD_CHECKPOINT)
        .bind(to_i64(checkpoint.count))
        .bind(checkpoint.head.as_slice())
        .bind(checkpoint.mac.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// At most `limit` checkpoints over more than `after` records, in order.
pub(crate) async fn checkpoints(
    connection: &mut AnyConnection,
    after: u64,
    limit: u32,
) -> Result<Vec<Checkpoint>, StoreError> {
    let rows = query(CHECKPOINTS)
        .bind(to_i64(after))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    rows.iter().map(|row| checkpoint_of(&Columns { table: "audit_checkpoints", row })).collect()
}
