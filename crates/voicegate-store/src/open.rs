//! Opening a database by URL.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::AnyConnection;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::MigrateError;
use voicegate_core::audit::{ChainKey, Checkpoint, Link};
use voicegate_service::ports::{Entropy, StoreError};

use crate::audit::{Anchor, Anchored, AuditLog};
use crate::seal::{KeyFile, LastingKeys, MasterKeys, Sealed, Secret, Wraps};
use crate::sql::chain::{self, ChainRow};
use crate::sql::{Database, Dialect, failed, is_damage, logs};
use crate::vault::Vault;

/// How a database is used. The defaults suit one server.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Where the audit anchor lies; `None` for none. It must not lie where whoever can write the database can.
    pub anchor: Option<PathBuf>,
    /// Most connections at once. One writes; the others read.
    pub max_connections: u32,
    /// Longest wait for a connection, and for the turn to write.
    pub acquire_timeout: Duration,
    /// Longest wait for a lock that another process holds.
    pub lock_timeout: Duration,
    /// Longest time one statement may take (PostgreSQL).
    pub statement_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How long a connection is kept at most.
    pub max_lifetime: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            anchor: None,
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(10 * 60),
            max_lifetime: Duration::from_secs(30 * 60),
        }
    }
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not a URL of a database. The URL is not shown: it may hold a password.
    #[error("the database URL must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME: {0}")]
    Url(&'static str),
    /// The database file or its folder cannot be made.
    #[error("the database file {} cannot be created", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No connection.
    #[error("cannot connect to the database; check that it runs and that URL, user and password are right")]
    Connect(#[source] sqlx::Error),
    /// A newer program has changed the tables.
    #[error(
        "the database is at version {0}, which this program does not know; use the program that last wrote it, or a newer one"
    )]
    Newer(i64),
    /// The tables could not be brought up to date.
    #[error("the tables of the database could not be brought up to date")]
    Migrate(#[source] MigrateError),
    /// The master key is not the one that the database was sealed with.
    #[error(
        "the database was sealed with another master key than that in {} ({detail}); put the right key file there",
        key_file.display()
    )]
    MasterKey {
        /// The key file.
        key_file: PathBuf,
        /// What did not fit.
        detail: String,
    },
    /// The database is empty but records were there before.
    #[error(
        "the audit log was emptied: the anchor {} tells of records, and the database holds none; restore the \
         database, or remove the anchor to begin a new log", anchor.display()
    )]
    Emptied {
        /// The anchor file.
        anchor: PathBuf,
    },
    /// Anything else about the database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the database at `url`, making or updating its tables.
///
/// `url` is `sqlite:PATH` (the file is made with mode 0600; the path is taken as it stands, without `%` escapes) or
/// `postgres://…`. `entropy` gives keys, nonces and person references from now on.
///
/// # Errors
/// See [`OpenError`].
pub async fn open(
    url: &str,
    options: &StoreOptions,
    key_file: KeyFile,
    entropy: Arc<dyn Entropy>,
) -> Result<Vault, OpenError> {
    let (dialect, url) = locate(url)?;
    let pool = AnyPoolOptions::new()
        .max_connections(options.max_connections.max(2))
        .acquire_timeout(options.acquire_timeout)
        .idle_timeout(options.idle_timeout)
        .max_lifetime(options.max_lifetime);
    let session = dialect.session(options.lock_timeout, options.statement_timeout);
    let database = Database::connect(&url, dialect, session, pool).await.map_err(connecting)?;
    migrate(&database).await?;

    let anchor = Anchor::new(options.anchor.clone());
    let mut write = database.write().await?;
    // What tells of records is read before the chain row: other processes may add some at any moment, and the row
    // is there before the first record and the anchor are.
    let anchored = anchor.read().map_err(|error| StoreError::Unavailable(error.into()))?;
    let has_records = logs::any(write.connection()).await?;
    let chain = match chain::read(write.connection()).await? {
        Some(chain) => chain,
        None if has_records => {
            let detail = "it is missing although there are audit records".to_owned();
            return Err(StoreError::Unreadable { table: "audit_chain", column: "id", detail }.into());
        }
        None if anchored != Anchored::Nothing => {
            return Err(OpenError::Emptied { anchor: options.anchor.clone().unwrap_or_default() });
        }
        None => begin_chain(write.connection(), &key_file.keys(), &*entropy).await?,
    };
    let secret = open_chain_secret(&key_file, &chain)?;
    let lasting = LastingKeys::of(&secret);
    let key = ChainKey::new(*secret.bytes());
    let audit = AuditLog::new(write.connection(), key, &chain.end, anchor, anchored).await?;
    write.commit().await?;
    Ok(Vault { database, key_file, audit, lasting, entropy })
}

/// Which database it is, and its URL as the driver wants it.
fn locate(url: &str) -> Result<(Dialect, String), OpenError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok((Dialect::Postgres, url.to_owned()));
    }
    let path = url.strip_prefix("sqlite:").ok_or(OpenError::Url("the scheme is another"))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.ends_with('/') {
        return Err(OpenError::Url("the path of the file is missing"));
    }
    if path.contains(":memory:") {
        return Err(OpenError::Url("a database in memory would lose what was acknowledged"));
    }
    let file =
        create(Path::new(path)).map_err(|source| OpenError::Create { path: PathBuf::from(path), source })?;
    let file = file.to_str().ok_or(OpenError::Url("the path is not UTF-8"))?;
    let escaped: String = file.bytes().map(escape).collect();
    Ok((Dialect::Sqlite, format!("sqlite://{escaped}")))
}

pub(crate) fn escape(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

/// Makes the file, readable by its owner alone, if there is none. SQLite gives its write-ahead log the same mode.
fn create(path: &Path) -> io::Result<PathBuf> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::canonicalize(path)
}

fn connecting(error: sqlx::Error) -> OpenError {
    if is_damage(&error) { failed(error).into() } else { OpenError::Connect(error) }
}

async fn migrate(database: &Database) -> Result<(), OpenError> {
    // SQLite's driver takes no lock for migrations: of two processes that start at once, one fails and finds the
    // work done when it looks again.
    const ATTEMPTS: u32 = 5;
    let mut attempt = 0;
    loop {
        attempt += 1;
        match database.dialect().migrations().run(database.pool()).await {
            Ok(()) => return Ok(()),
            Err(MigrateError::VersionMissing(version)) => return Err(OpenError::Newer(version)),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                if is_damage(&error) =>
            {
                return Err(failed(error).into());
            }
            Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))
                if attempt < ATTEMPTS && database.dialect() == Dialect::Sqlite =>
            {
                tokio::time::sleep(Duration::from_millis(100) * attempt).await;
            }
            Err(error) => return Err(OpenError::Migrate(error)),
        }
    }
}

/// Begins the audit chain of a new database.
async fn begin_chain(
    connection: &mut AnyConnection,
    keys: &MasterKeys,
    entropy: &dyn Entropy,
) -> Result<ChainRow, OpenError> {
    let secret = Secret::random(entropy);
    let end = Checkpoint::sign(&ChainKey::new(*secret.bytes()), 0, Link::default());
    let wrapping = keys.current().subkey(Wraps::AuditChainKey);
    let wrapped = Sealed::seal(&secret, &wrapping, chain::KEY_PLACE, entropy);
    chain::create(connection, &end, &wrapped).await?;
    // Another process may have been faster; what is stored counts.
    let stored = chain::read(connection).await?;
    stored.ok_or_else(|| failed(sqlx::Error::RowNotFound).into())
}

fn open_chain_secret(key_file: &KeyFile, chain: &ChainRow) -> Result<Secret, OpenError> {
    let refused = |detail: String| OpenError::MasterKey { key_file: key_file.path().to_owned(), detail };
    let keys = key_file.keys();
    let version = chain.wrapped_key.key_version();
    let key = keys.version(version).ok_or_else(|| refused(format!("it needs version {version}")))?;
    let secret = chain.wrapped_key.open(&key.subkey(Wraps::AuditChainKey), chain::KEY_PLACE);
    secret.map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked_before_anything_is_made() {
        for bad in ["", "mysql://x", "sqlite:", "sqlite://", "sqlite:folder/", "sqlite::memory:", "/a/path"] {
            assert!(matches!(locate(bad), Err(OpenError::Url(_))), "{bad}");
        }
        let url = "postgres://user:secret@localhost/name";
        assert_eq!(locate(url).unwrap(), (Dialect::Postgres, url.to_owned()));
    }

    #[test]
    fn any_path_makes_a_file_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ä new/100 % #1?.db");
        let (dialect, url) = locate(&format!("sqlite:{}", path.display())).unwrap();
        assert_eq!(dialect, Dialect::Sqlite);
        assert!(url.is_ascii() && !url.contains([' ', '#', '?']), "{url}");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}
