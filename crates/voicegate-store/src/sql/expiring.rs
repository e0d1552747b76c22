//! Rows that are kept for a time, and of a person only the newest of them.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::query;
use voicegate_service::ports::StoreError;

use super::{failed, micros};

/// The statements of one table.
pub(crate) struct Expiring {
    /// Deletes all but the newest of an owner: `$1` the name or reference of the person, `$2` how many stay.
    pub(super) make_room: &'static str,
    /// Deletes what expires at `$1` or before.
    pub(super) forget: &'static str,
    /// Deletes what an owner has: `$1`.
    pub(super) delete: &'static str,
}

impl Expiring {
    /// Deletes all but the newest `keep` of `owner`.
    pub(crate) async fn make_room(
        &self,
        connection: &mut AnyConnection,
        owner: &str,
        keep: u32,
    ) -> Result<(), StoreError> {
        let statement = query(self.make_room).bind(owner).bind(i64::from(keep));
        statement.execute(connection).await.map_err(failed)?;
        Ok(())
    }

    /// Deletes those whose time is over, and says how many.
    pub(crate) async fn forget(
        &self,
        connection: &mut AnyConnection,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        forget(connection, self.forget, now).await
    }

    /// Deletes those of `owner`.
    pub(crate) async fn delete(&self, connection: &mut AnyConnection, owner: &str) -> Result<(), StoreError> {
        query(self.delete).bind(owner).execute(connection).await.map_err(failed)?;
        Ok(())
    }
}

/// Deletes by `statement` what expires at `now` or before, and says how many that were.
pub(crate) async fn forget(
    connection: &mut AnyConnection,
    statement: &'static str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = query(statement).bind(micros(now)).execute(connection).await.map_err(failed)?;
    Ok(done.rows_affected())
}
