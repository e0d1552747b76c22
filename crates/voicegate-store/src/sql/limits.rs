//! Table `attempt_limits`: the failures of each subject, which is a keyed hash.

use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::query;
use voicegate_core::limits::Budget;
use voicegate_service::ports::{StoreError, Tag};

use super::{Columns, failed, micros};

const TABLE: &str = "attempt_limits";
/// Locks the row until the transaction ends, in both databases; adds it first if there is none.
const ENSURE: &str = "INSERT INTO attempt_limits (subject, budget, expires_at) VALUES ($1, $2, $3) \
    ON CONFLICT (subject) DO UPDATE SET budget = attempt_limits.budget RETURNING budget";
/// Locks the row until the transaction ends, in both databases.
pub(super) const LOCK: &str = "UPDATE attempt_limits SET budget = budget WHERE subject = $1 RETURNING budget";
pub(super) const CHARGE: &str = "UPDATE attempt_limits SET budget = $1, expires_at = $2 WHERE subject = $3";
pub(super) const PUT: &str = "UPDATE attempt_limits SET budget = $1 WHERE subject = $2";
pub(crate) const FORGET: &str = "DELETE FROM attempt_limits WHERE expires_at <= $1";

fn budget_of(row: &AnyRow) -> Result<Budget, StoreError> {
    let columns = Columns { table: TABLE, row };
    let budget = serde_json::from_str(columns.get("budget")?);
    budget.map_err(|_| columns.unreadable("budget", "it is no budget"))
}

fn text(budget: &Budget) -> String {
    serde_json::to_string(budget).expect("a budget has a JSON form")
}

/// The budget of a subject, a new one if there is none; locked until the transaction ends.
pub(crate) async fn ensure(
    connection: &mut AnyConnection,
    subject: Tag,
    expires_at: Timestamp,
) -> Result<Budget, StoreError> {
    let row = query(ENSURE)
        .bind(subject.0.as_slice())
        .bind(text(&Budget::default()))
        .bind(micros(expires_at))
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    budget_of(&row)
}

/// The budget of a subject, locked until the transaction ends.
pub(crate) async fn lock(connection: &mut AnyConnection, subject: Tag) -> Result<Option<Budget>, StoreError> {
    let row = query(LOCK).bind(subject.0.as_slice()).fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(budget_of).transpose()
}

/// Stores a budget that was charged.
pub(crate) async fn charge(
    connection: &mut AnyConnection,
    subject: Tag,
    budget: &Budget,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    query(CHARGE)
        .bind(text(budget))
        .bind(micros(expires_at))
        .bind(subject.0.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Replaces a budget, if there is one; when it is forgotten stays.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    subject: Tag,
    budget: &Budget,
) -> Result<(), StoreError> {
    let statement = query(PUT).bind(text(budget)).bind(subject.0.as_slice());
    statement.execute(connection).await.map_err(failed)?;
    Ok(())
}
