//! One attempt to commit.

use sqlx::AnyConnection;
use uuid::{Builder, Uuid};
use voicegate_service::ports::{AuditEvent, Change, Receipt, StoreError};

use super::Vault;
use super::retry::stale_keys;
use crate::seal::MasterKeys;
use crate::sql::{api_keys, chain, config, people, sessions};

impl Vault {
    pub(super) async fn commit_once(
        &self,
        changes: &[Change],
        event: &AuditEvent,
    ) -> Result<Receipt, StoreError> {
        let keys = self.key_file.keys();
        let mut write = self.database.write().await?;
        let connection = write.connection();
        for change in changes {
            self.apply(connection, &keys, change).await?;
        }
        let person_ref = match &event.person {
            Some(person) => people::ref_of(connection, person).await?,
            None => None,
        };
        let chain = chain::lock(connection).await?;
        // Checked while the end of the chain is locked: once a rotation has begun, no key is wrapped by the old one.
        if chain.master_version > keys.current().version() {
            return Err(stale_keys(chain.master_version));
        }
        let end = self.audit.append(connection, &chain.end, event, person_ref).await?;
        write.commit().await?;
        self.audit.committed(end, event.at);
        Ok(Receipt { audit_seq: end.count })
    }

    async fn apply(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        change: &Change,
    ) -> Result<(), StoreError> {
        match change {
            Change::PutProfile { profile, expected_version } => {
                self.put_profile(connection, keys, profile, *expected_version).await
            }
            Change::RevokeProfile { person, expected_version, at } => {
                self.revoke_profile(connection, person, *expected_version, *at).await
            }
            Change::MarkVerified { person, at } => people::mark_verified(connection, person, *at).await,
            Change::PutChallenge { id, challenge, asker, max_open } => {
                self.put_challenge(connection, keys, (id, challenge), (*asker, *max_open)).await
            }
            Change::PutFingerprint { person, fingerprint, lane, at, expires_at } => {
                let (heard, times) = ((fingerprint, *lane), (*at, *expires_at));
                self.put_fingerprint(connection, keys, person, heard, times).await
            }
            Change::RememberLogin { person, login } => {
                self.remember_login(connection, keys, person, *login).await
            }
            Change::PutAccount { account, expected_version } => {
                self.put_account(connection, account, *expected_version).await
            }
            Change::PutDevice { device, expected_version } => {
                self.put_device(connection, keys, device, *expected_version).await
            }
            Change::BeginSession { session, token, max } => {
                self.begin_session(connection, session, token, *max).await
            }
            Change::PutSession { session, token, max } => {
                self.put_session(connection, session, token.as_ref(), *max).await
            }
            Change::EndSession { person, id } => sessions::end(connection, person, *id).await,
            Change::EndSessions { person, except, device } => {
                sessions::end_all(connection, person, *except, *device).await
            }
            Change::SettleLimits { subjects, cost, at } => {
                self.settle_limits(connection, subjects, *cost, *at).await
            }
            Change::ResetLimits { subjects } => self.reset_limits(connection, subjects).await,
            Change::PutNotice { notice, expires_at, send } => {
                self.put_notice(connection, notice, *expires_at, *send).await
            }
            Change::PutConfig { overrides, expected_version } => {
                config::put(connection, overrides, *expected_version).await
            }
            Change::PutApiKey(key) => api_keys::insert(connection, key).await,
            Change::RevokeApiKey { id, at } => api_keys::revoke(connection, *id, *at).await,
        }
    }

    pub(super) fn random_uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }
}
