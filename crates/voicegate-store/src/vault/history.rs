//! The accepted logins of a person: one attempt to add one, and to read them.

use sqlx::AnyConnection;
use uuid::Uuid;
use voicegate_core::PersonId;
use voicegate_core::risk::{History, PastLogin};
use voicegate_service::ports::StoreError;

use super::Vault;
use super::profiles::data_key;
use crate::seal::{MasterKeys, Sealed, SealingKey};
use crate::sql::{history, people, unreadable};

impl Vault {
    /// Adds a login; of two at the same moment neither is lost, as the person's row is locked.
    pub(super) async fn remember_login(
        &self,
        connection: &mut AnyConnection,
        keys: &MasterKeys,
        person: &PersonId,
        login: PastLogin,
    ) -> Result<(), StoreError> {
        let Some(known) = people::lock_key(connection, person).await? else { return Ok(()) };
        let Some(key) = data_key(keys, &known, person)? else { return Ok(()) };
        let mut logins = opened(connection, known.person_ref, &key).await?;
        logins.remember(login);
        let row = known.person_ref.to_string();
        let sealed = Sealed::seal(&logins, &key, history::place(&row), &*self.entropy);
        history::put(connection, known.person_ref, &sealed).await
    }

    /// The same is read and opened for somebody who is not here: nothing.
    pub(super) async fn history_once(&self, person: &PersonId) -> Result<History, StoreError> {
        let keys = self.key_file.keys();
        let mut connection = self.database.read().await?;
        let known = people::key(&mut connection, person).await?;
        let (person_ref, key) = self.keeper(&keys, person, known)?;
        opened(&mut connection, person_ref, &key).await
    }
}

async fn opened(
    connection: &mut AnyConnection,
    person_ref: Uuid,
    key: &SealingKey,
) -> Result<History, StoreError> {
    let Some(sealed) = history::read(connection, person_ref).await? else { return Ok(History::default()) };
    let row = person_ref.to_string();
    let logins = sealed.open(key, history::place(&row));
    logins.map_err(|error| unreadable(history::TABLE, "sealed", error.to_string()))
}
