//! The models inside the program, so that one binary works from any folder and offline.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::registry::{TreeError, prepare_folders};

/// Id of the speaker model that comes with the program.
pub const SHIPPED_SPEAKER_MODEL: &str = "ecapa-tdnn-c256-v0";

macro_rules! shipped {
    ($($path:expr),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/voice/", $path)))),+]
    };
}

/// The registry comes last: a start that is interrupted leaves none that names missing files.
const FILES: &[(&str, &[u8])] = shipped![
    "biometric/speaker_verification/ecapa-tdnn-c256-v0.onnx",
    "biometric/config/ecapa-tdnn-c256-v0.json",
    "model_registry.json",
];

/// Prepares the folders in `models` and writes the shipped files that are missing; returns their paths.
///
/// A file that is there is never replaced: it may be the operator's, and a changed one must be refused in the open
/// rather than silently repaired. Deleting it and starting again restores the shipped one.
///
/// # Errors
/// [`TreeError`] with the folder or file that cannot be made.
pub fn materialise(models: &Path) -> Result<Vec<PathBuf>, TreeError> {
    prepare_folders(models)?;
    let mut written = Vec::new();
    for (name, bytes) in FILES {
        let path = models.join(name);
        if path.exists() {
            continue;
        }
        match write_new(&path, bytes) {
            Ok(()) => written.push(path),
            // Another process was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(TreeError { path, source }),
        }
    }
    Ok(written)
}

/// Whole file or no file, and never over another one.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    fs::set_permissions(file.path(), Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModelId, Refusal, Registry};

    #[test]
    fn an_empty_folder_becomes_a_verified_registry_and_stays_untouched_after_p2_3() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(materialise(folder.path()).unwrap().len(), FILES.len());
        let registry = Registry::open(folder.path()).unwrap();
        assert!(registry.models().values().all(Result::is_ok), "{:?}", registry.models());
        assert!(materialise(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_changed_file_is_kept_and_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        materialise(folder.path()).unwrap();
        let path = folder.path().join(FILES[0].0);
        let mut bytes = fs::read(&path).unwrap();
        bytes[1000] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(materialise(folder.path()).unwrap().is_empty());
        let registry = Registry::open(folder.path()).unwrap();
        let id: ModelId = SHIPPED_SPEAKER_MODEL.parse().unwrap();
        assert!(matches!(registry.models()[&id], Err(Refusal::Hash { .. })), "{:?}", registry.models());
    }
}
