//! API keys: made, listed, revoked, and recognised.

use std::fmt;

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use voicegate_core::access::Scope;

use super::Caller;
use crate::ports::{ApiKeyRecord, AuditEvent, AuditKind, Change, NewApiKey};
use crate::{Service, ServiceError};

/// The secret of a new key, to be shown once. `Debug` does not print it.
pub struct ApiKeySecret(String);

impl ApiKeySecret {
    /// The secret, to hand it to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret(..)")
    }
}

/// What a new key shall be.
#[derive(Debug, Clone)]
pub struct ApiKeyRequest {
    /// What the operator calls it, 1–100 characters.
    pub name: String,
    /// What it may do, at least one scope.
    pub scopes: Vec<Scope>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

const PREFIX: &str = "vg_";

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Service {
    /// Makes an API key. The secret has 256 random bits and is not stored.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for an empty or overlong name or no scope; [`ServiceError::Store`].
    pub async fn create_api_key(
        &self,
        request: ApiKeyRequest,
        caller: &Caller,
    ) -> Result<(Uuid, ApiKeySecret), ServiceError> {
        let name = request.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(ServiceError::Invalid("a key name has 1 to 100 printable characters".into()));
        }
        if request.scopes.is_empty() {
            return Err(ServiceError::Invalid("a key needs at least one scope".into()));
        }
        let mut random = [0; 32];
        self.entropy.fill(&mut random);
        let secret = format!("{PREFIX}{}", hex(&random));
        let id = self.new_id();
        let now = self.clock.now();
        let mut scopes = request.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        let event = AuditEvent {
            at: now,
            kind: AuditKind::ApiKeyCreated,
            actor: caller.actor.clone(),
            person: None,
            outcome: "ok".into(),
            request_id: caller.request_id.clone(),
            details: json!({"key_id": id, "name": name, "scopes": scopes, "expires_at": request.expires_at}),
        };
        let key = NewApiKey {
            id,
            name,
            hash: hash(&secret),
            scopes,
            created_at: now,
            expires_at: request.expires_at,
        };
        self.store.commit(vec![Change::PutApiKey(key)], event).await?;
        Ok((id, ApiKeySecret(secret)))
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRecord>, ServiceError> {
        Ok(self.store.api_keys().await?)
    }

    /// Ends a key at once.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if there is no such live key; [`ServiceError::Store`].
    pub async fn revoke_api_key(&self, id: Uuid, caller: &Caller) -> Result<(), ServiceError> {
        let at = self.clock.now();
        let event = AuditEvent {
            at,
            kind: AuditKind::ApiKeyRevoked,
            actor: caller.actor.clone(),
            person: None,
            outcome: "ok".into(),
            request_id: caller.request_id.clone(),
            details: json!({"key_id": id}),
        };
        match self
            .store
            .commit(vec![Change::RevokeApiKey { id, at }], event)
            .await
            .map_err(ServiceError::from)
        {
            Ok(_) => Ok(()),
            Err(ServiceError::Conflict) => Err(ServiceError::NotFound("such API key in use")),
            Err(error) => Err(error),
        }
    }

    /// The live key with this secret, if there is one.
    ///
    /// The look-up is by hash, so its time says nothing about how much of a guessed secret was right.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn authenticate(&self, secret: &str) -> Result<Option<ApiKeyRecord>, ServiceError> {
        if !secret.starts_with(PREFIX) || secret.len() != PREFIX.len() + 64 {
            return Ok(None);
        }
        let record = self.store.api_key(&hash(secret)).await?;
        Ok(record.filter(|key| key.is_live(self.clock.now())))
    }
}
