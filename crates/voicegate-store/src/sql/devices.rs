//! Table `device_bindings`: devices bound to people, sealed.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::device::{DeviceBinding, DeviceId};
use voicegate_service::ports::StoreError;

use super::people::{self, PersonKey};
use super::{Columns, failed, micros, to_i64};
use crate::seal::{Place, Sealed};

pub(crate) const TABLE: &str = "device_bindings";
/// With its person's key: one statement, so that no revocation can come between two reads.
macro_rules! with_key {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.version, d.sealed, p.person_id, p.person_ref, p.wrapped_key, p.key_version \
             FROM people p JOIN device_bindings d ON d.person_ref = p.person_ref ",
            $rest
        )
    };
}
pub(super) const BY_ID: &str = with_key!("WHERE d.id = $1");
pub(super) const OF_PERSON: &str = with_key!("WHERE p.person_id = $1 ORDER BY d.created_at, d.id");
const INSERT: &str = "INSERT INTO device_bindings (id, person_ref, version, created_at, sealed) \
    VALUES ($1, $2, 1, $3, $4) ON CONFLICT DO NOTHING";
pub(super) const UPDATE: &str = "UPDATE device_bindings SET sealed = $1, version = version + 1 \
    WHERE id = $2 AND person_ref = $3 AND version = $4";
pub(super) const DELETE: &str = "DELETE FROM device_bindings WHERE person_ref = $1";

/// The row of a device; naming the person keeps anybody from giving it to somebody else.
pub(crate) fn row(id: DeviceId, person_ref: Uuid) -> String {
    format!("{id}/{person_ref}")
}

/// Where the device of a row lives.
pub(crate) fn place(row: &str) -> Place<'_> {
    Place { table: TABLE, column: "sealed", row }
}

/// A device as it lies in the database.
pub(crate) struct SealedDevice {
    pub(crate) id: DeviceId,
    pub(crate) version: u64,
    pub(crate) sealed: Sealed<DeviceBinding>,
    pub(crate) person: PersonId,
    pub(crate) key: PersonKey,
}

fn device_of(row: &AnyRow) -> Result<SealedDevice, StoreError> {
    let columns = Columns { table: TABLE, row };
    Ok(SealedDevice {
        id: DeviceId(columns.uuid("id")?),
        version: columns.number("version")?,
        sealed: columns.sealed("sealed")?,
        person: columns.person("person_id")?,
        key: people::key_of(row)?,
    })
}

pub(crate) async fn by_id(
    connection: &mut AnyConnection,
    id: DeviceId,
) -> Result<Option<SealedDevice>, StoreError> {
    let row = query(BY_ID).bind(id.to_string()).fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(device_of).transpose()
}

/// Those of `person`, the oldest first.
pub(crate) async fn of_person(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<Vec<SealedDevice>, StoreError> {
    let rows = query(OF_PERSON).bind(person.as_str()).fetch_all(connection).await.map_err(failed)?;
    rows.iter().map(device_of).collect()
}

/// Adds a device, or replaces it if it is still this person's and has `expected_version`.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    device: &DeviceBinding,
    person_ref: Uuid,
    sealed: &Sealed<DeviceBinding>,
    expected_version: u64,
) -> Result<(), StoreError> {
    let (id, person_ref) = (device.id.to_string(), person_ref.to_string());
    let statement = match expected_version {
        0 => query(INSERT).bind(id).bind(person_ref).bind(micros(device.created_at)).bind(sealed.as_bytes()),
        version => query(UPDATE).bind(sealed.as_bytes()).bind(id).bind(person_ref).bind(to_i64(version)),
    };
    let done = statement.execute(connection).await.map_err(failed)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Deletes those of a person.
pub(crate) async fn delete(connection: &mut AnyConnection, person_ref: Uuid) -> Result<(), StoreError> {
    query(DELETE).bind(person_ref.to_string()).execute(connection).await.map_err(failed)?;
    Ok(())
}
