//! P6.3, P7.1, P8.1–P8.3: one story that every database must tell alike.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;
use voicegate_core::access::Scope;
use voicegate_core::device::DeviceId;
use voicegate_core::{Condition, Template};
use voicegate_service::ports::{
    Actor, AuditEvent, AuditKind, Change, IdempotencyKey, Idempotent, NewApiKey, Store, StoredResponse,
};
use voicegate_service::profile::ProfileState;
use voicegate_store::Vault;

use crate::support::{Site, at, conflict, enrol, event, person, profile, sites, template, try_enrol};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn story() {
    for site in sites().await {
        let vault = Arc::new(site.open().await);
        vault.ping().await.unwrap();
        profiles(&vault).await;
        revocation(&vault, &site).await;
        verification(&vault).await;
        failures(&vault).await;
        experiments(&vault, &site).await;
        configuration(&vault).await;
        api_keys(&vault).await;
        audit_log(&vault, &site).await;
        idempotency(&vault, &site).await;
        remembered_people(&vault).await;
        many_reserve_one_wins(&vault).await;
        many_write_at_once(&vault).await;
        reopened(&vault, &site).await;
        site.drop_database().await;
    }
}

async fn profiles(vault: &Vault) {
    let alice = person("alice");
    assert!(vault.profile(&alice).await.unwrap().is_none());
    let mut pending = profile("alice", ProfileState::Pending);
    let put = |profile, expected_version| Change::PutProfile { profile, expected_version };
    let enroll = || event(AuditKind::Enroll, Some("alice"));
    let receipt = vault.commit(vec![put(pending.clone(), 0)], enroll()).await.unwrap();
    assert_eq!(receipt.audit_seq, 1);

    let read = vault.profile(&alice).await.unwrap().unwrap();
    assert_eq!((read.version, read.state), (1, ProfileState::Pending));
    let stored = read.template.unwrap();
    assert_eq!(stored.exemplars().len(), 3);
    let mean = |template: &Template| template.mean("ecapa", Condition::Clear).unwrap().clone();
    assert!(mean(&stored).cosine(&mean(&template(&[("ecapa", 1)]))).unwrap() > 0.999_99);

    pending.state = ProfileState::Active;
    pending.template = Some(template(&[("resnet", 2), ("ecapa", 3)]));
    pending.updated_at = at(60);
    conflict(vault.commit(vec![put(pending.clone(), 0)], enroll()).await);
    conflict(vault.commit(vec![put(pending.clone(), 2)], enroll()).await);
    vault.commit(vec![put(pending.clone(), 1)], enroll()).await.unwrap();
    let read = vault.profile(&alice).await.unwrap().unwrap();
    assert_eq!((read.version, read.state, read.updated_at), (2, ProfileState::Active, at(60)));
    let models: Vec<_> = read.template.iter().flat_map(Template::models).collect();
    assert_eq!(models, ["ecapa", "resnet"]);

    // All or nothing: the second change fails, so the first is undone and nothing is recorded.
    let config = Change::PutConfig { overrides: json!({ "a": 1 }), expected_version: 0 };
    conflict(vault.commit(vec![config, put(pending, 1)], enroll()).await);
    assert_eq!(vault.config().await.unwrap().version, 0);
    assert_eq!(vault.audit_records(0, 10).await.unwrap().len(), 2);
}

async fn revocation(vault: &Vault, site: &Site) {
    enrol(vault, "bob").await;
    let bob = person("bob");
    let revoke =
        |expected_version| Change::RevokeProfile { person: bob.clone(), expected_version, at: at(99) };
    conflict(vault.commit(vec![revoke(7)], event(AuditKind::Revoke, Some("bob"))).await);
    vault.commit(vec![revoke(1)], event(AuditKind::Revoke, Some("bob"))).await.unwrap();
    let read = vault.profile(&bob).await.unwrap().unwrap();
    assert_eq!((read.state, read.version, read.revoked_at), (ProfileState::Revoked, 2, Some(at(99))));
    assert!(read.template.is_none());
    let left = site
        .sql(
            "SELECT 1 FROM people p LEFT JOIN voice_templates t ON t.person_ref = p.person_ref \
              WHERE p.person_id = 'bob' AND (p.wrapped_key IS NOT NULL OR t.sealed IS NOT NULL)",
        )
        .await;
    assert!(left.is_empty(), "P8.2: neither key nor template is left");

    let again = Change::PutProfile { profile: profile("bob", ProfileState::Active), expected_version: 2 };
    vault.commit(vec![again], event(AuditKind::Enroll, Some("bob"))).await.unwrap();
    let read = vault.profile(&bob).await.unwrap().unwrap();
    assert_eq!((read.state, read.version, read.revoked_at), (ProfileState::Active, 3, None));
    assert!(read.template.is_some(), "a new data key seals the new template");
}

async fn verification(vault: &Vault) {
    let mark = |name, seconds| Change::MarkVerified { person: person(name), at: at(seconds) };
    let verify = |name| event(AuditKind::Verify, Some(name));
    vault.commit(vec![mark("alice", 200)], verify("alice")).await.unwrap();
    vault.commit(vec![mark("alice", 150)], verify("alice")).await.unwrap();
    let read = vault.profile(&person("alice")).await.unwrap().unwrap();
    assert_eq!((read.version, read.last_verified_at), (2, Some(at(200))), "the later one stays");

    // A change based on a profile read before that verification does not take it back.
    let stale = Change::PutProfile { profile: profile("alice", ProfileState::Active), expected_version: 2 };
    vault.commit(vec![stale], event(AuditKind::Update, Some("alice"))).await.unwrap();
    let read = vault.profile(&person("alice")).await.unwrap().unwrap();
    assert_eq!((read.version, read.last_verified_at), (3, Some(at(200))));

    conflict(vault.commit(vec![mark("nobody", 1)], verify("nobody")).await);
    let revoke = Change::RevokeProfile { person: person("bob"), expected_version: 3, at: at(300) };
    vault.commit(vec![revoke], event(AuditKind::Revoke, Some("bob"))).await.unwrap();
    conflict(vault.commit(vec![mark("bob", 301)], verify("bob")).await);
}

/// L3: rejected verifications and logins count since the last ACCEPT, within a window; nothing else does.
async fn failures(vault: &Vault) {
    let record = async |kind, seconds, outcome: &str, name| {
        let event = AuditEvent { at: at(seconds), outcome: outcome.into(), ..event(kind, Some(name)) };
        vault.commit(vec![], event).await.unwrap();
    };
    let count = async |name, since| vault.recent_failures(&person(name), None, at(since)).await.unwrap();
    assert_eq!((count("nobody", 0).await, count("alice", 0).await), (0, 0));
    for (kind, seconds) in [(AuditKind::Verify, 400), (AuditKind::Login, 410), (AuditKind::Verify, 420)] {
        record(kind, seconds, "REJECT", "alice").await;
        record(AuditKind::Verify, seconds, "INCONCLUSIVE", "alice").await;
        record(AuditKind::Verify, seconds, "refused", "alice").await;
        record(AuditKind::Enroll, seconds, "REJECT", "alice").await;
        record(AuditKind::Rescore, seconds, "REJECT", "alice").await;
        record(AuditKind::Verify, seconds, "REJECT", "nobody").await;
    }
    assert_eq!((count("alice", 0).await, count("alice", 410).await, count("alice", 421).await), (3, 2, 0));
    assert_eq!(count("nobody", 0).await, 0, "nothing is kept of who is not enrolled");
    let device = DeviceId(uuid::Uuid::from_u128(7));
    let of_device = async || vault.recent_failures(&person("alice"), Some(device), at(0)).await.unwrap();
    assert_eq!(of_device().await, 0, "what others fail at is not held against a device");
    let details = serde_json::json!({"device": {"id": device, "trust_level": "TRUSTED"}});
    let own = AuditEvent {
        at: at(425),
        outcome: "REJECT".into(),
        details,
        ..event(AuditKind::Login, Some("alice"))
    };
    vault.commit(vec![], own).await.unwrap();
    assert_eq!((of_device().await, count("alice", 0).await), (1, 4));
    record(AuditKind::Verify, 430, "ACCEPT", "alice").await;
    assert_eq!((of_device().await, count("alice", 0).await), (0, 0));
    record(AuditKind::Verify, 440, "REJECT", "alice").await;
    for _ in 0..120 {
        record(AuditKind::Verify, 441, "INCONCLUSIVE", "alice").await;
    }
    assert_eq!(count("alice", 0).await, 1, "what is inconclusive hides no failure");
}

/// P7.2: outcomes are counted by experiment and arm, the newest first, and the counted columns are under the MAC.
async fn experiments(vault: &Vault, site: &Site) {
    let record = async |seconds, name, arm: &str, outcome: &str| {
        let details = json!({"experiment": {"name": "stricter", "arm": arm}});
        let outcome = outcome.to_owned();
        let event = AuditEvent { at: at(seconds), outcome, details, ..event(AuditKind::Verify, Some(name)) };
        vault.commit(vec![], event).await.unwrap();
    };
    enrol(vault, "erin").await;
    record(500, "alice", "a", "ACCEPT").await;
    record(510, "alice", "a", "REJECT").await;
    record(520, "erin", "b", "ACCEPT").await;
    record(530, "erin", "b", "INCONCLUSIVE").await;
    record(540, "erin", "b", "ACCEPT").await;
    let count = async |name, since, most| {
        let counts = vault.experiment_counts(name, at(since), most).await.unwrap();
        let arms = counts.arms.into_iter().map(|(arm, counts)| {
            let attempts: Vec<String> = counts.attempts.iter().map(|(o, n)| format!("{n} {o}")).collect();
            format!("{arm}: {} people, {}", counts.people, attempts.join(", "))
        });
        (arms.collect::<Vec<_>>(), counts.truncated)
    };
    let b = "b: 1 people, 2 ACCEPT, 1 INCONCLUSIVE".to_owned();
    let all = vec!["a: 1 people, 1 ACCEPT, 1 REJECT".to_owned(), b.clone()];
    assert_eq!(count("stricter", 0, 100).await, (all.clone(), false));
    assert_eq!(count("stricter", 0, 5).await, (all, false));
    assert_eq!(count("stricter", 0, 3).await, (vec![b.clone()], true));
    assert_eq!(count("stricter", 520, 3).await, (vec![b], false));
    assert_eq!(count("other", 0, 3).await, (vec![], false));

    let move_arm = |from, to| format!("UPDATE voice_auth_logs SET arm = '{to}' WHERE arm = '{from}'");
    site.sql(&move_arm("b", "x")).await;
    assert!(
        vault.verify_audit(&|_, _| ()).await.unwrap().breach.is_some(),
        "the column contradicts the record"
    );
    site.sql(&move_arm("x", "b")).await;
    assert_eq!(vault.verify_audit(&|_, _| ()).await.unwrap().breach, None);
}

async fn configuration(vault: &Vault) {
    let put = |n: u64, expected_version| Change::PutConfig { overrides: json!({ "n": n }), expected_version };
    let config = || event(AuditKind::Config, None);
    assert_eq!(vault.config().await.unwrap().overrides, json!({}));
    conflict(vault.commit(vec![put(1, 1)], config()).await);
    vault.commit(vec![put(1, 0)], config()).await.unwrap();
    conflict(vault.commit(vec![put(2, 0)], config()).await);
    vault.commit(vec![put(2, 1)], config()).await.unwrap();
    let stored = vault.config().await.unwrap();
    assert_eq!((stored.version, stored.overrides), (2, json!({ "n": 2 })));
}

async fn api_keys(vault: &Vault) {
    let key = |id: u128, hash, expires_at| NewApiKey {
        id: Uuid::from_u128(id),
        name: format!("key {id}"),
        hash: [hash; 32],
        scopes: vec![Scope::Enroll, Scope::ReadProfile],
        created_at: at(1),
        expires_at,
    };
    let created = || event(AuditKind::ApiKeyCreated, None);
    for key in [key(1, 1, None), key(2, 2, Some(at(50)))] {
        vault.commit(vec![Change::PutApiKey(key)], created()).await.unwrap();
    }
    conflict(vault.commit(vec![Change::PutApiKey(key(3, 1, None))], created()).await);
    assert_eq!(vault.api_keys().await.unwrap().len(), 2);
    assert!(vault.api_key(&[9; 32]).await.unwrap().is_none());
    let second = vault.api_key(&[2; 32]).await.unwrap().unwrap();
    assert_eq!(second.scopes, [Scope::Enroll, Scope::ReadProfile]);
    assert!(second.is_live(at(49)) && !second.is_live(at(50)));

    let revoke = || vec![Change::RevokeApiKey { id: Uuid::from_u128(1), at: at(60) }];
    vault.commit(revoke(), event(AuditKind::ApiKeyRevoked, None)).await.unwrap();
    conflict(vault.commit(revoke(), event(AuditKind::ApiKeyRevoked, None)).await);
    assert!(!vault.api_key(&[1; 32]).await.unwrap().unwrap().is_live(at(61)));
}

async fn audit_log(vault: &Vault, site: &Site) {
    let records = vault.audit_records(0, 1000).await.unwrap();
    assert!(records.iter().zip(1..).all(|(record, seq)| record.seq == seq));
    let of_alice = records[0].person_ref.expect("alice is enrolled");
    assert!(records.iter().filter(|r| r.kind == AuditKind::Update).all(|r| r.person_ref == Some(of_alice)));
    assert_eq!(records[0].details, json!({ "net_speech_s": 3.25, "model": "ecapa" }));
    assert_eq!((records[0].at, records[0].request_id.as_deref()), (at(1), Some("req-1")));

    // P8.2: a name is in the log neither in clear nor in the payload, and strangers leave no trace of theirs.
    vault.commit(vec![], event(AuditKind::Verify, Some("stranger"))).await.unwrap();
    let page = vault.audit_records(records.len() as u64, 10).await.unwrap();
    assert_eq!((page.len(), page[0].person_ref), (1, None));
    for column in ["payload", "actor", "outcome"] {
        let rows = site.sql(&format!("SELECT CAST({column} AS TEXT) AS text FROM voice_auth_logs")).await;
        for row in rows {
            let text: String = sqlx::Row::get(&row, "text");
            assert!(!text.contains("alice") && !text.contains("stranger"), "{text}");
        }
    }

    let report = vault.verify_audit(&|_, _| ()).await.unwrap();
    assert_eq!((report.records, report.breach), (records.len() as u64 + 1, None));
}

fn idempotency_key(key: &str, fingerprint: u8) -> IdempotencyKey {
    IdempotencyKey {
        actor: Actor::ApiKey(Uuid::from_u128(1)),
        key: key.to_owned(),
        fingerprint: [fingerprint; 32],
        attempt: Uuid::from_u128(1),
    }
}

fn answer() -> StoredResponse {
    StoredResponse {
        status: 201,
        content_type: "application/json".to_owned(),
        body: b"{\"user_id\":\"alice\"}".to_vec(),
    }
}

async fn idempotency(vault: &Vault, site: &Site) {
    let key = idempotency_key("k", 1);
    let reserve = async |key: &IdempotencyKey, now| {
        vault.reserve(key, at(now), at(now - 1000), at(now - 100)).await.unwrap()
    };
    assert_eq!(reserve(&key, 10_000).await, Idempotent::New);
    assert_eq!(reserve(&key, 10_001).await, Idempotent::InFlight);
    assert_eq!(reserve(&idempotency_key("k", 2), 10_001).await, Idempotent::Mismatch);
    let other_actor = IdempotencyKey { actor: Actor::Operator, ..key.clone() };
    assert_eq!(reserve(&other_actor, 10_001).await, Idempotent::New, "key spaces are apart");
    let second = IdempotencyKey { attempt: Uuid::from_u128(2), ..key.clone() };
    assert_eq!(reserve(&second, 10_101).await, Idempotent::New, "whoever held it is gone");
    for late in [Some(answer()), None] {
        vault.settle(&key, late, None).await.unwrap();
        assert_eq!(reserve(&key, 10_102).await, Idempotent::InFlight, "it is not the first one's any more");
    }

    vault.settle(&second, None, None).await.unwrap();
    assert_eq!(reserve(&key, 10_102).await, Idempotent::New, "it was given up");
    vault.settle(&key, Some(answer()), None).await.unwrap();
    assert_eq!(reserve(&second, 10_103).await, Idempotent::Done(answer()));
    vault.settle(&key, None, None).await.unwrap();
    assert_eq!(reserve(&key, 10_600).await, Idempotent::Done(answer()), "an answer stays");
    assert_eq!(reserve(&idempotency_key("k", 2), 10_600).await, Idempotent::Mismatch);

    // P8.1: neither what the client called it nor what was answered lies there in clear.
    let rows = site.sql("SELECT client_key, answer FROM idempotency_keys WHERE answer IS NOT NULL").await;
    let [row] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    let (name, sealed): (Vec<u8>, Vec<u8>) = (sqlx::Row::get(row, 0), sqlx::Row::get(row, 1));
    assert!(name.len() == 32 && !sealed.windows(5).any(|bytes| bytes == b"alice"));

    assert_eq!(vault.forget_answers(at(10_102)).await.unwrap(), 1, "the other client's");
    assert_eq!(reserve(&key, 11_102).await, Idempotent::Done(answer()));
    assert_eq!(reserve(&key, 11_103).await, Idempotent::New, "old answers are forgotten");
    assert_eq!(vault.forget_answers(at(12_000)).await.unwrap(), 1);
}

/// P8.2: a revocation erases the answers that speak of the person, those too that come after it. That there was an
/// answer stays known: a repetition must not do the work again.
async fn remembered_people(vault: &Vault) {
    let reserve =
        async |key: &IdempotencyKey| vault.reserve(key, at(15_000), at(0), at(14_000)).await.unwrap();
    enrol(vault, "carol").await;
    let (carol, key) = (person("carol"), |name| idempotency_key(name, 1));
    for name in ["of carol", "of alice", "late", "of nobody"] {
        assert_eq!(reserve(&key(name)).await, Idempotent::New);
    }
    vault.settle(&key("of carol"), Some(answer()), Some(&carol)).await.unwrap();
    vault.settle(&key("of alice"), Some(answer()), Some(&person("alice"))).await.unwrap();
    vault.settle(&key("of nobody"), Some(answer()), Some(&person("stranger"))).await.unwrap();
    assert_eq!(reserve(&key("of carol")).await, Idempotent::Done(answer()));
    let revoke = Change::RevokeProfile { person: carol.clone(), expected_version: 1, at: at(15_001) };
    vault.commit(vec![revoke], event(AuditKind::Revoke, Some("carol"))).await.unwrap();
    vault.settle(&key("late"), Some(answer()), Some(&carol)).await.unwrap();
    for name in ["of carol", "late"] {
        assert_eq!(reserve(&key(name)).await, Idempotent::Erased, "{name}");
        assert_eq!(reserve(&idempotency_key(name, 2)).await, Idempotent::Mismatch);
    }
    for name in ["of alice", "of nobody"] {
        assert_eq!(reserve(&key(name)).await, Idempotent::Done(answer()), "{name}");
    }
}

async fn many_reserve_one_wins(vault: &Arc<Vault>) {
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let vault = vault.clone();
            let reserve = async move {
                vault.reserve(&idempotency_key("race", 1), at(20_000), at(0), at(19_000)).await
            };
            tokio::spawn(reserve)
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Idempotent::New => new += 1,
            known => assert_eq!(known, Idempotent::InFlight),
        }
    }
    assert_eq!(new, 1);
}

async fn many_write_at_once(vault: &Arc<Vault>) {
    let before = vault.verify_audit(&|_, _| ()).await.unwrap().records;
    let tasks: Vec<_> = (0..60)
        .map(|i| {
            let vault = vault.clone();
            // Three race for each name: one gets it, two are told.
            tokio::spawn(async move { try_enrol(&vault, &format!("racer-{}", i / 3)).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            lost => conflict(lost),
        }
    }
    assert_eq!(won, 20);
    let report = vault.verify_audit(&|_, _| ()).await.unwrap();
    assert_eq!((report.records, report.breach), (before + 20, None));
}

async fn reopened(vault: &Vault, site: &Site) {
    let before = vault.verify_audit(&|_, _| ()).await.unwrap();
    vault.close().await.unwrap();
    let vault = site.open().await;
    let report = vault.verify_audit(&|_, _| ()).await.unwrap();
    assert_eq!((report.records, report.breach), (before.records, None));
    assert!(report.checkpoints >= 3, "the end, the sign-off and the anchor");
    let read = vault.profile(&person("alice")).await.unwrap().unwrap();
    assert_eq!((read.version, read.template.is_some()), (3, true));
    vault.close().await.unwrap();
}
