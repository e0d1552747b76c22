//! P8.1, P8.2: where and when a person logged in is sealed under the person's key, and ends with it.

use std::sync::Arc;

use voicegate_core::risk::{Coordinates, History, NetworkTag, PastLogin};
use voicegate_service::ports::{Actor, AuditKind, Change, Store};
use voicegate_service::profile::ProfileState;
use voicegate_store::Vault;

use crate::support::{Site, at, enrol, event, person, profile, sites};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_are_remembered() {
    for site in sites().await {
        let vault = Arc::new(site.open().await);
        enrol(&vault, "alice").await;
        enrol(&vault, "bob").await;
        the_newest_stay(&vault).await;
        of_many_at_once_none_is_lost(&vault).await;
        nothing_lies_in_clear(&vault, &site).await;
        read_after_a_rotation(&vault).await;
        gone_after_a_revocation(&vault, &site).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

fn login(second: i64) -> PastLogin {
    PastLogin {
        at: at(second),
        similarity: Some(0.875),
        reaction_s: None,
        network: Some(NetworkTag(0x6e65_7477_6f72_6b21)),
        coordinates: Some(Coordinates { latitude: 48.1, longitude: 16.4 }),
    }
}

async fn remember(vault: &Vault, name: &str, second: i64) {
    let change = Change::RememberLogin { person: person(name), login: login(second) };
    vault.commit(vec![change], event(AuditKind::Login, Some(name))).await.unwrap();
}

async fn history(vault: &Vault, name: &str) -> History {
    vault.history(&person(name)).await.unwrap()
}

async fn the_newest_stay(vault: &Vault) {
    assert_eq!(history(vault, "alice").await, History::default());
    let last = History::MOST as i64 + 3;
    for second in 1..=last {
        remember(vault, "alice", second).await;
    }
    let expected: Vec<PastLogin> = (4..=last).rev().map(login).collect();
    assert!(history(vault, "alice").await.logins().eq(&expected));
    for name in ["bob", "stranger"] {
        assert_eq!(history(vault, name).await, History::default(), "{name}");
    }
    remember(vault, "stranger", 1).await;
    assert_eq!(history(vault, "stranger").await, History::default(), "nothing of who is not here");
}

async fn of_many_at_once_none_is_lost(vault: &Arc<Vault>) {
    let tasks: Vec<_> = (0..20)
        .map(|second| {
            let vault = vault.clone();
            tokio::spawn(async move { remember(&vault, "bob", second).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut seconds: Vec<_> = history(vault, "bob").await.logins().map(|login| login.at).collect();
    seconds.sort();
    assert_eq!(seconds, (0..20).map(at).collect::<Vec<_>>());
}

async fn nothing_lies_in_clear(vault: &Vault, site: &Site) {
    let rows = site.sql("SELECT person_ref, sealed FROM login_history").await;
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let sealed: Vec<u8> = sqlx::Row::get(row, 1);
        for clear in [&b"network"[..], b"network!", b"latitude", b"coordinates", &48.1_f64.to_be_bytes()] {
            assert!(!sealed.windows(clear.len()).any(|bytes| bytes == clear), "{clear:?}");
        }
    }
    // One person's history moved to another does not open.
    let row = |name| format!("(SELECT person_ref FROM people WHERE person_id = '{name}')");
    enrol(vault, "mallory").await;
    site.sql(&format!(
        "UPDATE login_history SET person_ref = {} WHERE person_ref = {}",
        row("mallory"),
        row("bob")
    ))
    .await;
    assert!(vault.history(&person("mallory")).await.is_err());
    site.sql(&format!(
        "UPDATE login_history SET person_ref = {} WHERE person_ref = {}",
        row("bob"),
        row("mallory")
    ))
    .await;
}

async fn read_after_a_rotation(vault: &Vault) {
    let before = history(vault, "alice").await;
    vault.rotate_master_key(&Actor::Operator, at(500), &|_, _| ()).await.unwrap();
    assert_eq!(history(vault, "alice").await, before);
}

async fn gone_after_a_revocation(vault: &Vault, site: &Site) {
    let revoke = Change::RevokeProfile { person: person("alice"), expected_version: 1, at: at(501) };
    vault.commit(vec![revoke], event(AuditKind::Revoke, Some("alice"))).await.unwrap();
    remember(vault, "alice", 502).await;
    assert_eq!(history(vault, "alice").await, History::default());
    assert_eq!(site.sql("SELECT 1 FROM login_history").await.len(), 1, "bob's alone");
    let again = Change::PutProfile { profile: profile("alice", ProfileState::Active), expected_version: 2 };
    vault.commit(vec![again], event(AuditKind::Enroll, Some("alice"))).await.unwrap();
    assert_eq!(history(vault, "alice").await, History::default());
    remember(vault, "alice", 503).await;
    assert!(history(vault, "alice").await.logins().eq(&[login(503)]));
}
