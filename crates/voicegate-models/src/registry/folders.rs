//! The folders of the models (P1.2).

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Folders inside the models folder.
pub const FOLDERS: [&str; 7] = [
    "biometric",
    "biometric/speaker_verification",
    "biometric/age_detection",
    "biometric/antispoofing",
    "biometric/speech_recognition",
    "biometric/cache",
    "biometric/config",
];

const MODE: u32 = 0o755;

/// A folder that cannot be made or is not safe.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be prepared as a models folder: {source}", .path.display())]
pub struct TreeError {
    /// The folder or file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// Creates the tree with mode 755 where it is missing and checks it where it is there.
///
/// Hashes and weights lie side by side, so whoever may write here may replace both: write permission for others is
/// taken away. A stricter mode (700) stays.
///
/// # Errors
/// [`TreeError`] names the folder that is no folder, cannot be made or cannot be protected.
pub fn prepare_folders(models: &Path) -> Result<(), TreeError> {
    prepare(models)?;
    FOLDERS.iter().try_for_each(|folder| prepare(&models.join(folder)))
}

fn prepare(path: &Path) -> Result<(), TreeError> {
    let failed = |source: io::Error| TreeError { path: path.to_owned(), source };
    let missing = !path.exists();
    if missing {
        DirBuilder::new().recursive(true).mode(MODE).create(path).map_err(failed)?;
    }
    let found = fs::metadata(path).map_err(failed)?;
    if !found.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    let mode = found.permissions().mode() & 0o777;
    // A narrow umask makes a new folder stricter than 755; the requirement asks for 755.
    let wanted = if missing { MODE } else { mode & MODE };
    if mode != wanted {
        fs::set_permissions(path, Permissions::from_mode(wanted)).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_tree_is_made_with_mode_755_and_tightened_p1_2() {
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models/voice");
        prepare_folders(&models).unwrap();
        for name in FOLDERS {
            assert_eq!(mode(&models.join(name)), 0o755, "{name}");
        }
        let (open, strict) = (models.join(FOLDERS[1]), models.join(FOLDERS[2]));
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(&strict, Permissions::from_mode(0o700)).unwrap();
        prepare_folders(&models).unwrap();
        assert_eq!((mode(&open), mode(&strict)), (0o755, 0o700));
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("biometric"), "").unwrap();
        let error = prepare_folders(folder.path()).unwrap_err();
        assert_eq!(error.path, folder.path().join("biometric"));
    }
}
