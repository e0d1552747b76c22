//! Accounts: one attempt to read one, and to put one.

use sqlx::AnyConnection;
use voicegate_core::PersonId;
use voicegate_service::ports::{Account, StoreError};

use super::Vault;
use crate::seal::Sealed;
use crate::sql::{accounts, unreadable};

impl Vault {
    pub(super) async fn account_once(&self, person: &PersonId) -> Result<Option<Account>, StoreError> {
        let stored = accounts::read(&mut *self.database.read().await?, person).await?;
        let Some(stored) = stored else { return Ok(None) };
        let secrets = stored.secrets.open(&self.lasting.accounts, accounts::place(person));
        let secrets = secrets.map_err(|e| unreadable(accounts::TABLE, "sealed", e.to_string()))?;
        let person = person.clone();
        Ok(Some(Account { person, secrets, created_at: stored.created_at, version: stored.version }))
    }

    pub(super) async fn put_account(
        &self,
        connection: &mut AnyConnection,
        account: &Account,
        expected_version: u64,
    ) -> Result<(), StoreError> {
        let (person, key) = (&account.person, &self.lasting.accounts);
        let sealed = Sealed::seal(&account.secrets, key, accounts::place(person), &*self.entropy);
        accounts::put(connection, person, account.created_at, &sealed, expected_version).await
    }
}
