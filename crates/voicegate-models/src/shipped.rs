//! The models inside the program, so that one binary works from any folder and offline.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::registry::{ModelFile, REGISTRY_FILE, Refusal, Registry, Sha256, TreeError, prepare_folders};

/// Id of the speaker model that comes with the program.
pub const SHIPPED_SPEAKER_MODEL: &str = "ecapa-tdnn-c256-v1";

macro_rules! shipped {
    ($($path:expr),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/voice/", $path)))),+]
    };
}

/// The registry comes last: a start that is interrupted leaves none that names missing files.
const FILES: &[(&str, &[u8])] = shipped![
    "biometric/speaker_verification/ecapa-tdnn-c256-v1.onnx",
    "biometric/speaker_verification/ecapa-tdnn-c256-v1-int8.onnx",
    "biometric/antispoofing/spoof-resnet-v1.onnx",
    "biometric/speech_recognition/ctc-conv-en-v1.onnx",
    "biometric/config/ecapa-tdnn-c256-v1.json",
    "biometric/config/ecapa-tdnn-c256-v1-int8.json",
    "biometric/config/ge2e-resemblyzer.json",
    "biometric/config/spoof-resnet-v1.json",
    "biometric/config/ctc-conv-en-v1.json",
    "model_registry.json",
];

/// What earlier versions of the program shipped under the same name, by SHA-256: an untouched one follows the program,
/// so that a new version brings its models into a folder that an old one made.
const FORMER: &[(&str, &str)] = &[
    (GE2E, "b875842c0dd69da620bec5bafa0b934ffde729dfc5eddb21c2db2bebb80b875b"),
    (GE2E, "657c316a5fd4dded15a88feb8030f4a4a4ee918e82747981148b0e8da0ebed07"),
    (REGISTRY_FILE, "008334d699e543218a00cef64507aa23869f3fc514e95f509f98796eed2d54b6"),
    (REGISTRY_FILE, "81f4a998ef25309b56b55814576dbc8de54b7df8996efafffa2766d33167da92"),
    (REGISTRY_FILE, "aa1e707078b9f85061a68b237e7d3562c885b1b9ab7c27d57d4a25d90a6c9b73"),
    (REGISTRY_FILE, "2edf0b103720e5c0523a19fee849ee09b7d9a51d4e25cb74fc35dbcced1f7b47"),
];
const GE2E: &str = "biometric/config/ge2e-resemblyzer.json";

/// Prepares the folders in `models` and writes the shipped files that are missing or of an earlier version; returns
/// their paths.
///
/// A file that an operator changed is never replaced, and a damaged one must be refused in the open rather than silently
/// repaired. Deleting it and starting again restores the shipped one.
///
/// # Errors
/// [`TreeError`] with the folder or file that cannot be made.
pub fn materialise(models: &Path) -> Result<Vec<PathBuf>, TreeError> {
    prepare_folders(models)?;
    let mut written = Vec::new();
    for (name, bytes) in FILES {
        let path = models.join(name);
        let done = match fs::read(&path) {
            Ok(found) if is_former(name, &found) => write_over(&path, bytes),
            Ok(_) => continue,
            Err(_) if path.exists() => continue,
            Err(_) => write_new(&path, bytes),
        };
        match done {
            Ok(()) => written.push(path),
            // Another process was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(TreeError { path, source }),
        }
    }
    Ok(written)
}

/// Copies the files of listed models that are missing in `models` from the folder `from`, where a set-up or an operator
/// has put them; returns their paths. Only a file with the size and hash of its metadata is taken.
///
/// # Errors
/// [`TreeError`] with the file that cannot be written.
pub fn adopt(models: &Path, from: &Path) -> Result<Vec<PathBuf>, TreeError> {
    let mut written = Vec::new();
    for file in Registry::listed_files(models) {
        let path = models.join(&file.path);
        let Some(name) = file.path.file_name().filter(|_| !path.exists()) else { continue };
        let there = ModelFile { path: name.into(), ..file.clone() };
        match there.read(from) {
            Ok(bytes) => match write_new(&path, &bytes) {
                Ok(()) => written.push(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(TreeError { path, source }),
            },
            Err(Refusal::Unreadable { .. }) => {}
            Err(refusal) => tracing::warn!(file = %from.join(name).display(), %refusal, "not taken"),
        }
    }
    Ok(written)
}

fn is_former(name: &str, found: &[u8]) -> bool {
    FORMER.iter().any(|(former, digest)| *former == name && Sha256::of(found).to_string() == *digest)
}

/// Whole file or no file, and never over another one.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    whole(path, bytes)?.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// Whole new file or whole old file.
pub(crate) fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    whole(path, bytes)?.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn whole(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    fs::set_permissions(file.path(), Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    Ok(file)
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
        for (id, found) in registry.models() {
            // GE2E's weights are fetched, not shipped.
            let fetched = id.as_str() == "ge2e-resemblyzer";
            assert_eq!(fetched, matches!(found, Err(Refusal::Unreadable { .. })), "{id}: {found:?}");
            assert!(fetched || found.is_ok(), "{id}: {found:?}");
        }
        assert!(materialise(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_registry_of_an_earlier_version_follows_the_program() {
        let folder = tempfile::tempdir().unwrap();
        materialise(folder.path()).unwrap();
        let path = folder.path().join("model_registry.json");
        let shipped = fs::read(&path).unwrap();
        let all: [&[u8]; 3] = [
            include_bytes!("../tests/golden/model_registry.0.json"),
            include_bytes!("../tests/golden/model_registry.1.json"),
            include_bytes!("../tests/golden/model_registry.2.json"),
        ];
        for former in all {
            fs::write(&path, former).unwrap();
            assert_eq!(materialise(folder.path()).unwrap(), std::slice::from_ref(&path));
            assert_eq!(fs::read(&path).unwrap(), shipped);
            let changed = [former, b" "].concat();
            fs::write(&path, &changed).unwrap();
            assert!(materialise(folder.path()).unwrap().is_empty());
            assert_eq!(fs::read(&path).unwrap(), changed);
            Registry::open(folder.path()).unwrap();
        }
    }

    #[test]
    fn a_fetched_file_is_taken_only_with_the_right_content() {
        let (models, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        materialise(models.path()).unwrap();
        let path = models.path().join(FILES[0].0);
        let name = path.file_name().unwrap().to_owned();
        fs::remove_file(&path).unwrap();
        assert!(adopt(models.path(), from.path()).unwrap().is_empty(), "there is nothing to take");
        fs::write(from.path().join(&name), "something else").unwrap();
        assert!(adopt(models.path(), from.path()).unwrap().is_empty());
        fs::write(from.path().join(&name), FILES[0].1).unwrap();
        assert_eq!(adopt(models.path(), from.path()).unwrap(), [path]);
        assert!(adopt(models.path(), from.path()).unwrap().is_empty(), "it is there already");
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
