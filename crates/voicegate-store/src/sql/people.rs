//! Table `people`: who is enrolled, and the wrapped key of each.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::ports::StoreError;
use voicegate_service::profile::{Profile, ProfileState};

use super::{Columns, failed, micros, to_i64};
use crate::seal::{Place, Sealed, Secret};

pub(super) const REF_OF: &str = "SELECT person_ref FROM people WHERE person_id = $1";
/// Locks the row until the transaction ends, in both databases.
pub(super) const LOCK: &str =
    "UPDATE people SET state = state WHERE person_id = $1 RETURNING person_ref, state";
/// Locks the row until the transaction ends, in both databases.
pub(super) const LOCK_KEY: &str =
    "UPDATE people SET state = state WHERE person_id = $1 RETURNING person_ref, wrapped_key, key_version";
pub(super) const KEY: &str = "SELECT person_ref, wrapped_key, key_version FROM people WHERE person_id = $1";
pub(super) const OWNER: &str =
    "SELECT person_id, person_ref, wrapped_key, key_version FROM people WHERE person_ref = $1";
const INSERT: &str = "INSERT INTO people (person_ref, person_id, wrapped_key, master_version, key_version, state, \
    version, created_at, updated_at, revoked_at, last_verified_at) \
    VALUES ($1, $2, $3, $4, 1, $5, 1, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
// A late answer must not take back a verification noted since the profile was read; a new enrolment begins anew.
pub(super) const UPDATE: &str = "UPDATE people SET state = $1, version = version + 1, created_at = $2, \
    updated_at = $3, revoked_at = $4, last_verified_at = CASE WHEN wrapped_key IS NOT NULL \
    AND (CAST($5 AS BIGINT) IS NULL OR last_verified_at > $5) THEN last_verified_at ELSE $5 END \
    WHERE person_id = $6 AND version = $7 RETURNING person_ref, wrapped_key, key_version";
pub(super) const SET_KEY: &str =
    "UPDATE people SET wrapped_key = $1, master_version = $2, key_version = $3 WHERE person_ref = $4";
pub(super) const REWRAP: &str =
    "UPDATE people SET wrapped_key = $1, master_version = $2 WHERE person_ref = $3 AND wrapped_key = $4";
pub(super) const REVOKE: &str = "UPDATE people SET state = 'revoked', version = version + 1, wrapped_key = NULL, \
    master_version = NULL, updated_at = $1, revoked_at = $1 WHERE person_id = $2 AND version = $3 RETURNING person_ref";
pub(super) const MARK_VERIFIED: &str = "UPDATE people SET last_verified_at = CASE WHEN last_verified_at > $1 \
    THEN last_verified_at ELSE $1 END WHERE person_id = $2 AND state = 'active'";
pub(super) const WRAPPED_BEFORE: &str = "SELECT person_ref, person_id, wrapped_key FROM people \
    WHERE master_version < $1 ORDER BY master_version LIMIT $2";
pub(super) const COUNT_WRAPPED_BEFORE: &str =
    "SELECT COUNT(*) AS people FROM people WHERE master_version < $1";

/// What identifies a person's key.
#[derive(Debug, Clone)]
pub(crate) struct PersonKey {
    pub(crate) person_ref: Uuid,
    /// `None` if there is no key: it was destroyed when the profile was revoked.
    pub(crate) wrapped: Option<Sealed<Secret>>,
    pub(crate) key_version: u32,
}

/// The row that wraps a person's key. Naming the person here keeps anybody from exchanging two people's names.
pub(crate) fn key_row(person_ref: Uuid, person: &str) -> String {
    format!("{person_ref}/{person}")
}

/// Where a person's key lives.
pub(crate) fn key_place(row: &str) -> Place<'_> {
    Place { table: "people", column: "wrapped_key", row }
}

fn columns(row: &AnyRow) -> Columns<'_> {
    Columns { table: "people", row }
}

pub(super) fn key_of(row: &AnyRow) -> Result<PersonKey, StoreError> {
    let columns = columns(row);
    Ok(PersonKey {
        person_ref: columns.uuid("person_ref")?,
        wrapped: columns.sealed_if_any("wrapped_key")?,
        key_version: columns.key_version("key_version")?,
    })
}

/// The profile in `row`, still without its template.
pub(super) fn profile_of(row: &AnyRow, person: &PersonId) -> Result<Profile, StoreError> {
    let columns = columns(row);
    let state = columns.get::<&str>("state")?;
    let known = [ProfileState::Pending, ProfileState::Active, ProfileState::Revoked];
    let state = known.into_iter().find(|s| s.as_str() == state);
    Ok(Profile {
        person: person.clone(),
        state: state.ok_or_else(|| columns.unreadable("state", "it is no state of a profile"))?,
        version: columns.number("version")?,
        template: None,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
        revoked_at: columns.time_if_any("revoked_at")?,
        last_verified_at: columns.time_if_any("last_verified_at")?,
    })
}

pub(crate) async fn ref_of(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Option<Uuid>, StoreError> {
    let row = query(REF_OF).bind(person.as_str()).fetch_optional(connection).await.map_err(failed)?;
    row.map(|row| columns(&row).uuid("person_ref")).transpose()
}

/// A person whose row is locked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Locked {
    pub(crate) person_ref: Uuid,
    pub(crate) revoked: bool,
}

/// Locks the row of `person` until the transaction ends.
pub(crate) async fn lock(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Option<Locked>, StoreError> {
    let row = query(LOCK).bind(person.as_str()).fetch_optional(connection).await.map_err(failed)?;
    row.map(|row| {
        let columns = columns(&row);
        let revoked = columns.get::<&str>("state")? == ProfileState::Revoked.as_str();
        Ok(Locked { person_ref: columns.uuid("person_ref")?, revoked })
    })
    .transpose()
}

/// The key of `person`, whose row is locked until the transaction ends.
pub(crate) async fn lock_key(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Option<PersonKey>, StoreError> {
    let row = query(LOCK_KEY).bind(person.as_str()).fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(key_of).transpose()
}

/// The key of `person`.
pub(crate) async fn key(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Option<PersonKey>, StoreError> {
    let row = query(KEY).bind(person.as_str()).fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(key_of).transpose()
}

/// The name and key of the person behind a reference.
pub(crate) async fn owner(
    connection: &mut AnyConnection,
    person_ref: Uuid,
) -> Result<Option<(PersonId, PersonKey)>, StoreError> {
    let row = query(OWNER).bind(person_ref.to_string()).fetch_optional(connection).await.map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((columns(&row).person("person_id")?, key_of(&row)?)))
}

/// Adds a person; [`StoreError::Conflict`] if there is one of that name.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    profile: &Profile,
    person_ref: Uuid,
    wrapped: &Sealed<Secret>,
) -> Result<(), StoreError> {
    let done = query(INSERT)
        .bind(person_ref.to_string())
        .bind(profile.person.as_str())
        .bind(wrapped.as_bytes())
        .bind(i64::from(wrapped.key_version()))
        .bind(profile.state.as_str())
        .bind(micros(profile.created_at))
        .bind(micros(profile.updated_at))
        .bind(profile.revoked_at.map(micros))
        .bind(profile.last_verified_at.map(micros))
        .execute(connection)
        .await
        .map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Changes a person's row if it still has `expected_version`, and gives the key as it was.
pub(crate) async fn update(
    connection: &mut AnyConnection,
    profile: &Profile,
    expected_version: u64,
) -> Result<PersonKey, StoreError> {
    let row = query(UPDATE)
        .bind(profile.state.as_str())
        .bind(micros(profile.created_at))
        .bind(micros(profile.updated_at))
        .bind(profile.revoked_at.map(micros))
        .bind(profile.last_verified_at.map(micros))
        .bind(profile.person.as_str())
        .bind(to_i64(expected_version))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    key_of(&row.ok_or(StoreError::Conflict)?)
}

/// Stores a fresh key of a person.
pub(crate) async fn set_key(
    connection: &mut AnyConnection,
    person_ref: Uuid,
    wrapped: &Sealed<Secret>,
    key_version: u32,
) -> Result<(), StoreError> {
    query(SET_KEY)
        .bind(wrapped.as_bytes())
        .bind(i64::from(wrapped.key_version()))
        .bind(i64::from(key_version))
        .bind(person_ref.to_string())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Stores a key wrapped anew, unless it was replaced or destroyed since `old` was read.
pub(crate) async fn rewrap(
    connection: &mut AnyConnection,
    old: &OldKey,
    wrapped: &Sealed<Secret>,
) -> Result<(), StoreError> {
    query(REWRAP)
        .bind(wrapped.as_bytes())
        .bind(i64::from(wrapped.key_version()))
        .bind(old.person_ref.to_string())
        .bind(old.wrapped.as_bytes())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Marks the person revoked and destroys the key; gives whose templates are to go.
pub(crate) async fn revoke(
    connection: &mut AnyConnection,
    person: &PersonId,
    expected_version: u64,
    at: Timestamp,
) -> Result<Uuid, StoreError> {
    let row = query(REVOKE)
        .bind(micros(at))
        .bind(person.as_str())
        .bind(to_i64(expected_version))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    columns(&row.ok_or(StoreError::Conflict)?).uuid("person_ref")
}

/// Notes an accepted verification; [`StoreError::Conflict`] if the profile is not active any more.
pub(crate) async fn mark_verified(
    connection: &mut AnyConnection,
    person: &PersonId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let done = query(MARK_VERIFIED)
        .bind(micros(at))
        .bind(person.as_str())
        .execute(connection)
        .await
        .map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// A key that an older master key wraps.
pub(crate) struct OldKey {
    pub(crate) person_ref: Uuid,
    pub(crate) person: String,
    pub(crate) wrapped: Sealed<Secret>,
}

/// At most `limit` keys that are wrapped by a master key older than `version`.
pub(crate) async fn wrapped_before(
    connection: &mut AnyConnection,
    version: u32,
    limit: u32,
) -> Result<Vec<OldKey>, StoreError> {
    let rows = query(WRAPPED_BEFORE)
        .bind(i64::from(version))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let old_key = |row: &AnyRow| {
        let columns = columns(row);
        Ok(OldKey {
            person_ref: columns.uuid("person_ref")?,
            person: columns.get("person_id")?,
            wrapped: columns.sealed("wrapped_key")?,
        })
    };
    rows.iter().map(old_key).collect()
}

/// How many keys are wrapped by a master key older than `version`.
pub(crate) async fn count_wrapped_before(
    connection: &mut AnyConnection,
    version: u32,
) -> Result<u64, StoreError> {
    let row =
        query(COUNT_WRAPPED_BEFORE).bind(i64::from(version)).fetch_one(connection).await.map_err(failed)?;
    columns(&row).number("people")
}
