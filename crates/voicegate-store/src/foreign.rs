//! Reading voice vectors out of a table of another program. Nothing is written there.

use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use crate::open::escape;
use crate::sql::Dialect;

/// A column that holds voice vectors.
#[derive(Debug, Clone, Copy)]
pub struct VectorColumn<'a> {
    /// The table.
    pub table: &'a str,
    /// Its column of user names.
    pub user: &'a str,
    /// Its column of vectors.
    pub vector: &'a str,
}

/// A row with a vector; rows without one are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorRow {
    /// The user's name as text; `None` where there is none.
    pub user: Option<String>,
    /// The vector as it is stored.
    pub vector: StoredVector,
}

/// A vector as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredVector {
    /// Text, or a type that the database writes as text (JSON, an array of numbers).
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Why the table cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForeignError {
    /// Not a URL of a database. The URL is not shown: it may hold a password.
    #[error(
        "the database URL must be sqlite:PATH of a file that is there, or postgres://USER:PASSWORD@HOST/NAME"
    )]
    Url,
    /// Not the name of a table or column.
    #[error(
        "'{0}' is no name of a table or column: letters, digits and _ are taken, not beginning with a digit"
    )]
    Name(String),
    /// No connection.
    #[error("cannot connect to the database; check that it runs and that URL, user and password are right")]
    Connect(#[source] sqlx::Error),
    /// The table could not be read.
    #[error("the table could not be read; check its name, its columns, and the rights of the user")]
    Read(#[source] sqlx::Error),
}

/// Longest time one statement may wait (PostgreSQL).
const PATIENCE: Duration = Duration::from_secs(300);

/// Calls `each` with every row that has a vector.
///
/// # Errors
/// See [`ForeignError`].
pub async fn read_vectors(
    url: &str,
    column: VectorColumn<'_>,
    each: &mut (dyn FnMut(VectorRow) + Send),
) -> Result<(), ForeignError> {
    for name in [column.table, column.user, column.vector] {
        check(name)?;
    }
    let (dialect, url) = locate(url)?;
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&url).await.map_err(ForeignError::Connect)?;
    let done = read(&mut connection, dialect, column, each).await.map_err(ForeignError::Read);
    // What was read is read, whatever the other side makes of the goodbye.
    let _ = connection.close().await;
    done
}

async fn read(
    connection: &mut AnyConnection,
    dialect: Dialect,
    column: VectorColumn<'_>,
    each: &mut (dyn FnMut(VectorRow) + Send),
) -> Result<(), sqlx::Error> {
    let VectorColumn { table, user, vector } = column;
    let (bytes, text) = match dialect {
        // Each value has a type of its own.
        Dialect::Sqlite => (
            format!(r#"CASE typeof(t."{vector}") WHEN 'blob' THEN t."{vector}" END"#),
            format!(r#"CASE typeof(t."{vector}") WHEN 'blob' THEN NULL ELSE CAST(t."{vector}" AS TEXT) END"#),
        ),
        Dialect::Postgres => {
            let patience = PATIENCE.as_millis();
            let session =
                format!("SET default_transaction_read_only = on; SET statement_timeout = {patience}");
            connection.execute(AssertSqlSafe(session)).await?;
            let kind = format!(
                r#"SELECT CAST(pg_typeof(t."{vector}") AS TEXT) AS kind FROM "{table}" AS t LIMIT 1"#
            );
            let kind = connection.fetch_optional(AssertSqlSafe(kind)).await?;
            match kind.map(|row| row.try_get::<String, _>("kind")).transpose()?.as_deref() {
                Some("bytea") => (format!(r#"t."{vector}""#), "CAST(NULL AS TEXT)".to_owned()),
                _ => ("CAST(NULL AS BYTEA)".to_owned(), format!(r#"CAST(t."{vector}" AS TEXT)"#)),
            }
        }
    };
    // The names were checked, and the prefix keeps SQLite from taking a name that is no column for a text.
    let select = format!(
        r#"SELECT CAST(t."{user}" AS TEXT) AS person, {bytes} AS as_bytes, {text} AS as_text
           FROM "{table}" AS t WHERE t."{vector}" IS NOT NULL ORDER BY 1"#
    );
    let mut rows = connection.fetch(AssertSqlSafe(select));
    while let Some(row) = rows.try_next().await? {
        each(parse(&row)?);
    }
    Ok(())
}

fn parse(row: &AnyRow) -> Result<VectorRow, sqlx::Error> {
    let vector = match row.try_get::<Option<Vec<u8>>, _>("as_bytes")? {
        Some(bytes) => StoredVector::Bytes(bytes),
        None => StoredVector::Text(row.try_get::<Option<String>, _>("as_text")?.unwrap_or_default()),
    };
    Ok(VectorRow { user: row.try_get("person")?, vector })
}

/// Names cannot be bound to a statement, so they must not hold anything but a name.
fn check(name: &str) -> Result<(), ForeignError> {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.starts_with(begins) && name.chars().all(goes_on) && name.len() <= 63 {
        Ok(())
    } else {
        Err(ForeignError::Name(name.to_owned()))
    }
}

fn locate(url: &str) -> Result<(Dialect, String), ForeignError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok((Dialect::Postgres, url.to_owned()));
    }
    let path = url.strip_prefix("sqlite:").ok_or(ForeignError::Url)?;
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    let file = path.canonicalize().ok().filter(|file| file.is_file()).ok_or(ForeignError::Url)?;
    let escaped: String = file.to_str().ok_or(ForeignError::Url)?.bytes().map(escape).collect();
    Ok((Dialect::Sqlite, format!("sqlite://{escaped}?mode=ro")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_put_into_statements() {
        for good in ["device_bindings", "_x", "A1", "user"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in ["", "1a", "a b", "a\"b", "a;--", "a.b", "ä", "a'b", &long] {
            assert!(matches!(check(bad), Err(ForeignError::Name(_))), "{bad}");
        }
    }

    #[test]
    fn only_files_that_are_there_and_servers_are_opened() {
        for bad in ["", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:/nowhere/at/all.db", "/a/path"] {
            assert!(matches!(locate(bad), Err(ForeignError::Url)), "{bad}");
        }
        assert_eq!(locate("postgres://h/n").unwrap().0, Dialect::Postgres);
    }
}
