//! Limits: charged for all subjects or none, however many ask at once, and kept under keyed hashes.

use std::sync::Arc;

use uuid::Uuid;
use voicegate_core::device::DeviceId;
use voicegate_core::limits::{Cost, LimitPolicy, Wait};
use voicegate_service::ports::{Change, Store, Subject};
use voicegate_store::Vault;

use crate::support::{Site, at, change, person, sites};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits() {
    for site in sites().await {
        let vault = Arc::new(site.open().await);
        charged_and_settled(&vault).await;
        all_or_none(&vault).await;
        policies_are_of_the_subject(&vault).await;
        reset(&vault).await;
        parallel_charges_give_the_allowance(&vault).await;
        two_processes_charge_the_same(&vault, &site).await;
        others_from_one_source(&vault).await;
        nothing_names_anybody(&vault, &site).await;
        swept(&vault, &site).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

fn unbound(name: &str) -> Subject {
    Subject::Unbound(person(name))
}

fn address(last: u8) -> Subject {
    Subject::Address([192, 0, 2, last].into())
}

async fn charge(vault: &Vault, subjects: &[Subject], seconds: i64) -> Result<i64, Wait> {
    let subjects: Vec<_> = subjects.iter().map(|s| (s.clone(), LimitPolicy::default())).collect();
    vault.charge(&subjects, at(seconds)).await.unwrap()
}

async fn settle(vault: &Vault, subjects: &[Subject], cost: Cost, seconds: i64) {
    let settle = Change::SettleLimits { subjects: subjects.to_vec(), cost, at: at(seconds) };
    change(vault, settle).await.unwrap();
}

async fn charged_and_settled(vault: &Vault) {
    let subjects = [unbound("alice"), address(1)];
    for (cost, left) in [(Cost::Full, 8), (Cost::Live, 6), (Cost::None, 5), (Cost::Full, 5), (Cost::Full, 3)]
    {
        assert_eq!(charge(vault, &subjects, 0).await, Ok(left));
        settle(vault, &subjects, cost, 1).await;
    }
    assert_eq!(charge(vault, &subjects, 2).await, Ok(1));
    settle(vault, &subjects, Cost::Full, 3).await;
    assert_eq!(charge(vault, &subjects, 3).await, Ok(-1), "any failure of this one begins a wait");
    assert_eq!(charge(vault, &subjects, 4).await, Err(Wait { until: at(33) }));
    settle(vault, &subjects, Cost::Full, 5).await;
    assert_eq!(charge(vault, &subjects, 34).await, Err(Wait { until: at(35) }));
    assert_eq!(charge(vault, &subjects, 35).await, Ok(-3));
    settle(vault, &subjects, Cost::None, 35).await;
    // Who was never charged is not charged by settling.
    settle(vault, &[unbound("erin")], Cost::Full, 35).await;
    assert_eq!(charge(vault, &[unbound("erin")], 35).await, Ok(8));
}

/// The address has to wait, so the device and the other person stay as they were: nobody is locked out by a neighbour.
async fn all_or_none(vault: &Vault) {
    let device = Subject::Device(DeviceId(Uuid::from_bytes([1; 16])));
    let many = [address(1), device.clone(), unbound("bob"), unbound("alice")];
    for _ in 0..2 {
        assert_eq!(charge(vault, &many, 5).await, Err(Wait { until: at(35) }));
    }
    for subject in [device.clone(), unbound("bob")] {
        assert_eq!(charge(vault, std::slice::from_ref(&subject), 5).await, Ok(8));
        settle(vault, &[subject], Cost::None, 5).await;
    }
    // The same subject twice is charged once; the tightest tells.
    assert_eq!(charge(vault, &[device.clone(), device.clone(), unbound("carol")], 5).await, Ok(8));
    settle(vault, &[device.clone(), device.clone()], Cost::Live, 5).await;
    assert_eq!(charge(vault, &[unbound("dave"), device], 5).await, Ok(7));
    assert_eq!(charge(vault, &[], 5).await, Ok(i64::MAX));
}

async fn policies_are_of_the_subject(vault: &Vault) {
    let wide = LimitPolicy { allowed_units: 100, ..LimitPolicy::default() };
    let subjects = [(unbound("frank"), LimitPolicy::default()), (address(7), wide)];
    for left in [8, 6, 4, 2, 0] {
        assert_eq!(vault.charge(&subjects, at(0)).await.unwrap(), Ok(left));
    }
    assert!(vault.charge(&subjects, at(0)).await.unwrap().is_err());
    assert_eq!(vault.charge(&subjects[1..], at(0)).await.unwrap(), Ok(88));
}

async fn reset(vault: &Vault) {
    let subjects = [unbound("grace"), Subject::Password(person("grace"))];
    for _ in 0..3 {
        charge(vault, &subjects, 0).await.unwrap();
        settle(vault, &subjects, Cost::Full, 0).await;
    }
    change(vault, Change::ResetLimits { subjects: subjects[..1].to_vec() }).await.unwrap();
    assert_eq!(charge(vault, &subjects[..1], 1).await, Ok(8));
    assert_eq!(charge(vault, &subjects[1..], 1).await, Ok(2));
}

/// 100 at once, each naming its subjects in another order.
async fn parallel_charges_give_the_allowance(vault: &Arc<Vault>) {
    let tasks: Vec<_> = (0..100).map(|i| tokio::spawn(charge_in_turn(vault.clone(), i))).collect();
    let mut passed = 0;
    for task in tasks {
        passed += usize::from(task.await.unwrap());
    }
    assert_eq!(passed, 5);
}

/// The same from two vaults on one database, which share no lock of ours.
async fn two_processes_charge_the_same(vault: &Arc<Vault>, site: &Site) {
    let other = Arc::new(site.open().await);
    let subjects = [unbound("ivan"), address(50), address(51)];
    let tasks: Vec<_> = (0..100)
        .map(|i| {
            let vault = if i % 2 == 0 { vault.clone() } else { other.clone() };
            let mut subjects = subjects.clone();
            subjects.rotate_left(i % 3);
            tokio::spawn(async move { charge(&vault, &subjects, 0).await.is_ok() })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        passed += usize::from(task.await.unwrap());
    }
    assert_eq!(passed, 5);
    other.close().await.unwrap();
}

async fn charge_in_turn(vault: Arc<Vault>, turn: usize) -> bool {
    let mut subjects = [unbound("heidi"), address(40), Subject::Password(person("heidi"))];
    subjects.rotate_left(turn % 3);
    charge(&vault, &subjects, 0).await.is_ok()
}

async fn others_from_one_source(vault: &Vault) {
    let tried = async |source: u8, name: &str, since: i64, now: i64| {
        vault.others_tried_from(&address(source), &person(name), at(since), at(now)).await.unwrap()
    };
    assert_eq!(tried(1, "alice", 0, 10).await, 0);
    assert_eq!(tried(1, "alice", 0, 11).await, 0, "the same again is no other");
    assert_eq!(tried(1, "bob", 0, 20).await, 1);
    assert_eq!(tried(1, "carol", 12, 30).await, 1, "alice was tried before");
    assert_eq!(tried(1, "alice", 0, 40).await, 2);
    assert_eq!(tried(2, "alice", 0, 40).await, 0);
    for number in 0..120 {
        tried(3, &format!("name{number}"), 0, 50).await;
    }
    assert_eq!(tried(3, "alice", 0, 50).await, 100, "no more are counted");
}

async fn nothing_names_anybody(vault: &Vault, site: &Site) {
    let mut hashes = Vec::new();
    for (column, table) in
        [("subject", "attempt_limits"), ("source", "attempt_sources"), ("person", "attempt_sources")]
    {
        for row in site.sql(&format!("SELECT {column} FROM {table}")).await {
            let hash: Vec<u8> = sqlx::Row::get(&row, 0);
            assert_eq!(hash.len(), 16, "{table}.{column}");
            hashes.push(hash);
        }
    }
    assert!(hashes.len() > 20);
    assert_eq!(vault.tag(b"a network"), vault.tag(b"a network"));
    assert_ne!(vault.tag(b"a network"), vault.tag(b"another"));
}

async fn swept(vault: &Vault, site: &Site) {
    let rows = async |table: &str| site.sql(&format!("SELECT 1 FROM {table}")).await.len();
    site.sql("DELETE FROM attempt_sources").await;
    site.sql("DELETE FROM attempt_limits").await;
    charge(vault, &[unbound("alice")], 0).await.unwrap();
    vault.others_tried_from(&address(1), &person("alice"), at(0), at(100)).await.unwrap();
    assert_eq!(vault.forget_expired(at(199)).await.unwrap(), 0);
    assert_eq!(vault.forget_expired(at(200)).await.unwrap(), 1, "as old as the window is wide");
    assert_eq!((rows("attempt_limits").await, rows("attempt_sources").await), (1, 0));
    settle(vault, &[unbound("alice")], Cost::Full, 300).await;
    let day = 24 * 3600;
    assert_eq!(vault.forget_expired(at(day + 300)).await.unwrap(), 0, "the policy remembers it until now");
    assert_eq!(vault.forget_expired(at(day + 3600)).await.unwrap(), 1);
}
