//! P8.3: whatever is done to the log behind the program's back is found.

use std::fs;

use voicegate_core::audit::Breach;
use voicegate_service::ports::{AuditKind, AuditReport, Store, StoreError};
use voicegate_store::{CHECKPOINT_INTERVAL, Vault};

use crate::support::{Site, event, fill, sites, sqlite};

async fn verify(vault: &Vault) -> AuditReport {
    vault.verify_audit(&|_, _| ()).await.unwrap()
}

/// Breaks the log, expects `breach`, repairs it again.
async fn finds(site: &Site, vault: &Vault, tables: &[&str], sql: &[&str], breach: Breach) {
    for table in tables {
        site.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
    }
    for statement in sql {
        site.sql(statement).await;
    }
    assert_eq!(verify(vault).await.breach, Some(breach), "{}: {sql:?}", site.name);
    for table in tables {
        site.sql(&format!("DELETE FROM {table}")).await;
        site.sql(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        site.sql(&format!("DROP TABLE kept_{table}")).await;
    }
    assert_eq!(verify(vault).await.breach, None, "{}: repaired after {sql:?}", site.name);
}

#[tokio::test]
async fn every_kind_of_tampering_is_found() {
    for site in sites().await {
        let vault = site.open().await;
        fill(&vault, 9).await;
        const LOG: &[&str] = &["voice_auth_logs"];
        let find = async |tables: &'static [&'static str], sql: &[&str], breach| {
            finds(&site, &vault, tables, sql, breach).await;
        };
        let five = Breach::Changed { seq: 5 };
        for column in ["kind", "actor", "outcome", "request_id", "person_ref", "experiment", "arm"] {
            find(LOG, &[&format!("UPDATE voice_auth_logs SET {column} = 'other' WHERE seq = 5")], five).await;
        }
        find(LOG, &["UPDATE voice_auth_logs SET request_id = NULL WHERE seq = 5"], five).await;
        find(LOG, &["UPDATE voice_auth_logs SET at = at + 1 WHERE seq = 5"], five).await;
        find(LOG, &["UPDATE voice_auth_logs SET mac = payload WHERE seq = 5"], five).await;
        let payload = site.sql("SELECT payload FROM voice_auth_logs WHERE seq = 5").await;
        let payload: Vec<u8> = sqlx::Row::get(&payload[0], "payload");
        let altered = String::from_utf8(payload).unwrap().replace("\"ok\"", "\"no\"");
        let altered = site.blob(altered.as_bytes());
        find(LOG, &[&format!("UPDATE voice_auth_logs SET payload = {altered} WHERE seq = 5")], five).await;

        find(LOG, &["DELETE FROM voice_auth_logs WHERE seq = 5"], Breach::Missing { expected: 5, found: 6 })
            .await;
        find(LOG, &["DELETE FROM voice_auth_logs WHERE seq < 3"], Breach::Missing { expected: 1, found: 3 })
            .await;
        let renumber =
            ["DELETE FROM voice_auth_logs WHERE seq = 5", "UPDATE voice_auth_logs SET seq = 5 WHERE seq = 6"];
        find(LOG, &renumber, five).await;
        let swap = [
            "UPDATE voice_auth_logs SET seq = 100 WHERE seq = 5",
            "UPDATE voice_auth_logs SET seq = 5 WHERE seq = 6",
            "UPDATE voice_auth_logs SET seq = 6 WHERE seq = 100",
        ];
        find(LOG, &swap, five).await;
        let insert = "INSERT INTO voice_auth_logs SELECT 10, at, kind, actor, person_ref, outcome, request_id, payload, mac, \
                      experiment, arm FROM voice_auth_logs WHERE seq = 9";
        find(LOG, &[insert], Breach::Changed { seq: 10 }).await;
        let cut = Breach::Truncated { expected: 9, found: 7 };
        find(LOG, &["DELETE FROM voice_auth_logs WHERE seq > 7"], cut).await;

        let forged = Breach::CheckpointForged { count: 7 };
        let shorten = ["DELETE FROM voice_auth_logs WHERE seq > 7", "UPDATE audit_chain SET records = 7"];
        find(&["voice_auth_logs", "audit_chain"], &shorten, forged).await;
        find(&["audit_chain"], &["DELETE FROM audit_chain"], Breach::CheckpointMissing { count: 9 }).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

#[tokio::test]
async fn a_deleted_checkpoint_is_missed() {
    for site in sites().await {
        let vault = site.open().await;
        fill(&vault, CHECKPOINT_INTERVAL + 5).await;
        let report = verify(&vault).await;
        assert_eq!((report.records, report.breach), (CHECKPOINT_INTERVAL + 5, None));
        let missing = Breach::CheckpointMissing { count: CHECKPOINT_INTERVAL };
        finds(&site, &vault, &["audit_checkpoints"], &["DELETE FROM audit_checkpoints"], missing).await;
        let forged = Breach::CheckpointForged { count: CHECKPOINT_INTERVAL };
        let alter = "UPDATE audit_checkpoints SET head = mac";
        finds(&site, &vault, &["audit_checkpoints"], &[alter], forged).await;
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

/// The strongest attack on the database alone: everything is put back to an earlier, once valid state.
#[tokio::test]
async fn a_database_put_back_to_an_earlier_state_is_found_by_the_anchor() {
    for site in sites().await {
        let vault = site.open().await;
        fill(&vault, 5).await;
        vault.close().await.unwrap();
        for table in ["audit_chain", "audit_checkpoints"] {
            site.sql(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        let vault = site.open().await;
        fill(&vault, 3).await;
        vault.close().await.unwrap();

        for table in ["audit_chain", "audit_checkpoints"] {
            site.sql(&format!("DELETE FROM {table}")).await;
            site.sql(&format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        }
        site.sql("DELETE FROM voice_auth_logs WHERE seq > 5").await;
        let vault = site.open().await;
        let cut = Some(Breach::Truncated { expected: 8, found: 5 });
        assert_eq!(verify(&vault).await.breach, cut, "{}", site.name);
        // The evidence outlives further work, even past the number of records that were cut off.
        for _ in 0..5 {
            vault.commit(vec![], event(AuditKind::Config, None)).await.unwrap();
        }
        vault.close().await.unwrap();
        let vault = site.open().await;
        assert_eq!(verify(&vault).await.breach, Some(Breach::CheckpointMismatch { count: 8 }));
        // Whoever knows why (a restored backup) removes the anchor.
        fs::remove_file(site.anchor()).unwrap();
        assert_eq!(verify(&vault).await.breach, None);
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

#[tokio::test]
async fn a_log_cut_under_a_running_program_is_not_continued() {
    let site = sqlite();
    let vault = site.open().await;
    fill(&vault, 3).await;
    site.sql("CREATE TABLE kept AS SELECT * FROM audit_chain").await;
    fill(&vault, 3).await;
    site.sql("DELETE FROM voice_auth_logs WHERE seq > 3").await;
    site.sql("DELETE FROM audit_chain").await;
    site.sql("INSERT INTO audit_chain SELECT * FROM kept").await;
    let refused = vault.commit(vec![], event(AuditKind::Verify, None)).await;
    assert!(matches!(refused, Err(StoreError::Unreadable { table: "audit_chain", .. })), "{refused:?}");

    site.sql("UPDATE audit_chain SET records = 6").await;
    let refused = vault.commit(vec![], event(AuditKind::Verify, None)).await;
    assert!(matches!(refused, Err(StoreError::Unreadable { column: "mac", .. })), "{refused:?}");
}

#[tokio::test]
async fn progress_reaches_the_end() {
    let site = sqlite();
    let vault = site.open().await;
    fill(&vault, 3).await;
    let seen = std::sync::Mutex::new(Vec::new());
    vault.verify_audit(&|done, total| seen.lock().unwrap().push((done, total))).await.unwrap();
    assert_eq!(seen.lock().unwrap().last(), Some(&(3, 3)));
}
