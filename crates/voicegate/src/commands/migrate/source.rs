//! Where stored vectors come from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use voicegate_store::foreign::{StoredVector, VectorColumn, read_vectors};

use super::{npy, vector};
use crate::exit::{Failure, chain};

/// The vectors by user, each read or with the reason why it cannot be.
pub(super) type Found = BTreeMap<String, Vec<Result<Vec<f32>, String>>>;

/// A JSON file, a `.npy` file, or a folder of `.npy` files.
pub(super) fn from_path(path: &Path) -> Result<Found, Failure> {
    let failed = |error| Failure::file(path, &error);
    if path.is_dir() {
        let mut found = Found::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if is_npy(&file) {
                found.insert(
                    user_of(&file),
                    from_npy(&fs::read(&file).map_err(|e| Failure::file(&file, &e))?),
                );
            }
        }
        return Ok(found);
    }
    let bytes = fs::read(path).map_err(failed)?;
    if is_npy(path) {
        return Ok(Found::from([(user_of(path), from_npy(&bytes))]));
    }
    let refused = |what: String| Failure::new("migrate", format!("{}: {what}", path.display()));
    let text = String::from_utf8(bytes).map_err(|_| refused("is neither JSON nor .npy".to_owned()))?;
    match vector::parse(&text).map_err(|error| refused(error.to_string()))? {
        serde_json::Value::Object(users) => {
            Ok(users.iter().map(|(user, value)| (user.clone(), vector::several_from_json(value))).collect())
        }
        _ => Err(refused("must be an object with the users' names as keys".to_owned())),
    }
}

/// A column of a database; a user with several rows has several vectors.
pub(super) async fn from_database(url: &str, column: VectorColumn<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    let mut add = |row: voicegate_store::foreign::VectorRow| {
        let vectors = match row.vector {
            StoredVector::Text(text) => vector::several_from_text(&text),
            StoredVector::Bytes(bytes) => vec![vector::from_bytes(&bytes)],
        };
        // A row without a user is refused like any other name that is none.
        found.entry(row.user.unwrap_or_default()).or_default().extend(vectors);
    };
    read_vectors(url, column, &mut add).await.map_err(|error| Failure::new("migrate", chain(&error)))?;
    Ok(found)
}

fn from_npy(bytes: &[u8]) -> Vec<Result<Vec<f32>, String>> {
    match npy::read(bytes) {
        Ok(rows) => rows.into_iter().map(Ok).collect(),
        Err(reason) => vec![Err(reason)],
    }
}

fn is_npy(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("npy"))
}

fn user_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
