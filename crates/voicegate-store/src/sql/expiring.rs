//! Rows of a person that are kept for a time, and only the newest of them.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::query;
use uuid::Uuid;
use voicegate_service::ports::StoreError;

use super::{failed, micros};

/// The statements of one table.
pub(crate) struct Expiring {
    /// Deletes all but the newest of a person: `$1` the person, `$2` how many stay.
    pub(super) make_room: &'static str,
    /// Deletes what expires at `$1` or before.
    pub(super) forget: &'static str,
    /// Deletes what a person has: `$1`.
    pub(super) delete: &'static str,
}

impl Expiring {
    /// Deletes all but the newest `keep` of a person.
    pub(crate) async fn make_room(
        &self,
        connection: &mut AnyConnection,
        person_ref: Uuid,
        keep: u32,
    ) -> Result<(), StoreError> {
        let statement = query(self.make_room).bind(person_ref.to_string()).bind(i64::from(keep));
        statement.execute(connection).await.map_err(failed)?;
        Ok(())
    }

    /// Deletes those whose time is over, and says how many.
    pub(crate) async fn forget(
        &self,
        connection: &mut AnyConnection,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let done = query(self.forget).bind(micros(now)).execute(connection).await.map_err(failed)?;
        Ok(done.rows_affected())
    }

    /// Deletes those of a person.
    pub(crate) async fn delete(
        &self,
        connection: &mut AnyConnection,
        person_ref: Uuid,
    ) -> Result<(), StoreError> {
        query(self.delete).bind(person_ref.to_string()).execute(connection).await.map_err(failed)?;
        Ok(())
    }
}
