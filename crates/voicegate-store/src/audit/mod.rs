//! The audit log as a keyed chain ([`voicegate_core::audit`]) in the database.
//!
//! Three things show that records were cut off the end, each harder to reach than the one before: the signed end of
//! the chain, which every append replaces; a checkpoint every [`CHECKPOINT_INTERVAL`] records; and the anchor file,
//! which lies outside of the database.

mod anchor;
mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use sqlx::AnyConnection;
use uuid::Uuid;
use voicegate_core::audit::{ChainKey, Checkpoint, link};
use voicegate_service::ports::{AuditEvent, AuditRecord, StoreError};

use crate::sql::{chain, logs, unreadable};
pub use anchor::ANCHOR_INTERVAL;
pub(crate) use anchor::{Anchor, Anchored};

/// A checkpoint is stored each time that this many records have been added.
pub const CHECKPOINT_INTERVAL: u64 = 1000;

/// What appends to the chain and verifies it.
pub(crate) struct AuditLog {
    key: ChainKey,
    anchor: Arc<Anchor>,
    /// The most records this process has seen. The log never shrinks, so fewer means that somebody cut it.
    seen: AtomicU64,
}

impl AuditLog {
    /// Takes up the log whose end is `end`. What `anchor` held before that end was read, `anchored`, must fit it;
    /// if it does not, it is kept as evidence and reported.
    pub(crate) async fn new(
        connection: &mut AnyConnection,
        key: ChainKey,
        end: &Checkpoint,
        anchor: Anchor,
        anchored: Anchored,
    ) -> Result<Self, StoreError> {
        if let Some(why) = verify::contradiction(connection, &key, end, anchored).await? {
            tracing::error!(%why, "the audit log does not fit its anchor; run 'voicegate audit verify'");
            anchor.keep_as_evidence();
        }
        Ok(Self { key, anchor: Arc::new(anchor), seen: AtomicU64::new(end.count) })
    }

    /// Appends a record after `end`, which the caller has locked, and gives the new end.
    pub(crate) async fn append(
        &self,
        connection: &mut AnyConnection,
        end: &Checkpoint,
        event: &AuditEvent,
        person_ref: Option<Uuid>,
    ) -> Result<Checkpoint, StoreError> {
        if !end.is_authentic(&self.key) {
            return Err(unreadable("audit_chain", "mac", "the end of the audit chain was tampered with"));
        }
        if end.count < self.seen.load(Ordering::Acquire) {
            return Err(unreadable("audit_chain", "records", "the audit log is shorter than it was"));
        }
        let record = AuditRecord {
            seq: end.count + 1,
            at: event.at,
            kind: event.kind,
            actor: event.actor.clone(),
            person_ref,
            outcome: event.outcome.clone(),
            request_id: event.request_id.clone(),
            details: event.details.clone(),
        };
        let payload = serde_json::to_vec(&record).expect("an audit record has a JSON form");
        let mac = link(&self.key, &end.head, record.seq, &payload);
        let end = Checkpoint::sign(&self.key, record.seq, mac);
        logs::insert(connection, &record, &payload, &mac).await?;
        chain::advance(connection, &end).await?;
        if end.count.is_multiple_of(CHECKPOINT_INTERVAL) {
            chain::add_checkpoint(connection, &end).await?;
        }
        Ok(end)
    }

    /// Takes note that `end` is committed, and renews the anchor if it is due.
    pub(crate) fn committed(&self, end: Checkpoint, at: Timestamp) {
        self.seen.fetch_max(end.count, Ordering::AcqRel);
        if self.anchor.is_due(end.count, at) {
            let anchor = self.anchor.clone();
            tokio::task::spawn_blocking(move || anchor.write(&end));
        }
    }

    /// Signs off: a checkpoint in the database at `end`.
    pub(crate) async fn sign_off(
        &self,
        connection: &mut AnyConnection,
        end: &Checkpoint,
    ) -> Result<(), StoreError> {
        if !end.is_authentic(&self.key) {
            return Err(unreadable("audit_chain", "mac", "the end of the audit chain was tampered with"));
        }
        chain::add_checkpoint(connection, end).await
    }

    /// Writes the anchor now.
    pub(crate) async fn write_anchor(&self, end: Checkpoint) {
        let anchor = self.anchor.clone();
        // The task can only fail by panicking, which it does not.
        let _ = tokio::task::spawn_blocking(move || anchor.write(&end)).await;
    }
}
