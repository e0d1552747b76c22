//! Sessions: found by token, renewed, bounded, ended, and proof against whoever can write the table.

use std::sync::Arc;

use uuid::Uuid;
use voicegate_core::decide::StepUp;
use voicegate_core::device::DeviceId;
use voicegate_core::session::Confidence;
use voicegate_service::ports::{
    Actor, Change, Session, SessionContent, SignedInBy, Store, StoreError, TokenOf,
};
use voicegate_store::Vault;

use crate::support::{Site, at, change, conflict, enrol, person, refused, sites};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions() {
    for site in sites().await {
        let vault = Arc::new(site.open().await);
        begun_and_renewed(&vault).await;
        used(&vault).await;
        of_many_that_change_it_one_wins(&vault).await;
        the_oldest_give_way(&vault).await;
        those_that_wait_push_out_their_like(&vault).await;
        ended(&vault).await;
        tampered_with(&vault, &site).await;
        vault.rotate_master_key(&Actor::Operator, at(51), &|_, _| ()).await.unwrap();
        assert!(vault.session(&[60; 32]).await.unwrap().is_some(), "after a rotation");
        swept(&vault).await;
        revoked(&vault).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

fn id(number: u8) -> Uuid {
    Uuid::from_bytes([number; 16])
}

fn device(number: u8) -> DeviceId {
    DeviceId(id(number))
}

/// The session of a number, begun at that second.
fn session(name: &str, number: u8) -> Session {
    Session {
        id: id(number),
        person: person(name),
        content: SessionContent {
            by: SignedInBy::Voice,
            device: Some(device(number)),
            step_up: Some(StepUp::Password),
            rebinds: true,
            other_factor: false,
            confidence: Some(Confidence::proven(4.25, at(3))),
        },
        created_at: at(i64::from(number)),
        last_used_at: at(i64::from(number)),
        ends_at: at(1000 + i64::from(number)),
        version: 0,
    }
}

/// Begins the session of a number, whose token is that number as well.
async fn begin(vault: &Vault, name: &str, number: u8, max: u32) -> Result<(), StoreError> {
    let begin = Change::BeginSession { session: session(name, number), token: [number; 32], max };
    change(vault, begin).await.map(drop)
}

async fn numbers(vault: &Vault, name: &str) -> Vec<u8> {
    let sessions = vault.sessions(&person(name)).await.unwrap();
    sessions.iter().map(|session| session.id.as_bytes()[0]).collect()
}

async fn current(vault: &Vault, token: u8) -> Session {
    match vault.session(&[token; 32]).await.unwrap() {
        Some(TokenOf::Current(session)) => session,
        other => panic!("{token}: {other:?}"),
    }
}

async fn begun_and_renewed(vault: &Vault) {
    assert_eq!(vault.session(&[1; 32]).await.unwrap(), None);
    begin(vault, "alice", 1, 5).await.unwrap();
    assert_eq!(current(vault, 1).await, Session { version: 1, ..session("alice", 1) });
    conflict(begin(vault, "alice", 1, 5).await);

    // Stepped up: the token stays.
    let mut changed = current(vault, 1).await;
    changed.content.step_up = None;
    changed.content.device = None;
    let put = |session: &Session, token: Option<u8>| Change::PutSession {
        session: session.clone(),
        token: token.map(|number| [number; 32]),
        max: 5,
    };
    change(vault, put(&changed, None)).await.unwrap();
    conflict(change(vault, put(&changed, None)).await);
    let stored = current(vault, 1).await;
    assert_eq!(stored, Session { version: 2, ..changed });

    // Renewed twice: the token before leads to the same session, the one before that nowhere.
    change(vault, put(&stored, Some(2))).await.unwrap();
    let renewed = current(vault, 2).await;
    assert_eq!(renewed, Session { version: 3, ..stored });
    assert_eq!(vault.session(&[1; 32]).await.unwrap(), Some(TokenOf::Former(renewed.clone())));
    change(vault, put(&renewed, Some(3))).await.unwrap();
    assert_eq!(vault.session(&[1; 32]).await.unwrap(), None);
    assert!(matches!(vault.session(&[2; 32]).await.unwrap(), Some(TokenOf::Former(_))));

    let last = current(vault, 3).await;
    conflict(change(vault, put(&Session { person: person("bob"), ..last.clone() }, Some(4))).await);
    conflict(change(vault, put(&Session { id: id(9), ..last.clone() }, Some(4))).await);
    // A change without a token leaves the former one as it is.
    change(vault, put(&last, None)).await.unwrap();
    assert!(matches!(vault.session(&[2; 32]).await.unwrap(), Some(TokenOf::Former(_))));
}

async fn used(vault: &Vault) {
    vault.touch_session(id(1), at(40)).await.unwrap();
    vault.touch_session(id(1), at(30)).await.unwrap();
    vault.touch_session(id(99), at(30)).await.unwrap();
    let session = current(vault, 3).await;
    assert_eq!((session.last_used_at, session.version), (at(40), 5));
    change(vault, Change::EndSession { person: person("alice"), id: id(1) }).await.unwrap();
}

async fn of_many_that_change_it_one_wins(vault: &Arc<Vault>) {
    begin(vault, "alice", 10, 5).await.unwrap();
    let read = current(vault, 10).await;
    let tasks: Vec<_> = (100..200)
        .map(|token| {
            let (vault, session) = (vault.clone(), read.clone());
            let put = Change::PutSession { session, token: Some([token; 32]), max: 5 };
            tokio::spawn(async move { (token, change(&vault, put).await) })
        })
        .collect();
    let mut won = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (token, Ok(_)) => won.push(token),
            (_, lost) => conflict(lost),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(current(vault, won[0]).await.version, 2);
    assert!(matches!(vault.session(&[10; 32]).await.unwrap(), Some(TokenOf::Former(_))));
}

async fn the_oldest_give_way(vault: &Vault) {
    begin(vault, "bob", 20, 3).await.unwrap();
    for number in [21, 22, 23] {
        begin(vault, "alice", number, 3).await.unwrap();
    }
    assert_eq!(numbers(vault, "alice").await, [23, 22, 21], "the newest first");
    begin(vault, "alice", 24, 1).await.unwrap();
    assert_eq!(numbers(vault, "alice").await, [24]);
    assert_eq!(numbers(vault, "bob").await, [20]);
}

/// One that waits pushes out no session that counts, nor the other way about, and one that changes sides takes its place.
async fn those_that_wait_push_out_their_like(vault: &Vault) {
    let begin = async |number: u8, step_up: Option<StepUp>| {
        let session = session("carol", number);
        let session = Session { content: SessionContent { step_up, ..session.content }, ..session };
        change(vault, Change::BeginSession { session, token: [number; 32], max: 2 }).await.unwrap();
    };
    let waits = Some(StepUp::Password);
    for (number, step_up) in [(41, None), (42, None), (43, waits), (44, waits), (45, waits)] {
        begin(number, step_up).await;
    }
    assert_eq!(numbers(vault, "carol").await, [45, 44, 42, 41]);
    let put = async |number: u8, step_up: Option<StepUp>| {
        let mut session = current(vault, number).await;
        session.content.step_up = step_up;
        change(vault, Change::PutSession { session, token: None, max: 2 }).await.unwrap();
    };
    put(44, waits).await;
    assert_eq!(numbers(vault, "carol").await, [45, 44, 42, 41]);
    put(44, None).await;
    assert_eq!(numbers(vault, "carol").await, [45, 44, 42], "the oldest that counted is gone");
    begin(46, waits).await;
    begin(47, waits).await;
    assert_eq!(numbers(vault, "carol").await, [47, 46, 44, 42]);
    put(42, waits).await;
    assert_eq!(numbers(vault, "carol").await, [47, 44, 42]);
    begin(48, None).await;
    begin(49, None).await;
    assert_eq!(numbers(vault, "carol").await, [49, 48, 47, 42]);
    let all = Change::EndSessions { person: person("carol"), except: None, device: None };
    change(vault, all).await.unwrap();
}

async fn ended(vault: &Vault) {
    let end = |name, number| Change::EndSession { person: person(name), id: id(number) };
    conflict(change(vault, end("alice", 20)).await);
    change(vault, end("alice", 24)).await.unwrap();
    conflict(change(vault, end("alice", 24)).await);
    assert_eq!(vault.session(&[24; 32]).await.unwrap(), None);

    let end_all = async |except: Option<u8>, of: Option<u8>| {
        for number in [31, 32, 33] {
            begin(vault, "alice", number, 5).await.unwrap();
        }
        let (except, device) = (except.map(id), of.map(device));
        change(vault, Change::EndSessions { person: person("alice"), except, device }).await.unwrap();
        let left = numbers(vault, "alice").await;
        change(vault, Change::EndSessions { person: person("alice"), except: None, device: None })
            .await
            .unwrap();
        left
    };
    assert_eq!(end_all(Some(32), None).await, [32]);
    assert_eq!(end_all(None, Some(32)).await, [33, 31]);
    assert_eq!(end_all(Some(31), Some(31)).await, [33, 32, 31]);
    assert!(end_all(None, None).await.is_empty());
    assert_eq!(numbers(vault, "bob").await, [20]);
}

/// Whoever can write the table can take no session over, give none to another, and lift no step-up.
async fn tampered_with(vault: &Vault, site: &Site) {
    begin(vault, "alice", 60, 5).await.unwrap();
    begin(vault, "alice", 61, 5).await.unwrap();
    let of_60 = format!("WHERE id = '{}'", id(60));
    let read = async |column: &str| {
        let row = site.sql(&format!("SELECT {column} FROM sessions {of_60}")).await.remove(0);
        site.blob(sqlx::Row::get(&row, 0))
    };
    let (content, token) = (read("content").await, read("token_hash").await);
    let another = site.sql(&format!("SELECT content FROM sessions WHERE id = '{}'", id(61))).await.remove(0);
    let another = site.blob(sqlx::Row::get(&another, 0));
    let mut changed: Vec<u8> = vec![1, 0, 0, 0, 1];
    changed.extend([7; 60]);
    for (column, value, honest, found_by) in [
        ("content", another, content.clone(), 60),
        ("content", site.blob(&changed), content, 60),
        ("person_id", "'bob'".to_owned(), "'alice'".to_owned(), 60),
        ("token_hash", site.blob(&[77; 32]), token, 77),
    ] {
        site.sql(&format!("UPDATE sessions SET {column} = {value} {of_60}")).await;
        refused(vault.session(&[found_by; 32]).await, "sessions");
        let owner = if column == "person_id" { "bob" } else { "alice" };
        refused(vault.sessions(&person(owner)).await, "sessions");
        // Nor is it sealed anew by a change that was on its way.
        let session = Session { version: 1, ..session(owner, 60) };
        refused(change(vault, Change::PutSession { session, token: None, max: 5 }).await, "sessions");
        site.sql(&format!("UPDATE sessions SET {column} = {honest} {of_60}")).await;
    }
    // When a session ends is read from what is sealed.
    site.sql(&format!("UPDATE sessions SET ends_at = ends_at + 1000000000, created_at = 0 {of_60}")).await;
    assert_eq!(current(vault, 60).await, Session { version: 1, ..session("alice", 60) });
    site.sql(&format!("UPDATE sessions SET ends_at = ends_at - 1000000000 {of_60}")).await;
}

async fn swept(vault: &Vault) {
    assert_eq!(vault.forget_expired(at(1019)).await.unwrap(), 0);
    assert_eq!(vault.forget_expired(at(1060)).await.unwrap(), 2, "bob's 20 and alice's 60");
    assert_eq!(numbers(vault, "alice").await, [61]);
}

async fn revoked(vault: &Vault) {
    enrol(vault, "alice").await;
    begin(vault, "bob", 70, 5).await.unwrap();
    let revoke = Change::RevokeProfile { person: person("alice"), expected_version: 1, at: at(300) };
    change(vault, revoke).await.unwrap();
    assert!(numbers(vault, "alice").await.is_empty());
    assert_eq!(vault.session(&[61; 32]).await.unwrap(), None);
    assert_eq!(numbers(vault, "bob").await, [70]);
}
