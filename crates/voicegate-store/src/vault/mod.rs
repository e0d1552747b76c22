//! The port [`Store`] over the SQL adapter.
//!
//! Audit records name a person by a random reference; the link from name to reference lies in table `people` alone.
//! An event about a name that is not enrolled is recorded without one. Of people who are not here nothing is kept but, for a
//! time, challenges and fingerprints that are sealed and hashes that are keyed.
//! Times are kept to the microsecond; templates come back ordered by model.

mod accounts;
mod answers;
mod challenges;
mod commit;
mod devices;
mod expired;
mod fingerprints;
mod history;
mod limits;
mod notices;
mod profiles;
mod retry;
mod rotate;
mod sessions;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Executor;
use tokio::time::timeout;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::challenge::{Challenge, ChallengeId};
use voicegate_core::device::{DeviceBinding, DeviceId};
use voicegate_core::limits::{LimitPolicy, Wait};
use voicegate_core::risk::History;
use voicegate_service::ports::{
    Account, ApiKeyRecord, AuditEvent, AuditRecord, AuditReport, Change, Delivered, Delivery, Entropy,
    ExperimentCounts, IdempotencyKey, Idempotent, Notice, Receipt, Session, Store, StoreError, StoredConfig,
    StoredResponse, Subject, Tag, TokenOf,
};
use voicegate_service::profile::Profile;

use crate::audit::AuditLog;
use crate::seal::{KeyFile, LastingKeys};
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
    pub(crate) lasting: LastingKeys,
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

    async fn recent_failures(
        &self,
        person: &PersonId,
        device: Option<DeviceId>,
        since: Timestamp,
    ) -> Result<u32, StoreError> {
        sql::logs::recent_failures(&mut *self.database.read().await?, person, device, since).await
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

    async fn account(&self, person: &PersonId) -> Result<Option<Account>, StoreError> {
        self.account_once(person).await
    }

    async fn session(&self, token: &[u8; 32]) -> Result<Option<TokenOf>, StoreError> {
        self.session_once(token).await
    }

    async fn sessions(&self, person: &PersonId) -> Result<Vec<Session>, StoreError> {
        self.sessions_once(person).await
    }

    async fn touch_session(&self, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
        retried!(self, self.touch_session_once(id, at));
        Ok(())
    }

    async fn device(&self, id: DeviceId) -> Result<Option<DeviceBinding>, StoreError> {
        Ok(retried!(self, self.device_once(id)))
    }

    async fn devices(&self, person: &PersonId) -> Result<Vec<DeviceBinding>, StoreError> {
        Ok(retried!(self, self.devices_once(person)))
    }

    async fn charge(
        &self,
        subjects: &[(Subject, LimitPolicy)],
        now: Timestamp,
    ) -> Result<Result<i64, Wait>, StoreError> {
        Ok(retried!(self, self.charge_once(subjects, now)))
    }

    async fn others_tried_from(
        &self,
        source: &Subject,
        person: &PersonId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        Ok(retried!(self, self.others_tried_once(source, person, since, now)))
    }

    fn tag(&self, what: &[u8]) -> Tag {
        self.lasting.tag(what)
    }

    async fn history(&self, person: &PersonId) -> Result<History, StoreError> {
        Ok(retried!(self, self.history_once(person)))
    }

    async fn notices(
        &self,
        person: &PersonId,
        before: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.notices_once(person, before, most).await
    }

    async fn due_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        most: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        Ok(retried!(self, self.due_notices_once(now, until, most)))
    }

    async fn settle_notice(&self, id: Uuid, delivered: Delivered) -> Result<(), StoreError> {
        retried!(self, self.settle_notice_once(id, delivered));
        Ok(())
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
