//! Table `voice_auth_logs`: the audit records.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use voicegate_core::audit::Link;
use voicegate_service::ports::{AuditKind, AuditRecord, StoreError};

use super::{Columns, actor_text, failed, micros, to_i64};

const TABLE: &str = "voice_auth_logs";
const INSERT: &str = "INSERT INTO voice_auth_logs (seq, at, kind, actor, person_ref, outcome, request_id, payload, mac) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
pub(super) const PAGE: &str = "SELECT seq, at, kind, actor, person_ref, outcome, request_id, payload, mac \
    FROM voice_auth_logs WHERE seq > $1 ORDER BY seq LIMIT $2";
pub(super) const ANY: &str = "SELECT seq FROM voice_auth_logs ORDER BY seq LIMIT 1";

/// The name of a kind in the database: the same as in the payload.
fn kind_text(kind: AuditKind) -> String {
    let text = serde_json::to_string(&kind).expect("a kind has a JSON form");
    text.trim_matches('"').to_owned()
}

pub(crate) async fn insert(
    connection: &mut AnyConnection,
    record: &AuditRecord,
    payload: &[u8],
    mac: &Link,
) -> Result<(), StoreError> {
    query(INSERT)
        .bind(to_i64(record.seq))
        .bind(micros(record.at))
        .bind(kind_text(record.kind))
        .bind(actor_text(&record.actor))
        .bind(record.person_ref.map(|person| person.to_string()))
        .bind(record.outcome.as_str())
        .bind(record.request_id.as_deref())
        .bind(payload)
        .bind(mac.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// A stored record, not yet looked into.
pub(crate) struct LogRow(AnyRow);

impl LogRow {
    fn columns(&self) -> Columns<'_> {
        Columns { table: TABLE, row: &self.0 }
    }

    pub(crate) fn seq(&self) -> Result<u64, StoreError> {
        self.columns().number("seq")
    }

    /// The bytes under the MAC.
    pub(crate) fn payload(&self) -> Result<&[u8], StoreError> {
        self.columns().get("payload")
    }

    pub(crate) fn mac(&self) -> Result<Link, StoreError> {
        self.columns().bytes("mac")
    }

    pub(crate) fn record(&self) -> Result<AuditRecord, StoreError> {
        let record = serde_json::from_slice(self.payload()?);
        record.map_err(|_| self.columns().unreadable("payload", "it is no audit record"))
    }

    /// Whether the columns say what `record`, which comes of the payload, says.
    pub(crate) fn agrees(&self, record: &AuditRecord) -> Result<bool, StoreError> {
        let columns = self.columns();
        Ok(columns.number("seq")? == record.seq
            && columns.get::<i64>("at")? == micros(record.at)
            && columns.get::<&str>("kind")? == kind_text(record.kind)
            && columns.get::<&str>("actor")? == actor_text(&record.actor)
            && columns.get::<Option<String>>("person_ref")? == record.person_ref.map(|p| p.to_string())
            && columns.get::<&str>("outcome")? == record.outcome
            && columns.get::<Option<String>>("request_id")? == record.request_id)
    }
}

/// At most `limit` records after number `after`, in order.
pub(crate) async fn page(
    connection: &mut AnyConnection,
    after: u64,
    limit: u32,
) -> Result<Vec<LogRow>, StoreError> {
    let rows =
        query(PAGE).bind(to_i64(after)).bind(i64::from(limit)).fetch_all(connection).await.map_err(failed)?;
    Ok(rows.into_iter().map(LogRow).collect())
}

/// Whether there is any record.
pub(crate) async fn any(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    Ok(query(ANY).fetch_optional(connection).await.map_err(failed)?.is_some())
}
