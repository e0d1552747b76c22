//! Table `config_overrides`: one row.

use sqlx::AnyConnection;
use sqlx::query;
use voicegate_service::ports::{StoreError, StoredConfig};

use super::{Columns, failed, to_i64};

pub(super) const READ: &str = "SELECT version, overrides FROM config_overrides WHERE id = 1";
const INSERT: &str =
    "INSERT INTO config_overrides (id, version, overrides) VALUES (1, 1, $1) ON CONFLICT DO NOTHING";
pub(super) const UPDATE: &str =
    "UPDATE config_overrides SET overrides = $1, version = version + 1 WHERE id = 1 AND version = $2";

pub(crate) async fn read(connection: &mut AnyConnection) -> Result<StoredConfig, StoreError> {
    let Some(row) = query(READ).fetch_optional(connection).await.map_err(failed)? else {
        return Ok(StoredConfig { version: 0, overrides: serde_json::json!({}) });
    };
    let columns = Columns { table: "config_overrides", row: &row };
    let overrides = serde_json::from_str(columns.get("overrides")?);
    Ok(StoredConfig {
        version: columns.number("version")?,
        overrides: overrides.map_err(|_| columns.unreadable("overrides", "it is no JSON"))?,
    })
}

pub(crate) async fn put(
    connection: &mut AnyConnection,
    overrides: &serde_json::Value,
    expected_version: u64,
) -> Result<(), StoreError> {
    let text = overrides.to_string();
    let statement = match expected_version {
        0 => query(INSERT).bind(text),
        version => query(UPDATE).bind(text).bind(to_i64(version)),
    };
    let done = statement.execute(connection).await.map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}
