//! Making an account.

use std::net::IpAddr;

use serde_json::json;
use voicegate_core::PersonId;
use voicegate_core::limits::Cost;

use super::Secret;
use crate::ports::{Account, AccountSecrets, Actor, AuditKind, Change, StoreError, Subject};
use crate::usecase::Caller;
use crate::{Service, ServiceError};

/// Somebody who wants an account.
#[derive(Debug)]
pub struct Registration {
    /// The name.
    pub person: PersonId,
    /// The password.
    pub password: Secret,
}

impl Service {
    /// Makes an account. A voice that somebody enrolled through the API keeps its name: only with an API key an account is
    /// made for it, or a stranger who is quicker than its owner would take it over. Whether an account or a voice has the
    /// name is not told.
    ///
    /// Without an API key it counts for the `address`: a try at a name that is taken like a failure, and an account, which
    /// stays, half of that.
    ///
    /// # Errors
    /// [`ServiceError::AlreadyRegistered`]; [`ServiceError::Invalid`] if the password is too short or too long;
    /// [`ServiceError::TooManyAttempts`]; [`ServiceError::NotFound`] where there are no accounts; [`ServiceError::Store`].
    pub async fn register(
        &self,
        registration: Registration,
        address: Option<IpAddr>,
        caller: &Caller,
    ) -> Result<(), ServiceError> {
        self.accounts_are_on()?;
        let Registration { person, password } = registration;
        let now = self.clock.now();
        let address = address.map(Subject::Address);
        let settle = |cost| {
            let address = address.clone();
            address.map(|address| Change::SettleLimits { subjects: vec![address], cost, at: now })
        };
        if let Some(address) = &address {
            let policy = self.config.current().limits.address_policy();
            let charged = self.store.charge(&[(address.clone(), policy)], now).await?;
            charged.map_err(|wait| ServiceError::too_many_attempts(wait, now))?;
        }
        // Before the name is looked up, so that the time does not tell either.
        let hashed = self.hash_password(&password).await;
        let event = |outcome| {
            caller.event((now, AuditKind::Account), &person, outcome, json!({"change": "registered"}))
        };
        let Ok(password) = hashed else {
            if let Some(settle) = settle(Cost::None) {
                self.store.commit(vec![settle], event("refused")).await?;
            }
            return hashed.map(|_| ());
        };
        let account = Account {
            person: person.clone(),
            secrets: AccountSecrets { password, totp: None, recovery: Vec::new() },
            created_at: now,
            version: 0,
        };
        let put = Change::PutAccount { account, expected_version: 0 };
        let taken = self.store.account(&person).await?.is_some() || !self.is_free(&person, caller).await?;
        if !taken {
            let changes = std::iter::once(put).chain(settle(Cost::Live)).collect();
            match self.store.commit(changes, event("ok")).await {
                // Somebody was quicker.
                Err(StoreError::Conflict) => {}
                done => return done.map(|_| ()).map_err(Into::into),
            }
        }
        if let Some(settle) = settle(Cost::Full) {
            self.store.commit(vec![settle], event("refused")).await?;
        }
        Err(ServiceError::AlreadyRegistered(person))
    }

    /// Whether no voice has the name, or the caller may speak for those who are enrolled.
    async fn is_free(&self, person: &PersonId, caller: &Caller) -> Result<bool, ServiceError> {
        let enrolled = self.store.profile(person).await?.is_some();
        Ok(!enrolled || matches!(caller.actor, Actor::ApiKey(_) | Actor::Operator))
    }
}
