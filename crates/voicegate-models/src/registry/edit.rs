//! Changing `model_registry.json` while others may do the same.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ModelId, REGISTRY_FILE, Registry, RegistryError, file, parse_listing};
use crate::shipped::write_over;

/// The turn to change the registry of a folder; others wait until it is dropped.
pub(crate) struct RegistryEdit {
    path: PathBuf,
    _turn: File,
}

/// What a registry lists, without a look at the models themselves.
pub(crate) struct Listed {
    pub(crate) models: Vec<ModelId>,
    pub(crate) systems: Vec<ModelId>,
}

impl Registry {
    /// What the registry in `folder` lists.
    pub(crate) fn listed(folder: &Path) -> Result<Listed, RegistryError> {
        let path = folder.join(REGISTRY_FILE);
        let text = file::read_text(&path)
            .map_err(|reason| RegistryError::Unreadable { path: path.clone(), reason })?;
        let listing = parse_listing(&text).map_err(|faults| RegistryError::Invalid { path, faults })?;
        Ok(Listed { models: listing.models, systems: listing.systems.into_keys().collect() })
    }
}

impl RegistryEdit {
    /// Waits for the turn.
    pub(crate) fn begin(folder: &Path) -> Result<Self, RegistryError> {
        let path = folder.join(REGISTRY_FILE);
        let turn = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
        let turn = turn
            .map_err(|error| RegistryError::Unwritable { path: path.clone(), reason: error.to_string() })?;
        Ok(Self { path, _turn: turn })
    }

    /// Changes the registry as JSON, so that everything that is not touched stays, and puts the new file whole in the
    /// place of the old one. A change that would make it invalid is not written.
    pub(crate) fn apply(&self, change: impl FnOnce(&mut Value)) -> Result<(), RegistryError> {
        let path = || self.path.clone();
        let text = file::read_text(&self.path)
            .map_err(|reason| RegistryError::Unreadable { path: path(), reason })?;
        let check = |text: &str| {
            parse_listing(text).map_err(|faults| RegistryError::Invalid { path: path(), faults })
        };
        check(&text)?;
        let unwritable = |reason: String| RegistryError::Unwritable { path: path(), reason };
        let before: Value = serde_json::from_str(&text).map_err(|error| unwritable(error.to_string()))?;
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        let text =
            serde_json::to_string_pretty(&after).map_err(|error| unwritable(error.to_string()))? + "\n";
        check(&text)?;
        write_over(&self.path, text.as_bytes()).map_err(|error| unwritable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    const TEXT: &str =
        r#"{"schema":1,"models":["a","b"],"systems":{"s":{"members":{"a":0.3,"b":0.7}}},"tasks":{}}"#;

    #[test]
    fn a_change_keeps_everything_else_and_an_invalid_one_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(REGISTRY_FILE);
        fs::write(&path, TEXT).unwrap();
        let edit = RegistryEdit::begin(folder.path()).unwrap();
        edit.apply(|_| {}).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT, "nothing to do, nothing done");
        let refused = edit.apply(|registry| registry["models"] = json!(["a"]));
        assert!(matches!(refused, Err(RegistryError::Invalid { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        edit.apply(|registry| registry["models"] = json!(["a", "b", "c"])).unwrap();
        let mut expected: Value = serde_json::from_str(TEXT).unwrap();
        expected["models"] = json!(["a", "b", "c"]);
        assert_eq!(serde_json::from_str::<Value>(&fs::read_to_string(&path).unwrap()).unwrap(), expected);
        let listed = Registry::listed(folder.path()).unwrap();
        assert_eq!((listed.models.len(), listed.systems[0].as_str()), (3, "s"));
    }

    #[test]
    fn a_damaged_registry_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(REGISTRY_FILE);
        fs::write(&path, "{").unwrap();
        let edit = RegistryEdit::begin(folder.path()).unwrap();
        assert!(matches!(edit.apply(|registry| *registry = json!({})), Err(RegistryError::Invalid { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(REGISTRY_FILE), TEXT).unwrap();
        std::thread::scope(|scope| {
            for n in 0..8 {
                let folder = folder.path();
                scope.spawn(move || {
                    let edit = RegistryEdit::begin(folder).unwrap();
                    edit.apply(|r| r["models"].as_array_mut().unwrap().push(format!("m{n}").into())).unwrap();
                });
            }
        });
        assert_eq!(Registry::listed(folder.path()).unwrap().models.len(), 10);
    }
}
