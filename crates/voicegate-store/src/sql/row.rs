//! Rows to values and back.

use jiff::Timestamp;
use sqlx::Any;
use sqlx::any::AnyRow;
use sqlx::{Decode, Row, Type};
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_service::ports::{Actor, StoreError};

use crate::seal::Sealed;

pub(crate) fn unreadable(table: &'static str, column: &'static str, detail: impl Into<String>) -> StoreError {
    StoreError::Unreadable { table, column, detail: detail.into() }
}

/// Numbers of ours count changes and records: they stay far below 2^63.
pub(crate) fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Microseconds since 1970, as times are stored.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A hash as it stands in the name of a row.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of an actor in the database.
pub(crate) fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Operator => "operator".to_owned(),
        Actor::System => "system".to_owned(),
        Actor::ApiKey(id) => format!("api_key:{id}"),
        Actor::Session(id) => format!("session:{id}"),
        Actor::Public => "public".to_owned(),
    }
}

/// The columns of a row of `table`.
pub(crate) struct Columns<'r> {
    pub(crate) table: &'static str,
    pub(crate) row: &'r AnyRow,
}

impl<'r> Columns<'r> {
    /// The value as the driver gives it. Its own error would show the value, so it is left out.
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: Decode<'r, Any> + Type<Any>,
    {
        self.row.try_get(column).map_err(|_| self.unreadable(column, "it has an unexpected type"))
    }

    pub(crate) fn number(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.unreadable(column, "it is negative"))
    }

    pub(crate) fn key_version(&self, column: &'static str) -> Result<u32, StoreError> {
        u32::try_from(self.get::<i64>(column)?).map_err(|_| self.unreadable(column, "it is out of range"))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        let time = self.get::<i64>(column)?;
        Timestamp::from_microsecond(time).map_err(|_| self.unreadable(column, "it is no time"))
    }

    pub(crate) fn time_if_any(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let time = self.get::<Option<i64>>(column)?;
        time.map(Timestamp::from_microsecond)
            .transpose()
            .map_err(|_| self.unreadable(column, "it is no time"))
    }

    pub(crate) fn uuid(&self, column: &'static str) -> Result<Uuid, StoreError> {
        let text = self.get::<&str>(column)?;
        text.parse().map_err(|_| self.unreadable(column, "it is no UUID"))
    }

    pub(crate) fn person(&self, column: &'static str) -> Result<PersonId, StoreError> {
        PersonId::new(self.get::<&str>(column)?).map_err(|error| self.unreadable(column, error.to_string()))
    }

    pub(crate) fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N], StoreError> {
        let bytes = self.get::<&[u8]>(column)?;
        bytes
            .try_into()
            .map_err(|_| self.unreadable(column, format!("it has {} bytes, not {N}", bytes.len())))
    }

    pub(crate) fn sealed<T>(&self, column: &'static str) -> Result<Sealed<T>, StoreError> {
        let bytes = self.get::<Vec<u8>>(column)?;
        Sealed::from_bytes(bytes).map_err(|error| self.unreadable(column, error.to_string()))
    }

    pub(crate) fn sealed_if_any<T>(&self, column: &'static str) -> Result<Option<Sealed<T>>, StoreError> {
        let bytes = self.get::<Option<Vec<u8>>>(column)?;
        bytes.map(Sealed::from_bytes).transpose().map_err(|error| self.unreadable(column, error.to_string()))
    }

    pub(crate) fn unreadable(&self, column: &'static str, detail: impl Into<String>) -> StoreError {
        unreadable(self.table, column, detail)
    }
}
