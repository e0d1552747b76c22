//! Table `sessions`: people who are logged in.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::device::DeviceId;
use voicegate_service::ports::{Session, SessionContent, StoreError};

use super::{Columns, failed, hex, micros, to_i64};
use crate::seal::{KeptSession, Place, Sealed};

pub(crate) const TABLE: &str = "sessions";
const INSERT: &str = "INSERT INTO sessions (id, token_hash, person_id, device_id, waits, created_at, last_used_at, \
    ends_at, version, content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9) ON CONFLICT DO NOTHING";
pub(super) const BY_TOKEN: &str = "SELECT id, person_id, token_hash, last_used_at, version, content FROM sessions \
    WHERE token_hash = $1 OR former_hash = $1";
pub(super) const OF_PERSON: &str = "SELECT id, person_id, token_hash, last_used_at, version, content FROM sessions \
    WHERE person_id = $1 ORDER BY created_at DESC, id DESC";
/// Locks the row until the transaction ends, in both databases.
pub(super) const LOCK: &str = "UPDATE sessions SET version = version WHERE id = $1 AND person_id = $2 AND version = $3 \
    RETURNING id, person_id, token_hash, last_used_at, version, content";
pub(super) const UPDATE: &str = "UPDATE sessions SET content = $1, device_id = $2, waits = $3, ends_at = $4, \
    version = version + 1, former_hash = CASE WHEN token_hash = $5 THEN former_hash ELSE token_hash END, \
    token_hash = $5 WHERE id = $6";
pub(super) const TOUCH: &str = "UPDATE sessions SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1";
pub(super) const END: &str = "DELETE FROM sessions WHERE id = $1 AND person_id = $2";
pub(super) const END_ALL: &str = "DELETE FROM sessions WHERE person_id = $1 \
    AND (CAST($2 AS TEXT) IS NULL OR id <> $2) AND (CAST($3 AS TEXT) IS NULL OR device_id = $3)";
pub(super) const MAKE_ROOM: &str = "DELETE FROM sessions WHERE person_id = $1 AND waits = $2 AND id NOT IN \
    (SELECT id FROM sessions WHERE person_id = $1 AND waits = $2 ORDER BY created_at DESC, id DESC LIMIT $3)";
pub(crate) const FORGET: &str = "DELETE FROM sessions WHERE ends_at <= $1";

/// The row of a session. Naming token and person keeps whoever can write the table from taking a session over.
pub(crate) fn row(id: Uuid, token: &[u8; 32], person: &PersonId) -> String {
    format!("{id}/{}/{}", hex(token), person.as_str())
}

/// Where the content of a row lives.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "content", row }
}

/// A session as it lies in the database.
pub(crate) struct SealedSession {
    pub(crate) id: Uuid,
    pub(crate) person: PersonId,
    pub(crate) token: [u8; 32],
    pub(crate) last_used_at: Timestamp,
    pub(crate) version: u64,
    pub(crate) content: Sealed<KeptSession>,
}

fn session_of(row: &AnyRow) -> Result<SealedSession, StoreError> {
    let columns = Columns { table: TABLE, row };
    Ok(SealedSession {
        id: columns.uuid("id")?,
        person: columns.person("person_id")?,
        token: columns.bytes("token_hash")?,
        last_used_at: columns.time("last_used_at")?,
        version: columns.number("version")?,
        content: columns.sealed("content")?,
    })
}

fn device_text(session: &Session) -> Option<String> {
    session.content.device.map(|device| device.to_string())
}

/// Whether something has to be given before a session of this content counts, as its column says.
fn waits(content: &SessionContent) -> i64 {
    i64::from(content.step_up.is_some())
}

/// Deletes all but the newest `keep` of `person`, of those that wait like one of this content, or count like it.
pub(crate) async fn make_room(
    connection: &mut AnyConnection,
    person: &PersonId,
    content: &SessionContent,
    keep: u32,
) -> Result<(), StoreError> {
    let statement = query(MAKE_ROOM).bind(person.as_str()).bind(waits(content)).bind(i64::from(keep));
    statement.execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Adds a session; [`StoreError::Conflict`] if there is one of this identity or token.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    session: &Session,
    token: &[u8; 32],
    content: &Sealed<KeptSession>,
) -> Result<(), StoreError> {
    let done = query(INSERT)
        .bind(session.id.to_string())
        .bind(token.as_slice())
        .bind(session.person.as_str())
        .bind(device_text(session))
        .bind(waits(&session.content))
        .bind(micros(session.created_at))
        .bind(micros(session.last_used_at))
        .bind(micros(session.ends_at))
        .bind(content.as_bytes())
        .execute(connection)
        .await
        .map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// The session whose token is or was this one.
pub(crate) async fn by_token(
    connection: &mut AnyConnection,
    token: &[u8; 32],
) -> Result<Option<SealedSession>, StoreError> {
    let row = query(BY_TOKEN).bind(token.as_slice()).fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(session_of).transpose()
}

/// Those of `person`, the newest first.
pub(crate) async fn of_person(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Vec<SealedSession>, StoreError> {
    let rows = query(OF_PERSON).bind(person.as_str()).fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(session_of).collect()
}

/// The session as stored, locked until the transaction ends; [`StoreError::Conflict`] if it ended or has another version.
pub(crate) async fn lock(
    connection: &mut AnyConnection,
    session: &Session,
) -> Result<SealedSession, StoreError> {
    let row = query(LOCK)
        .bind(session.id.to_string())
        .bind(session.person.as_str())
        .bind(to_i64(session.version))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    session_of(&row.ok_or(StoreError::Conflict)?)
}

/// Replaces a session that is locked. Another token than before makes that one the former.
pub(crate) async fn update(
    connection: &mut AnyConnection,
    session: &Session,
    token: &[u8; 32],
    content: &Sealed<KeptSession>,
) -> Result<(), StoreError> {
    query(UPDATE)
        .bind(content.as_bytes())
        .bind(device_text(session))
        .bind(waits(&session.content))
        .bind(micros(session.ends_at))
        .bind(token.as_slice())
        .bind(session.id.to_string())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Notes that a session was used; an earlier use than the latest changes nothing.
pub(crate) async fn touch(connection: &mut AnyConnection, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
    query(TOUCH).bind(micros(at)).bind(id.to_string()).execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Ends a session; [`StoreError::Conflict`] if `person` has none of this identity.
pub(crate) async fn end(
    connection: &mut AnyConnection,
    person: &PersonId,
    id: Uuid,
) -> Result<(), StoreError> {
    let done =
        query(END).bind(id.to_string()).bind(person.as_str()).execute(connection).await.map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Ends those of `person`, but for one, or only those of one device.
pub(crate) async fn end_all(
    connection: &mut AnyConnection,
    person: &PersonId,
    except: Option<Uuid>,
    device: Option<DeviceId>,
) -> Result<(), StoreError> {
    query(END_ALL)
        .bind(person.as_str())
        .bind(except.map(|id| id.to_string()))
        .bind(device.map(|id| id.to_string()))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
