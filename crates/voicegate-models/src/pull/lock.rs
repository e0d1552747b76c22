//! `models.lock.json`: what was taken from which mirror, for whoever has to account for it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PullError;
use crate::registry::{ModelId, Sha256, read_text};
use crate::shipped::write_over;

const LOCK_FILE: &str = "models.lock.json";

/// Where a model came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// Digest of its file.
    pub sha256: Sha256,
    /// Length of its file.
    pub size_bytes: u64,
    /// The folder or address it was taken from.
    pub mirror: String,
    /// SPDX identifier of its licence.
    pub licence: String,
    /// Whether the operator had to accept the licence by name.
    pub licence_accepted: bool,
    /// When it was taken.
    pub pulled_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    schema: u32,
    models: BTreeMap<ModelId, LockEntry>,
}

impl Lock {
    pub(super) fn read(folder: &Path) -> Result<Self, PullError> {
        let path = folder.join(LOCK_FILE);
        if !path.exists() {
            return Ok(Self { schema: 1, models: BTreeMap::new() });
        }
        let damaged = |reason: String| PullError::Lock { path: path.clone(), reason };
        let lock: Self = serde_json::from_str(&read_text(&path).map_err(damaged)?)
            .map_err(|error| damaged(error.to_string()))?;
        if lock.schema == 1 { Ok(lock) } else { Err(damaged("its schema is not 1".to_owned())) }
    }

    /// Adds or replaces the entry of `id` and writes the file.
    pub(super) fn record(mut self, folder: &Path, id: ModelId, entry: LockEntry) -> Result<(), PullError> {
        let path = folder.join(LOCK_FILE);
        self.models.insert(id, entry);
        let text = serde_json::to_string_pretty(&self)
            .map_err(|error| PullError::Lock { path: path.clone(), reason: error.to_string() })?;
        write_over(&path, format!("{text}\n").as_bytes()).map_err(PullError::file(&path))
    }
}
