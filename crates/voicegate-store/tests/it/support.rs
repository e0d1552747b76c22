//! Databases to test on, and short ways to say what a test means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;
use voicegate_core::{Embedding, Exemplar, Origin, PersonId, QualityMeasures, Template, Voiceprint};
use voicegate_service::ports::{Actor, AuditEvent, AuditKind, Change, Entropy, Receipt, Store, StoreError};
use voicegate_service::profile::{Profile, ProfileState};
use voicegate_store::seal::KeyFile;
use voicegate_store::{OpenError, StoreOptions, Vault, open};

#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the system gives randomness");
    }
}

/// A data folder and an empty database.
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    pub(crate) folder: Folder,
    /// URL of the server and name of the database to drop at the end.
    server: Option<(String, String)>,
}

/// A data folder: removed at the end by whoever made it.
pub(crate) enum Folder {
    Own(TempDir),
    Given(PathBuf),
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests take the database to use from the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(crate) fn sqlite() -> Site {
    sqlx::any::install_default_drivers();
    let folder = Folder::Own(tempfile::tempdir().unwrap());
    let url = format!("sqlite:{}", folder.path().join("voicegate.db").display());
    Site { name: "sqlite", url, folder, server: None }
}

/// Every database there is to test on.
pub(crate) async fn sites() -> Vec<Site> {
    let mut sites = vec![sqlite()];
    match variable("VOICEGATE_TEST_POSTGRES") {
        Some(server) => sites.push(postgres(server).await),
        None => eprintln!("SKIPPED on PostgreSQL: VOICEGATE_TEST_POSTGRES holds no URL"),
    }
    sites
}

async fn postgres(server: String) -> Site {
    let mut random = [0; 8];
    SystemEntropy.fill(&mut random);
    let name = format!("voicegate_test_{:016x}", u64::from_be_bytes(random));
    let mut connection = AnyConnection::connect(&server).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (base, _) = server.rsplit_once('/').expect("the URL names a database");
    let url = format!("{base}/{name}");
    Site {
        name: "postgres",
        url,
        folder: Folder::Own(tempfile::tempdir().unwrap()),
        server: Some((server, name)),
    }
}

impl Site {
    /// A site that another process made and will remove.
    pub(crate) fn existing(folder: &str, url: &str) -> Self {
        Self { name: "existing", url: url.to_owned(), folder: Folder::Given(folder.into()), server: None }
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.folder.path().join("audit.anchor")
    }

    pub(crate) fn key_path(&self) -> PathBuf {
        self.folder.path().join("master.key")
    }

    pub(crate) async fn try_open(&self) -> Result<Vault, OpenError> {
        let options = StoreOptions { anchor: Some(self.anchor()), ..StoreOptions::default() };
        let keys = KeyFile::open_or_create(self.key_path(), &SystemEntropy).unwrap();
        open(&self.url, &options, keys, Arc::new(SystemEntropy)).await
    }

    pub(crate) async fn open(&self) -> Vault {
        self.try_open().await.unwrap_or_else(|error| panic!("{}: {error:?}", self.name))
    }

    /// Runs SQL behind the program's back and gives the rows.
    pub(crate) async fn sql(&self, sql: &str) -> Vec<AnyRow> {
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        let rows = connection.fetch_all(AssertSqlSafe(sql.to_owned())).await;
        connection.close().await.unwrap();
        rows.unwrap_or_else(|error| panic!("{}: {sql}: {error}", self.name))
    }

    /// A literal of bytes in this database.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        if self.server.is_some() { format!("'\\x{hex}'::bytea") } else { format!("X'{hex}'") }
    }

    pub(crate) async fn drop_database(self) {
        if let Some((server, name)) = self.server {
            let mut connection = AnyConnection::connect(&server).await.unwrap();
            connection.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
        }
    }
}

pub(crate) fn person(name: &str) -> PersonId {
    PersonId::new(name).unwrap()
}

/// `seconds` after a fixed moment.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

/// Three times the same recording, heard by each of `models`.
pub(crate) fn template(models: &[(&str, u16)]) -> Template {
    let embedding = |seed: u16| {
        Embedding::new((0..192u16).map(|i| (f32::from(i * 7 + seed * 13)).sin()).collect()).unwrap()
    };
    let heard = models.iter().map(|(model, seed)| ((*model).to_owned(), embedding(*seed)));
    let exemplar = Exemplar {
        voiceprint: Voiceprint::new(heard).unwrap(),
        renderings: BTreeMap::new(),
        quality: QualityMeasures { net_speech_s: 3.25, snr_db: Some(21.5), telephone_band: None },
        origin: Origin::Enrolled,
        added_at: at(0),
    };
    Template::new(vec![exemplar.clone(), exemplar.clone(), exemplar]).unwrap()
}

pub(crate) fn profile(name: &str, state: ProfileState) -> Profile {
    Profile {
        person: person(name),
        state,
        version: 0,
        template: Some(template(&[("ecapa", 1)])),
        created_at: at(0),
        updated_at: at(0),
        revoked_at: None,
        last_verified_at: None,
    }
}

pub(crate) fn event(kind: AuditKind, name: Option<&str>) -> AuditEvent {
    AuditEvent {
        at: at(1),
        kind,
        actor: Actor::Operator,
        person: name.map(person),
        outcome: "ok".to_owned(),
        request_id: Some("req-1".to_owned()),
        details: json!({ "net_speech_s": 3.25, "model": "ecapa" }),
    }
}

pub(crate) async fn enrol(vault: &Vault, name: &str) -> Receipt {
    try_enrol(vault, name).await.unwrap()
}

pub(crate) async fn try_enrol(vault: &Vault, name: &str) -> Result<Receipt, StoreError> {
    let profile = profile(name, ProfileState::Active);
    let change = Change::PutProfile { profile, expected_version: 0 };
    vault.commit(vec![change], event(AuditKind::Enroll, Some(name))).await
}

/// Commits one change alone.
pub(crate) async fn change(vault: &Vault, change: Change) -> Result<Receipt, StoreError> {
    vault.commit(vec![change], event(AuditKind::Session, None)).await
}

#[track_caller]
pub(crate) fn conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Conflict) => {}
        other => panic!("{other:?}"),
    }
}

/// What is stored in a column of `table` is not taken for what it was.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>, table: &str) {
    match result {
        Err(StoreError::Unreadable { table: found, detail, .. }) if found == table => {
            assert!(detail.contains("authentication code"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
}

/// Adds `count` records.
pub(crate) async fn fill(vault: &Vault, count: u64) {
    for _ in 0..count {
        vault.commit(vec![], event(AuditKind::Verify, None)).await.unwrap();
    }
}
