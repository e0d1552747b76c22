//! The port [`Store`] over the SQL adapter.
//!
//! Audit records name a person by a random reference; the link from name to reference lies in table `people` alone.
//! An event about a name that is not enrolled is recorded without one: nothing is kept of people who are not here.
//! Times are kept to the microsecond; templates come back ordered by model.

mod answers;
mod challenges;
mod commit;
mod fingerprints;
mod retry;
mod rotate;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Executor;
use tokio::time::timeout;
use voicegate_core::PersonId;
use voicegate_core::challenge::{Challenge, ChallengeId};
use voicegate_service::ports::{
    ApiKeyRecord, AuditEvent, AuditRecord, AuditReport, Change, Entropy, ExperimentCounts, IdempotencyKey,
    Idempotent, Receipt, Store, StoreError, StoredConfig, StoredResponse,
};
use voicegate_service::profile::Profile;

use crate::audit::AuditLog;
use crate::seal::{KeyFile, SealingKey};
use crate::sql::{self, Database};
use retry::retried;

pub use rotate::{RotateError, Rotation};

/// Longest wait for an answer to a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// Most audit records in one answer, whatever was asked for.
const MAX_AUDIT_PAGE: u32 = 10_000;

/// The database with the keys that open what is sealed in it. See [`crate::open()`].
pub struct Vault {
    pub(crate) database: Database,
    pub(crate) key_file: KeyFile,
    pub(crate) audit: AuditLog,
    /// Seals what is remembered under idempotency keys.
    pub(crate) answers: SealingKey,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Vault {
    /// Ends in good order: a checkpoint over the audit log, the anchor file, and the connections closed.
    ///
    /// # Errors
    /// [`StoreError`] if the checkpoint could not be stored; the connections are closed all the same.
    pub async fn close(&self) -> Result<(), StoreError> {
        let signed_off = self.sign_off().await;
        self.database.close().await;
        signed_off
    }

    async fn sign_off(&self) -> Result<(), StoreError> {
        let mut write = self.database.write().await?;
        let chain = sql::chain::lock(write.connection()).await?;
        self.audit.sign_off(write.connection(), &chain.end).await?;
        write.commit().await?;
        self.audit.write_anchor(chain.end).await;
        Ok(())
    }
}

#[async_trait]
impl Store for Vault {
    async fn profile(&self, person: &PersonId) -> Result<Option<Profile>, StoreError> {
        Ok(retried!(self, self.profile_once(person)))
    }

    async fn recent_failures(&self, person: &PersonId, since: Timestamp) -> Result<u32, StoreError> {
        sql::logs::recent_failures(&mut *self.database.read().await?, person, since).await
    }

    async fn experiment_counts(
        &self,
        experiment: &str,
        since: Timestamp,
        most: u32,
    ) -> Result<ExperimentCounts, StoreError> {
        sql::logs::experiment_counts(&mut *self.database.read().await?, experiment, since, most).await
    }

    async fn commit(&self, changes: Vec<Change>, event: AuditEvent) -> Result<Receipt, StoreError> {
        let receipt = retried!(self, self.commit_once(&changes, &event));
        if changes.iter().any(|change| matches!(change, Change::RevokeProfile { .. })) {
            self.flush_deleted().await;
        }
        Ok(receipt)
    }

    async fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKeyRecord>, StoreError> {
        sql::api_keys::by_hash(&mut *self.database.read().await?, hash).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKeyRecord>, StoreError> {
        sql::api_keys::all(&mut *self.database.read().await?).await
    }

    async fn config(&self) -> Result<StoredConfig, StoreError> {
        sql::config::read(&mut *self.database.read().await?).await
    }

    async fn audit_records(&self, after: u64, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        let mut connection = self.database.read().await?;
        let rows = sql::logs::page(&mut connection, after, limit.min(MAX_AUDIT_PAGE)).await?;
        rows.iter().map(sql::logs::LogRow::record).collect()
    }

    async fn verify_audit(
        &self,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<AuditReport, StoreError> {
        self.audit.verify(&self.database, progress).await
    }

    async fn reserve(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
        oldest: Timestamp,
        stale: Timestamp,
    ) -> Result<Idempotent, StoreError> {
        Ok(retried!(self, self.reserve_once(key, now, oldest, stale)))
    }

    async fn settle(
        &self,
        key: &IdempotencyKey,
        response: Option<StoredResponse>,
        about: Option<&PersonId>,
    ) -> Result<(), StoreError> {
        retried!(self, self.settle_once(key, response.as_ref(), about));
        Ok(())
    }

    async fn forget_answers(&self, oldest: Timestamp) -> Result<u64, StoreError> {
        Ok(retried!(self, self.forget_once(oldest)))
    }

    async fn take_challenge(&self, id: &ChallengeId) -> Result<Option<Challenge>, StoreError> {
        Ok(retried!(self, self.take_challenge_once(id)))
    }

    async fn fingerprints(&self, person: &PersonId, since: Timestamp) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(retried!(self, self.fingerprints_once(person, since)))
    }

    async fn forget_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(retried!(self, self.forget_expired_once(now)))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let answer = timeout(PING_TIMEOUT, self.database.pool().execute("SELECT 1")).await;
        answer.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(drop).map_err(sql::failed)
    }
}

impl Vault {
    /// Best effort: the key is gone from the table in any case.
    async fn flush_deleted(&self) {
        let Some(statement) = self.database.dialect().flush_deleted() else { return };
        if let Err(error) = self.database.pool().execute(statement).await {
            tracing::warn!(%error, "the write-ahead log was not emptied after a revocation");
        }
    }
}
