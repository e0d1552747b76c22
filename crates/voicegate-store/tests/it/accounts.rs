//! The secrets of accounts: sealed, versioned, and bound to their holder.

use voicegate_core::PersonId;
use voicegate_service::ports::{Account, AccountSecrets, Actor, Change, Store, Totp};
use voicegate_store::Vault;

use crate::support::{Site, at, change, conflict, person, refused, sites};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts() {
    for site in sites().await {
        let vault = site.open().await;
        put_and_read(&vault).await;
        nothing_lies_in_clear(&site).await;
        nobody_gets_the_secrets_of_another(&vault, &site).await;
        vault.rotate_master_key(&Actor::Operator, at(51), &|_, _| ()).await.unwrap();
        assert!(read(&vault, "alice").await.is_some(), "after a rotation");
        vault.close().await.unwrap();
        let again = site.open().await;
        assert_eq!(read(&again, "alice").await.unwrap().version, 2, "after a new start");
        again.close().await.unwrap();
        site.drop_database().await;
    }
}

fn account(name: &str, password: &str) -> Account {
    let totp = Totp { secret: b"twenty secret bytes!".to_vec(), confirmed: true, last_step: Some(7) };
    let secrets = AccountSecrets { password: password.into(), totp: Some(totp), recovery: vec![[9; 32]; 2] };
    Account { person: person(name), secrets, created_at: at(5), version: 0 }
}

fn put(account: &Account, expected_version: u64) -> Change {
    Change::PutAccount { account: account.clone(), expected_version }
}

async fn read(vault: &Vault, name: &str) -> Option<Account> {
    let name: PersonId = person(name);
    vault.account(&name).await.unwrap()
}

async fn put_and_read(vault: &Vault) {
    assert_eq!(read(vault, "alice").await, None);
    let first = account("alice", "$argon2id$first");
    change(vault, put(&first, 0)).await.unwrap();
    assert_eq!(read(vault, "alice").await, Some(Account { version: 1, ..first.clone() }));
    conflict(change(vault, put(&first, 0)).await);
    conflict(change(vault, put(&first, 2)).await);
    conflict(change(vault, put(&account("nobody", "x"), 1)).await);
    let second = account("alice", "$argon2id$second");
    change(vault, put(&second, 1)).await.unwrap();
    conflict(change(vault, put(&first, 1)).await);
    assert_eq!(read(vault, "alice").await, Some(Account { version: 2, ..second }));
}

async fn nothing_lies_in_clear(site: &Site) {
    let [row] = &site.sql("SELECT sealed FROM accounts").await[..] else { panic!("one row") };
    let sealed: Vec<u8> = sqlx::Row::get(row, 0);
    for clear in [&b"argon2id"[..], b"twenty", &[9; 8]] {
        assert!(!sealed.windows(clear.len()).any(|bytes| bytes == clear), "{clear:?}");
    }
}

/// Whoever can write the table cannot give somebody a password that they know.
async fn nobody_gets_the_secrets_of_another(vault: &Vault, site: &Site) {
    change(vault, put(&account("mallory", "known"), 0)).await.unwrap();
    let sealed = |name| format!("(SELECT sealed FROM accounts WHERE person_id = '{name}')");
    site.sql("CREATE TABLE aside AS SELECT sealed FROM accounts WHERE person_id = 'alice'").await;
    site.sql(&format!("UPDATE accounts SET sealed = {} WHERE person_id = 'alice'", sealed("mallory"))).await;
    refused(vault.account(&person("alice")).await, "accounts");
    site.sql("UPDATE accounts SET sealed = (SELECT sealed FROM aside) WHERE person_id = 'alice'").await;
    assert!(read(vault, "alice").await.is_some());
    site.sql("DROP TABLE aside").await;
}
