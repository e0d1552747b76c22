//! The end of what is kept for a time.

use jiff::Timestamp;
use voicegate_service::ports::StoreError;

use super::Vault;
use crate::sql::{challenges, fingerprints, forget, limits, notices, sessions, sources};

impl Vault {
    pub(super) async fn forget_expired_once(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut write = self.database.write().await?;
        let mut forgotten = 0;
        for kept in [challenges::KEPT, fingerprints::KEPT] {
            forgotten += kept.forget(write.connection(), now).await?;
        }
        for statement in [sessions::FORGET, limits::FORGET, sources::FORGET, notices::FORGET] {
            forgotten += forget(write.connection(), statement, now).await?;
        }
        write.commit().await?;
        Ok(forgotten)
    }
}
