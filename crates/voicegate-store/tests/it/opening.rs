//! Opening: what users meet when something is not as it should be.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use voicegate_service::ports::{Store, StoreError};
use voicegate_store::OpenError;

use crate::support::{enrol, fill, person, sites, sqlite};

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    for site in sites().await {
        site.open().await.close().await.unwrap();
        let checksum = site.blob(&[0; 48]);
        site.sql(&format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', {}, {checksum}, 0)",
            if site.name == "sqlite" { "1" } else { "true" }
        ))
        .await;
        let refused = site.try_open().await.err().unwrap();
        assert!(matches!(refused, OpenError::Newer(9999)), "{refused:?}");
        site.drop_database().await;
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged() {
    let site = sqlite();
    site.open().await.close().await.unwrap();
    fs::write(site.folder.path().join("voicegate.db"), [7; 8192]).unwrap();
    let refused = site.try_open().await.err().unwrap();
    assert!(matches!(refused, OpenError::Store(StoreError::Damaged(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_open_a_new_database_at_once() {
    for site in sites().await {
        let open = || async {
            let vault = site.open().await;
            fill(&vault, 3).await;
            vault.close().await.unwrap();
        };
        tokio::join!(open(), open(), open(), open(), open(), open());
        let vault = site.open().await;
        let report = vault.verify_audit(&|_, _| ()).await.unwrap();
        assert_eq!((report.records, report.breach), (18, None));
        vault.close().await.unwrap();
        site.drop_database().await;
    }
}

#[tokio::test]
async fn an_emptied_database_is_not_taken_for_a_new_one() {
    let site = sqlite();
    let vault = site.open().await;
    enrol(&vault, "alice").await;
    vault.close().await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(site.folder.path().join(format!("voicegate.db{suffix}")));
    }
    assert!(matches!(site.try_open().await.err().unwrap(), OpenError::Emptied { .. }));
    fs::remove_file(site.anchor()).unwrap();
    assert!(site.open().await.profile(&person("alice")).await.unwrap().is_none());
}

#[tokio::test]
async fn the_chain_row_is_not_made_anew_under_existing_records() {
    let site = sqlite();
    let vault = site.open().await;
    fill(&vault, 2).await;
    vault.close().await.unwrap();
    site.sql("DELETE FROM audit_chain").await;
    let refused = site.try_open().await.err().unwrap();
    assert!(refused.to_string().contains("audit_chain"), "{refused}");
}

#[tokio::test]
async fn all_files_are_readable_by_their_owner_alone() {
    let site = sqlite();
    let vault = site.open().await;
    enrol(&vault, "alice").await;
    let mut seen = 0;
    for entry in fs::read_dir(site.folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
        seen += 1;
    }
    assert!(seen >= 4, "database, its write-ahead log, key and index: {seen}");
}

#[tokio::test]
async fn a_server_that_is_away_is_said_so_without_the_password() {
    let mut site = sqlite();
    site.url = "postgres://u:hunter2@127.0.0.1:1/none".to_owned();
    let refused = site.try_open().await.err().unwrap();
    assert!(matches!(refused, OpenError::Connect(sqlx::Error::Io(_))), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
}
