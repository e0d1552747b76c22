//! Notices: read by those they are for, delivered once, tried again, given up, and forgotten.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;
use voicegate_service::ports::{
    Account, AccountSecrets, Actor, Change, Delivered, Delivery, Notice, NoticeKind, Store,
};
use voicegate_store::Vault;

use crate::support::{Site, at, change, enrol, person, refused, sites};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices() {
    for site in sites().await {
        let vault = Arc::new(site.open().await);
        enrol(&vault, "alice").await;
        for_those_who_are_here(&vault).await;
        page_by_page(&vault).await;
        nobody_reads_what_another_was_told(&vault, &site).await;
        tried_again_and_given_up(&vault).await;
        vault.rotate_master_key(&Actor::Operator, at(51), &|_, _| ()).await.unwrap();
        assert_eq!(numbers(&vault, "alice", None, 1).await, [24], "after a rotation");
        two_workers(&vault, &site).await;
        one_that_was_tampered_with_holds_up_no_other(&vault, &site).await;
        swept(&vault, &site).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

fn id(number: u16) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

fn notice(name: &str, number: u16, seconds: i64) -> Notice {
    let details = json!({ "device": { "name": "Zoë's phone" }, "reason": "lost" });
    Notice { id: id(number), person: person(name), at: at(seconds), kind: NoticeKind::DeviceRevoked, details }
}

async fn put(vault: &Vault, notice: &Notice, send: bool) {
    let put = Change::PutNotice { notice: notice.clone(), expires_at: at(1000), send };
    change(vault, put).await.unwrap();
}

async fn numbers(vault: &Vault, name: &str, before: Option<u16>, most: u32) -> Vec<u128> {
    let notices = vault.notices(&person(name), before.map(id), most).await.unwrap();
    notices.iter().map(|notice| notice.id.as_u128()).collect()
}

/// The notices that are due, with the failures of each; nobody else gets them for 10 s.
async fn due(vault: &Vault, seconds: i64, most: u32) -> Vec<(u128, u32)> {
    let due = vault.due_notices(at(seconds), at(seconds + 10), most).await.unwrap();
    due.iter().map(|Delivery { notice, failures }| (notice.id.as_u128(), *failures)).collect()
}

async fn settle(vault: &Vault, number: u16, delivered: Delivered) {
    vault.settle_notice(id(number), delivered).await.unwrap();
}

async fn for_those_who_are_here(vault: &Vault) {
    let told = notice("alice", 1, 10);
    put(vault, &told, false).await;
    assert_eq!(vault.notices(&person("alice"), None, 9).await.unwrap(), [told]);
    put(vault, &notice("stranger", 2, 10), true).await;
    assert!(due(vault, 999, 9).await.is_empty(), "one is not to be sent, of the other nothing is kept");
    assert!(numbers(vault, "stranger", None, 9).await.is_empty());
    let secrets = AccountSecrets { password: "x".into(), totp: None, recovery: vec![] };
    let account = Account { person: person("bob"), secrets, created_at: at(0), version: 0 };
    change(vault, Change::PutAccount { account, expected_version: 0 }).await.unwrap();
    put(vault, &notice("bob", 3, 10), false).await;
    assert_eq!(numbers(vault, "bob", None, 9).await, [3], "an account is enough");
}

/// Several of one moment stand in one order, and none is lost between two pages.
async fn page_by_page(vault: &Vault) {
    for number in [22, 21, 24, 23] {
        put(vault, &notice("alice", number, 20), false).await;
    }
    put(vault, &notice("alice", 20, 5), false).await;
    assert_eq!(numbers(vault, "alice", None, 3).await, [24, 23, 22]);
    assert_eq!(numbers(vault, "alice", Some(22), 3).await, [21, 1, 20]);
    assert!(numbers(vault, "alice", Some(20), 3).await.is_empty());
    assert!(numbers(vault, "alice", Some(3), 3).await.is_empty(), "that one is bob's");
    assert!(numbers(vault, "alice", Some(99), 3).await.is_empty());
}

async fn nobody_reads_what_another_was_told(vault: &Vault, site: &Site) {
    for row in site.sql("SELECT sealed FROM notices").await {
        let sealed: Vec<u8> = sqlx::Row::get(&row, 0);
        for clear in [&b"phone"[..], b"lost", b"alice"] {
            assert!(!sealed.windows(clear.len()).any(|bytes| bytes == clear));
        }
    }
    let give = |name| format!("UPDATE notices SET person_id = '{name}' WHERE id = '{}'", id(1));
    site.sql(&give("bob")).await;
    refused(vault.notices(&person("bob"), None, 9).await, "notices");
    site.sql(&give("alice")).await;
    assert_eq!(numbers(vault, "alice", None, 9).await.len(), 6);
}

async fn tried_again_and_given_up(vault: &Vault) {
    for (number, seconds) in [(33, 102), (32, 101), (31, 100)] {
        put(vault, &notice("bob", number, seconds), true).await;
    }
    assert!(due(vault, 99, 9).await.is_empty());
    assert_eq!(due(vault, 101, 9).await, [(31, 0), (32, 0)], "the oldest first");
    assert!(due(vault, 101, 9).await.is_empty(), "somebody has them");
    assert_eq!(due(vault, 111, 2).await, [(31, 0), (33, 0)], "whoever had one is gone");
    settle(vault, 31, Delivered::Done).await;
    settle(vault, 31, Delivered::Retry(at(120))).await;
    settle(vault, 33, Delivered::Retry(at(130))).await;
    settle(vault, 32, Delivered::Dead).await;
    assert!(due(vault, 129, 9).await.is_empty());
    assert_eq!(due(vault, 130, 9).await, [(33, 1)]);
    settle(vault, 33, Delivered::Retry(at(150))).await;
    assert_eq!(due(vault, 150, 9).await, [(33, 2)]);
    settle(vault, 33, Delivered::Dead).await;
    assert!(due(vault, 999, 9).await.is_empty());
    assert_eq!(numbers(vault, "bob", None, 9).await, [33, 32, 31, 3], "they can be read all the same");
}

async fn two_workers(vault: &Arc<Vault>, site: &Site) {
    for number in 200..300 {
        put(vault, &notice("alice", number, 200), true).await;
    }
    let other = Arc::new(site.open().await);
    let tasks: Vec<_> = (0..20)
        .map(|i| {
            let vault = if i % 2 == 0 { vault.clone() } else { other.clone() };
            tokio::spawn(async move { due(&vault, 200, 10).await })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    taken.extend(due(vault, 200, 100).await);
    let different: HashSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), different.len()), (100, 100), "each once");
    for number in 200..300 {
        settle(&other, number, Delivered::Done).await;
    }
    other.close().await.unwrap();
}

async fn one_that_was_tampered_with_holds_up_no_other(vault: &Vault, site: &Site) {
    for number in [41, 42] {
        put(vault, &notice("bob", number, 300), true).await;
    }
    site.sql(&format!("UPDATE notices SET person_id = 'alice' WHERE id = '{}'", id(41))).await;
    assert_eq!(due(vault, 300, 9).await, [(42, 0)]);
}

async fn swept(vault: &Vault, site: &Site) {
    let all = site.sql("SELECT 1 FROM notices").await.len() as u64;
    assert_eq!(vault.forget_expired(at(999)).await.unwrap(), 0);
    assert_eq!(vault.forget_expired(at(1000)).await.unwrap(), all);
}
