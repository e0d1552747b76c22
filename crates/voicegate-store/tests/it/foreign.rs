//! Vectors out of tables of other programs.

use voicegate_store::foreign::{ForeignError, StoredVector, VectorColumn, VectorRow, read_vectors};

use crate::support::{Site, sites, sqlite};

async fn rows(site: &Site, table: &str, vector: &str) -> Result<Vec<VectorRow>, ForeignError> {
    let mut rows = Vec::new();
    let column = VectorColumn { table, user: "user", vector };
    read_vectors(&site.url, column, &mut |row| rows.push(row)).await.map(|()| rows)
}

fn row(user: &str, vector: StoredVector) -> VectorRow {
    VectorRow { user: Some(user.to_owned()), vector }
}

#[tokio::test]
async fn text_and_bytes_are_read_whatever_the_column_is_called() {
    for site in sites().await {
        drop(site.open().await);
        let bytes = if site.name == "sqlite" { "BLOB" } else { "BYTEA" };
        site.sql(&format!(r#"CREATE TABLE bindings ("user" BIGINT, "select" TEXT, b {bytes})"#)).await;
        let blob = site.blob(&[1, 2, 3]);
        site.sql(&format!("INSERT INTO bindings VALUES (7, '[1.5]', {blob}), (8, NULL, NULL)")).await;
        site.sql("CREATE TABLE no_rows (\"user\" TEXT, v TEXT)").await;
        let text = row("7", StoredVector::Text("[1.5]".to_owned()));
        assert_eq!(rows(&site, "bindings", "select").await.unwrap(), [text], "{}", site.name);
        let bytes = row("7", StoredVector::Bytes(vec![1, 2, 3]));
        assert_eq!(rows(&site, "bindings", "b").await.unwrap(), [bytes], "{}", site.name);
        assert_eq!(rows(&site, "no_rows", "v").await.unwrap(), [], "{}", site.name);
        for (table, vector) in [("bindings", "no_column"), ("no_table", "b")] {
            let refused = rows(&site, table, vector).await;
            assert!(matches!(refused, Err(ForeignError::Read(_))), "{}: {refused:?}", site.name);
        }
        let injected = rows(&site, "bindings\" WHERE 1=0; DROP TABLE bindings; --", "b").await;
        assert!(matches!(injected, Err(ForeignError::Name(_))), "{injected:?}");
        site.drop_database().await;
    }
}

#[tokio::test]
async fn types_that_only_one_database_has_are_read_as_text() {
    for site in sites().await.into_iter().filter(|site| site.name == "postgres") {
        drop(site.open().await);
        site.sql(r#"CREATE TABLE bindings ("user" UUID, j JSONB, a REAL[])"#).await;
        let id = "00000000-0000-0000-0000-000000000001";
        site.sql(&format!("INSERT INTO bindings VALUES ('{id}', '[1, 2]', '{{1,2.5}}')")).await;
        let json = row(id, StoredVector::Text("[1, 2]".to_owned()));
        assert_eq!(rows(&site, "bindings", "j").await.unwrap(), [json]);
        let array = row(id, StoredVector::Text("{1,2.5}".to_owned()));
        assert_eq!(rows(&site, "bindings", "a").await.unwrap(), [array]);
        site.drop_database().await;
    }
    let site = sqlite();
    drop(site.open().await);
    // In SQLite each value has its own type.
    site.sql(r#"CREATE TABLE bindings ("user", v)"#).await;
    site.sql(r#"INSERT INTO bindings VALUES ('a', X'01'), ('b', '[1]'), (NULL, 3)"#).await;
    let expected = [
        VectorRow { user: None, vector: StoredVector::Text("3".to_owned()) },
        row("a", StoredVector::Bytes(vec![1])),
        row("b", StoredVector::Text("[1]".to_owned())),
    ];
    assert_eq!(rows(&site, "bindings", "v").await.unwrap(), expected);
}
