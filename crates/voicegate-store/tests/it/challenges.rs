//! P5.2, P8.2: challenges are answered once, fingerprints are kept for a time, and both end with the person.

use std::sync::Arc;

use voicegate_core::challenge::{Challenge, ChallengeId, Language, Prompt, PromptKind, Purpose};
use voicegate_service::ports::{Actor, AuditKind, Change, Lane, MAX_FINGERPRINTS, Store, Tag};
use voicegate_service::profile::ProfileState;
use voicegate_store::Vault;

use crate::support::{Site, at, enrol, event, person, profile, sites};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn challenges_and_fingerprints() {
    for site in sites().await {
        let vault = Arc::new(site.open().await);
        enrol(&vault, "alice").await;
        answered_once(&vault).await;
        nobody_is_told_from_somebody(&vault, &site).await;
        a_stranger_pushes_nothing_out(&vault).await;
        enrolling_ends_what_nobody_was_asked(&vault).await;
        the_oldest_gives_way(&vault).await;
        of_many_that_take_it_one_gets_it(&vault).await;
        nothing_lies_in_clear(&vault, &site).await;
        fingerprints(&vault).await;
        after_a_rotation(&vault).await;
        enrol(&vault, "eve").await;
        of_nobody_they_are_kept_as_well(&vault, &site).await;
        strangers_push_out_none_of_the_persons_own(&vault).await;
        site.sql(OF_OTHERS).await;
        swept(&vault).await;
        revoked(&vault, &site).await;
        let report = vault.verify_audit(&|_, _| ()).await.unwrap();
        assert_eq!(report.breach, None);
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

fn id(number: u8) -> ChallengeId {
    ChallengeId::new([number; 16])
}

fn challenge(name: &str, seconds: i64) -> Challenge {
    let words = ["seven", "zero", "four"].map(str::to_owned).to_vec();
    Challenge {
        person: person(name),
        device: Some("phone-7".into()),
        purpose: Purpose::Login,
        prompt: Prompt { language: Language::En, kind: PromptKind::Digits, words },
        issued_at: at(seconds),
        expires_at: at(seconds + 60),
    }
}

async fn issue(vault: &Vault, number: u8, challenge: &Challenge, max_open: u32) {
    let change = Change::PutChallenge { id: id(number), challenge: challenge.clone(), asker: None, max_open };
    let name = challenge.person.as_str();
    vault.commit(vec![change], event(AuditKind::ChallengeIssued, Some(name))).await.unwrap();
}

async fn take(vault: &Vault, number: u8) -> Option<Challenge> {
    vault.take_challenge(&id(number)).await.unwrap()
}

async fn answered_once(vault: &Vault) {
    let asked = challenge("alice", 10);
    issue(vault, 1, &asked, 5).await;
    assert_eq!(take(vault, 2).await, None);
    assert_eq!(take(vault, 1).await, Some(asked));
    assert_eq!(take(vault, 1).await, None);
}

/// A challenge for nobody is answered like any other: that it could not be would tell who is here. Its record names nobody.
async fn nobody_is_told_from_somebody(vault: &Vault, site: &Site) {
    let before = vault.verify_audit(&|_, _| ()).await.unwrap().records;
    let asked = challenge("stranger", 10);
    issue(vault, 3, &asked, 5).await;
    let record = vault.audit_records(before, 1).await.unwrap().remove(0);
    assert_eq!((record.kind, record.person_ref), (AuditKind::ChallengeIssued, None));
    let [row] = &site.sql("SELECT person_ref, sealed FROM challenges").await[..] else { panic!("one row") };
    assert!(sqlx::Row::get::<String, _>(row, 0).parse::<uuid::Uuid>().is_ok(), "a reference like any other");
    let sealed: Vec<u8> = sqlx::Row::get(row, 1);
    assert!(!sealed.windows(8).any(|bytes| bytes == b"stranger"));
    assert_eq!(take(vault, 3).await, Some(asked));
    assert_eq!(take(vault, 3).await, None);

    for number in [3, 4, 5] {
        issue(vault, number, &challenge("stranger", i64::from(number)), 2).await;
    }
    issue(vault, 6, &challenge("another", 10), 2).await;
    assert_eq!(take(vault, 3).await, None, "the oldest gives way");
    for number in [4, 5, 6] {
        assert!(take(vault, number).await.is_some());
    }
}

/// Anybody may ask in anybody's name, and pushes out what they asked for themselves alone.
async fn a_stranger_pushes_nothing_out(vault: &Vault) {
    for name in ["alice", "stranger"] {
        issue(vault, 20, &challenge(name, 10), 2).await;
        for (number, asker) in [(21, 1), (22, 1), (23, 1), (24, 2)] {
            let (id, challenge) = (id(number), challenge(name, i64::from(number)));
            let asker = Some(Tag([asker; 16]));
            let change = Change::PutChallenge { id, challenge, asker, max_open: 2 };
            vault.commit(vec![change], event(AuditKind::ChallengeIssued, Some(name))).await.unwrap();
        }
        assert_eq!(take(vault, 21).await, None, "the stranger's own oldest gives way");
        for number in [20, 22, 23, 24] {
            assert!(take(vault, number).await.is_some(), "{name} {number}");
        }
    }
}

async fn enrolling_ends_what_nobody_was_asked(vault: &Vault) {
    for (number, name) in [(3, "carol"), (4, "dave")] {
        issue(vault, number, &challenge(name, 10), 5).await;
    }
    enrol(vault, "carol").await;
    assert_eq!(take(vault, 3).await, None);
    assert!(take(vault, 4).await.is_some());
}

async fn the_oldest_gives_way(vault: &Vault) {
    enrol(vault, "bob").await;
    issue(vault, 9, &challenge("bob", 0), 3).await;
    // Later ones at one moment: the newest stays whatever its handle.
    for number in [8, 7, 6, 5] {
        issue(vault, number, &challenge("alice", 20), 3).await;
    }
    assert!(take(vault, 5).await.is_some());
    let mut left = 0;
    for number in [8, 7, 6] {
        left += usize::from(take(vault, number).await.is_some());
    }
    assert_eq!(left, 2, "three at most");
    assert!(take(vault, 9).await.is_some(), "others' challenges are not touched");
}

async fn of_many_that_take_it_one_gets_it(vault: &Arc<Vault>) {
    issue(vault, 10, &challenge("alice", 30), 5).await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let vault = vault.clone();
            tokio::spawn(async move { vault.take_challenge(&id(10)).await })
        })
        .collect();
    let mut got = 0;
    for task in tasks {
        got += usize::from(task.await.unwrap().unwrap().is_some());
    }
    assert_eq!(got, 1);
}

/// P8.1: neither the handle nor what is asked can be read, and a row moved to another handle does not open.
async fn nothing_lies_in_clear(vault: &Vault, site: &Site) {
    issue(vault, 11, &challenge("alice", 40), 5).await;
    let [row] = &site.sql("SELECT id_hash, sealed FROM challenges").await[..] else { panic!("one row") };
    let (hash, sealed): (Vec<u8>, Vec<u8>) = (sqlx::Row::get(row, 0), sqlx::Row::get(row, 1));
    assert_eq!(hash, id(11).hash());
    for clear in [&b"seven"[..], b"alice", b"phone-7", b"login", &[11; 16]] {
        assert!(!sealed.windows(clear.len()).any(|bytes| bytes == clear), "{clear:?}");
    }
    let moved = site.blob(&id(12).hash());
    site.sql(&format!("UPDATE challenges SET id_hash = {moved}")).await;
    assert!(vault.take_challenge(&id(12)).await.is_err());
    site.sql("DELETE FROM challenges").await;
}

async fn keep(vault: &Vault, name: &str, number: u8, seconds: i64) {
    keep_in(vault, name, number, seconds, Lane::Own).await;
}

async fn keep_in(vault: &Vault, name: &str, number: u8, seconds: i64, lane: Lane) {
    let change = Change::PutFingerprint {
        person: person(name),
        fingerprint: vec![number; 40],
        lane,
        at: at(seconds),
        expires_at: at(seconds + 1000),
    };
    vault.commit(vec![change], event(AuditKind::Verify, Some(name))).await.unwrap();
}

async fn numbers(vault: &Vault, name: &str, since: i64) -> Vec<u8> {
    let found = vault.fingerprints(&person(name), at(since)).await.unwrap();
    assert!(found.iter().all(|fingerprint| fingerprint.len() == 40));
    found.iter().map(|fingerprint| fingerprint[0]).collect()
}

async fn fingerprints(vault: &Vault) {
    assert!(numbers(vault, "alice", 0).await.is_empty());
    for number in 1..=3 {
        keep(vault, "alice", number, i64::from(number)).await;
    }
    keep(vault, "bob", 99, 5).await;
    assert_eq!(numbers(vault, "alice", 0).await, [3, 2, 1]);
    assert_eq!(numbers(vault, "alice", 2).await, [3, 2]);
    for number in 4..=60 {
        keep(vault, "alice", number, i64::from(number)).await;
    }
    let newest: Vec<u8> = (11..=60).rev().collect();
    assert_eq!(newest.len(), MAX_FINGERPRINTS as usize);
    assert_eq!(numbers(vault, "alice", 0).await, newest);
}

/// Whoever tries a name that nobody has is compared with what was tried before, like with anybody's.
async fn of_nobody_they_are_kept_as_well(vault: &Vault, site: &Site) {
    for number in 1..=60 {
        keep_in(vault, "stranger", number, i64::from(number), Lane::Others).await;
    }
    assert_eq!(numbers(vault, "stranger", 0).await, (11..=60).rev().collect::<Vec<u8>>());
    assert!(numbers(vault, "another", 0).await.is_empty());
    let here = "person_ref IN (SELECT person_ref FROM people)";
    let of_nobody = site.sql(&format!("SELECT sealed FROM attempt_fingerprints WHERE NOT {here}")).await;
    assert_eq!(of_nobody.len(), 50);
    let in_clear = |bytes: &[u8]| bytes.windows(8).any(|bytes| bytes.iter().all(|byte| *byte == bytes[0]));
    assert!(!of_nobody.iter().any(|row| in_clear(&sqlx::Row::get::<Vec<u8>, _>(row, 0))));
    enrol(vault, "stranger").await;
    assert!(numbers(vault, "stranger", 0).await.is_empty(), "enrolling ends them");
}

async fn strangers_push_out_none_of_the_persons_own(vault: &Vault) {
    for name in ["eve", "nobody"] {
        keep(vault, name, 1, 1).await;
        for number in 2..=70 {
            keep_in(vault, name, number, i64::from(number), Lane::Others).await;
        }
        let mut expected: Vec<u8> = (21..=70).rev().collect();
        expected.push(1);
        assert_eq!(numbers(vault, name, 0).await, expected, "{name}");
        for number in 71..=130 {
            keep(vault, name, number, i64::from(number)).await;
        }
        let expected: Vec<u8> = (81..=130).rev().chain((21..=70).rev()).collect();
        assert_eq!(numbers(vault, name, 0).await, expected, "{name}");
    }
}

async fn after_a_rotation(vault: &Vault) {
    issue(vault, 20, &challenge("alice", 50), 5).await;
    vault.rotate_master_key(&Actor::Operator, at(51), &|_, _| ()).await.unwrap();
    assert_eq!(take(vault, 20).await, Some(challenge("alice", 50)));
    assert_eq!(numbers(vault, "alice", 60).await, [60]);
}

async fn swept(vault: &Vault) {
    issue(vault, 21, &challenge("alice", 0), 5).await;
    issue(vault, 22, &challenge("alice", 100), 5).await;
    assert_eq!(vault.forget_expired(at(59)).await.unwrap(), 0);
    assert_eq!(vault.forget_expired(at(60)).await.unwrap(), 1, "the challenge whose time is over");
    assert!(take(vault, 21).await.is_none() && take(vault, 22).await.is_some());
    assert_eq!(vault.forget_expired(at(1020)).await.unwrap(), 11, "bob's, and alice's 11 to 20");
    assert_eq!(numbers(vault, "alice", 0).await.len(), 40);
}

/// Deletes what the steps about lanes have left.
const OF_OTHERS: &str = "DELETE FROM attempt_fingerprints WHERE person_ref NOT IN \
    (SELECT person_ref FROM people WHERE person_id IN ('alice', 'bob'))";

async fn revoked(vault: &Vault, site: &Site) {
    issue(vault, 30, &challenge("alice", 200), 5).await;
    issue(vault, 31, &challenge("bob", 200), 5).await;
    let revoke = Change::RevokeProfile { person: person("alice"), expected_version: 1, at: at(201) };
    vault.commit(vec![revoke], event(AuditKind::Revoke, Some("alice"))).await.unwrap();
    assert!(take(vault, 30).await.is_none() && numbers(vault, "alice", 0).await.is_empty());
    let of_alice = "person_ref = (SELECT person_ref FROM people WHERE person_id = 'alice')";
    let asked = challenge("alice", 202);
    issue(vault, 32, &asked, 5).await;
    issue(vault, 34, &asked, 5).await;
    keep(vault, "alice", 1, 202).await;
    for table in ["challenges", "attempt_fingerprints"] {
        let left = site.sql(&format!("SELECT 1 FROM {table} WHERE {of_alice}")).await;
        assert!(left.is_empty(), "{table}: nothing is kept of who was revoked");
    }
    assert!(take(vault, 31).await.is_some());
    assert_eq!(take(vault, 32).await, Some(asked), "like anybody who is not here");
    // Given out while the revocation was under way: it is kept, but its key is gone.
    issue(vault, 35, &challenge("bob", 203), 5).await;
    site.sql(&format!("UPDATE challenges SET {of_alice} WHERE id_hash = {}", site.blob(&id(35).hash())))
        .await;
    assert_eq!(take(vault, 35).await, None);
    // Enrolled anew, under another key, nothing of before comes back.
    let again = Change::PutProfile { profile: profile("alice", ProfileState::Active), expected_version: 2 };
    vault.commit(vec![again], event(AuditKind::Enroll, Some("alice"))).await.unwrap();
    assert!(numbers(vault, "alice", 0).await.is_empty());
    assert_eq!(take(vault, 34).await, None);
    issue(vault, 33, &challenge("alice", 203), 5).await;
    assert!(take(vault, 33).await.is_some());
}
