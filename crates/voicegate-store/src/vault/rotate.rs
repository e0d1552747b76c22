//! Replacing the master key while the program runs.
//!
//! Data keys are wrapped anew; the templates under them stay as they are. Every step leaves a state in which all can
//! be read, and a rotation that was cut short goes on when it is started again:
//! 1. the key file gets a new version beside the old one;
//! 2. the chain row is moved to it, with an audit record: from here on nothing is wrapped by the old one any more;
//! 3. the data keys are wrapped anew, some at a time;
//! 4. an audit record says that it is done, and the old version leaves the key file.

use jiff::Timestamp;
use serde_json::json;
use voicegate_service::ports::{Actor, AuditEvent, AuditKind, StoreError};

use super::Vault;
use super::retry::{master_key, retried};
use crate::seal::{KeyFileError, MasterKeys, SealError, Sealed, Wraps};
use crate::sql::people::{self, OldKey, key_place, key_row};
use crate::sql::{chain, unreadable};

/// Data keys wrapped anew in one transaction.
const BATCH: u32 = 200;

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Version of the master key from now on.
    pub version: u32,
    /// Data keys that were wrapped anew.
    pub rewrapped: u64,
}

/// Why a rotation stopped. What it did so far stays; starting it again goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The database.
    #[error("the rotation of the master key stopped and can be started again: {0}")]
    Store(#[from] StoreError),
}

impl Vault {
    /// Replaces the master key by a fresh one, or finishes a replacement that was cut short. Calls `progress` with
    /// (done, total) data keys.
    ///
    /// Other processes with the same key file go on working; one with a copy of the file needs the new copy.
    ///
    /// # Errors
    /// See [`RotateError`].
    pub async fn rotate_master_key(
        &self,
        actor: &Actor,
        at: Timestamp,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Rotation, RotateError> {
        let lock = self.key_file.lock_rotation()?;
        let keys = self.key_file.begin_rotation(&lock, &*self.entropy)?;
        let version = keys.current().version();
        retried!(self, self.begin(&keys, actor, at));

        let total = people::count_wrapped_before(&mut *self.database.read().await?, version).await?;
        let mut rewrapped = 0;
        loop {
            let batch = retried!(self, self.rewrap_batch(&keys));
            if batch == 0 {
                break;
            }
            rewrapped += batch;
            progress(rewrapped.min(total), total);
        }
        let details = json!({ "version": version, "rewrapped": rewrapped });
        retried!(self, self.record(actor, at, "completed", details.clone()));
        self.key_file.finish_rotation(&lock, &*self.entropy)?;
        Ok(Rotation { version, rewrapped })
    }

    /// Moves the chain row to the current master key, unless an earlier attempt did.
    async fn begin(&self, keys: &MasterKeys, actor: &Actor, at: Timestamp) -> Result<(), StoreError> {
        let mut write = self.database.write().await?;
        let connection = write.connection();
        let chain = chain::lock(connection).await?;
        let (from, to) = (chain.wrapped_key.key_version(), keys.current().version());
        if from == to {
            return Ok(());
        }
        let old = master_key(keys, from)?.subkey(Wraps::AuditChainKey);
        let secret = chain.wrapped_key.open(&old, chain::KEY_PLACE);
        let secret = secret.map_err(|e| unreadable("audit_chain", "wrapped_key", e.to_string()))?;
        let new = keys.current().subkey(Wraps::AuditChainKey);
        let wrapped = Sealed::seal(&secret, &new, chain::KEY_PLACE, &*self.entropy);
        chain::rewrap(connection, &wrapped).await?;
        let event = event(actor, at, "started", json!({ "from": from, "to": to }));
        let end = self.audit.append(connection, &chain.end, &event, None).await?;
        write.commit().await?;
        self.audit.committed(end, at);
        Ok(())
    }

    async fn rewrap_batch(&self, keys: &MasterKeys) -> Result<u64, StoreError> {
        let mut write = self.database.write().await?;
        let batch = people::wrapped_before(write.connection(), keys.current().version(), BATCH).await?;
        for old in &batch {
            let wrapped = self.rewrapped(keys, old)?;
            people::rewrap(write.connection(), old, &wrapped).await?;
        }
        write.commit().await?;
        Ok(batch.len() as u64)
    }

    fn rewrapped(&self, keys: &MasterKeys, old: &OldKey) -> Result<Sealed<crate::seal::Secret>, StoreError> {
        let row = key_row(old.person_ref, &old.person);
        let key = master_key(keys, old.wrapped.key_version())?.subkey(Wraps::PersonKey);
        let named =
            |e: SealError| format!("of person_ref {}: {e}; revoke that profile to go on", old.person_ref);
        let secret = old.wrapped.open(&key, key_place(&row));
        let secret = secret.map_err(|e| unreadable("people", "wrapped_key", named(e)))?;
        let current = keys.current().subkey(Wraps::PersonKey);
        Ok(Sealed::seal(&secret, &current, key_place(&row), &*self.entropy))
    }

    async fn record(
        &self,
        actor: &Actor,
        at: Timestamp,
        outcome: &str,
        details: serde_json::Value,
    ) -> Result<(), StoreError> {
        self.commit_once(&[], &event(actor, at, outcome, details)).await.map(drop)
    }
}

fn event(actor: &Actor, at: Timestamp, outcome: &str, details: serde_json::Value) -> AuditEvent {
    AuditEvent {
        at,
        kind: AuditKind::MasterKeyRotated,
        actor: actor.clone(),
        person: None,
        outcome: outcome.to_owned(),
        request_id: None,
        details,
    }
}
