//! P8.1: what is sealed opens in its place alone, and the master key can be replaced at any time.

use std::fs;

use uuid::Uuid;
use voicegate_service::ports::{
    Actor, AuditKind, Change, IdempotencyKey, Idempotent, Store, StoreError, StoredResponse,
};
use voicegate_service::profile::ProfileState;
use voicegate_store::{OpenError, RotateError, Rotation, Vault};

use crate::support::{Site, at, enrol, event, person, profile, sites, sqlite};

async fn unreadable(site: &Site, vault: &Vault, who: &str, table: &str, sql: &[&str]) {
    let tables = ["voice_templates", "people"];
    for table in tables {
        site.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    for statement in sql {
        site.sql(statement).await;
    }
    let read = vault.profile(&person(who)).await;
    match read {
        Err(StoreError::Unreadable { table: named, .. }) => {
            assert_eq!(named, table, "{}: {sql:?}", site.name);
        }
        other => panic!("{}: {sql:?}: {other:?}", site.name),
    }
    for table in tables {
        site.sql(&format!("DELETE FROM {table}")).await;
    }
    for table in ["people", "voice_templates"] {
        site.sql(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        site.sql(&format!("DROP TABLE kept_{table}")).await;
    }
    vault.profile(&person(who)).await.unwrap();
}

#[tokio::test]
async fn exchanged_rows_do_not_open() {
    for site in sites().await {
        let vault = site.open().await;
        enrol(&vault, "alice").await;
        enrol(&vault, "mallory").await;
        let find = async |table, sql: &[&str]| unreadable(&site, &vault, "alice", table, sql).await;
        let of = |name: &str| format!("(SELECT person_ref FROM people WHERE person_id = '{name}')");

        // Mallory's template under Alice's name, and the other ways to the same end.
        let (alice, mallory) = (of("alice"), of("mallory"));
        let template = format!(
            "UPDATE voice_templates SET sealed = (SELECT sealed FROM voice_templates WHERE person_ref = {mallory}) \
             WHERE person_ref = {alice}"
        );
        find("voice_templates", &[&template]).await;
        let key = "UPDATE people SET wrapped_key = (SELECT wrapped_key FROM people WHERE person_id = 'mallory') \
                   WHERE person_id = 'alice'";
        find("people", &[key]).await;
        find("people", &[key, &template]).await;
        let names = [
            "UPDATE people SET person_id = 'nobody' WHERE person_id = 'alice'",
            "UPDATE people SET person_id = 'alice' WHERE person_id = 'mallory'",
        ];
        find("people", &names).await;
        find("voice_templates", &["UPDATE voice_templates SET model_id = 'other'"]).await;
        find("people", &["UPDATE people SET wrapped_key = NULL"]).await;
        find("voice_templates", &["UPDATE people SET key_version = key_version + 1"]).await;
        let nonsense = site.blob(&[1; 80]);
        find("voice_templates", &[&format!("UPDATE voice_templates SET sealed = {nonsense}")]).await;
        find("people", &["UPDATE people SET state = 'superuser'"]).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let site = sqlite();
    let vault = site.open().await;
    enrol(&vault, "alice").await;
    vault.close().await.unwrap();
    fs::rename(site.key_path(), site.folder.path().join("away")).unwrap();
    let refused = site.try_open().await.err().unwrap();
    assert!(matches!(refused, OpenError::MasterKey { .. }), "{refused:?}");
    assert!(refused.to_string().contains("master.key"), "{refused}");
}

async fn rotate(vault: &Vault) -> Result<Rotation, RotateError> {
    fn may_be_spawned<T: Send>(future: T) -> T {
        future
    }
    may_be_spawned(vault.rotate_master_key(&Actor::Operator, at(500), &|_, _| ())).await
}

/// P8.2: the bytes of the wrapped key are overwritten, not only unlinked.
#[tokio::test]
async fn a_revoked_key_is_gone_from_the_files() {
    let site = sqlite();
    let vault = site.open().await;
    enrol(&vault, "alice").await;
    let rows = site.sql("SELECT wrapped_key FROM people").await;
    let key: Vec<u8> = sqlx::Row::get(&rows[0], "wrapped_key");
    let files_with_key = || {
        let files = fs::read_dir(site.folder.path()).unwrap();
        // The anchor is replaced at any moment: its new file may be renamed before it can be read.
        let files = files.filter_map(|file| fs::read(file.unwrap().path()).ok());
        files.filter(|bytes| bytes.windows(key.len()).any(|window| window == key)).count()
    };
    assert!(files_with_key() > 0);
    let revoke = Change::RevokeProfile { person: person("alice"), expected_version: 1, at: at(9) };
    vault.commit(vec![revoke], event(AuditKind::Revoke, Some("alice"))).await.unwrap();
    assert_eq!(files_with_key(), 0);
}

#[tokio::test]
async fn rotation_keeps_everything_readable_for_all_that_run() {
    for site in sites().await {
        let (server, command) = (site.open().await, site.open().await);
        enrol(&server, "alice").await;
        for i in 0..250 {
            enrol(&command, &format!("p{i}")).await;
        }
        let key = IdempotencyKey {
            actor: Actor::Operator,
            key: "k".to_owned(),
            fingerprint: [1; 32],
            attempt: Uuid::from_u128(1),
        };
        let reserve = async |vault: &Vault| vault.reserve(&key, at(10), at(0), at(0)).await.unwrap();
        let answer =
            StoredResponse { status: 200, content_type: "text/plain".to_owned(), body: b"done".to_vec() };
        assert_eq!(reserve(&server).await, Idempotent::New);
        server.settle(&key, Some(answer.clone()), None).await.unwrap();
        let old = fs::read_to_string(site.key_path()).unwrap();
        assert_eq!(rotate(&command).await.unwrap(), Rotation { version: 2, rewrapped: 251 });
        let new = fs::read_to_string(site.key_path()).unwrap();
        let last = |text: &str| text.lines().last().unwrap().to_owned();
        assert!(!new.contains(&last(&old)) && last(&new).starts_with("2 "), "the old key is gone");

        // The other process last read the file before the rotation: it reads, and it writes with the new key.
        assert!(server.profile(&person("alice")).await.unwrap().unwrap().template.is_some());
        enrol(&server, "carol").await;
        assert!(site.sql("SELECT 1 FROM people WHERE master_version <> 2").await.is_empty());
        let records = server.audit_records(251, 10).await.unwrap();
        let rotated: Vec<_> = records.iter().filter(|r| r.kind == AuditKind::MasterKeyRotated).collect();
        let outcomes: Vec<_> = rotated.iter().map(|r| r.outcome.as_str()).collect();
        assert_eq!(outcomes, ["started", "completed"]);
        assert_eq!(server.verify_audit(&|_, _| ()).await.unwrap().breach, None, "the chain goes on");
        server.close().await.unwrap();
        command.close().await.unwrap();

        let vault = site.open().await;
        assert!(vault.profile(&person("p17")).await.unwrap().unwrap().template.is_some());
        assert_eq!(reserve(&vault).await, Idempotent::Done(answer), "remembered answers stay readable");
        assert_eq!(rotate(&vault).await.unwrap().version, 3);
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

#[tokio::test]
async fn people_come_and_go_while_the_key_is_rotated() {
    for site in sites().await {
        let (server, command) = (site.open().await, site.open().await);
        for i in 0..60 {
            enrol(&server, &format!("p{i}")).await;
        }
        let change = async {
            for i in 0..60 {
                let person = person(&format!("p{i}"));
                let revoke = Change::RevokeProfile { person, expected_version: 1, at: at(9) };
                server.commit(vec![revoke], event(AuditKind::Revoke, None)).await.unwrap();
                enrol(&server, &format!("q{i}")).await;
            }
        };
        let rotations = async {
            for _ in 0..3 {
                rotate(&command).await.unwrap();
            }
        };
        tokio::join!(change, rotations);
        for i in 0..60 {
            let gone = server.profile(&person(&format!("p{i}"))).await.unwrap().unwrap();
            assert_eq!((gone.state, gone.template), (ProfileState::Revoked, None));
            let there = server.profile(&person(&format!("q{i}"))).await.unwrap().unwrap();
            assert!(there.template.is_some());
        }
        assert!(
            site.sql("SELECT 1 FROM people WHERE state = 'revoked' AND wrapped_key IS NOT NULL")
                .await
                .is_empty()
        );
        server.close().await.unwrap();
        command.close().await.unwrap();
        site.drop_database().await;
    }
}

#[tokio::test]
async fn a_rotation_stops_at_what_it_cannot_open_and_keeps_the_old_key() {
    let site = sqlite();
    let vault = site.open().await;
    enrol(&vault, "alice").await;
    enrol(&vault, "bob").await;
    let key = "UPDATE people SET wrapped_key = (SELECT wrapped_key FROM people WHERE person_id = 'bob') \
               WHERE person_id = 'alice'";
    site.sql(key).await;
    let refused = rotate(&vault).await.unwrap_err();
    assert!(refused.to_string().contains("person_ref"), "{refused}");
    assert!(vault.profile(&person("bob")).await.unwrap().is_some(), "everything else stays readable");

    let revoke = Change::RevokeProfile { person: person("alice"), expected_version: 1, at: at(9) };
    vault.commit(vec![revoke], event(AuditKind::Revoke, Some("alice"))).await.unwrap();
    assert_eq!(rotate(&vault).await.unwrap().version, 2, "it goes on with the version it began");
    let again = Change::PutProfile { profile: profile("alice", ProfileState::Active), expected_version: 2 };
    vault.commit(vec![again], event(AuditKind::Enroll, Some("alice"))).await.unwrap();
    assert!(vault.profile(&person("alice")).await.unwrap().is_some());
}
