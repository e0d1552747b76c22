//! A file on its way in: it grows beside its target and takes the target's place once it is whole and right.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::Digest;

use crate::registry::{ModelFile, Sha256};

/// The part of a file that has arrived. Its name holds the digest of the whole, so a part of other weights is never
/// continued.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    /// Opens or begins the part of `wanted`, whose target is `target`; `None` if another process is at it.
    pub(super) fn open(target: &Path, wanted: &ModelFile) -> io::Result<Option<Self>> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let digest = wanted.sha256.to_string();
        let path = target.with_file_name(format!(".{name}.{}.part", &digest[..16]));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let partial = Self { path, file };
        if partial.length()? > wanted.size_bytes {
            partial.restart()?;
        }
        Ok(Some(partial))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Forgets what has arrived.
    pub(super) fn restart(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// What names the version of the file that the part belongs to.
    pub(super) fn validator(&self) -> Option<String> {
        fs::read_to_string(self.validator_path()).ok().filter(|text| !text.is_empty() && text.len() < 1000)
    }

    pub(super) fn set_validator(&self, validator: Option<&str>) -> io::Result<()> {
        fs::write(self.validator_path(), validator.unwrap_or_default())
    }

    /// Writes `bytes` at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(bytes)
    }

    /// The digest of what has arrived.
    pub(super) fn digest(&mut self) -> io::Result<Sha256> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut hasher = sha2::Sha256::new();
        let mut chunk = vec![0; 1 << 16];
        loop {
            match self.file.read(&mut chunk)? {
                0 => return Ok(Sha256::from_bytes(hasher.finalize().into())),
                length => hasher.update(&chunk[..length]),
            }
        }
    }

    /// Puts the whole file in the place of `target`, durably.
    pub(super) fn finish(self, target: &Path) -> io::Result<()> {
        self.file.set_permissions(Permissions::from_mode(0o644))?;
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        let _ = fs::remove_file(self.validator_path());
        File::open(target.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Removes what has arrived.
    pub(super) fn discard(self) -> io::Result<()> {
        let _ = fs::remove_file(self.validator_path());
        fs::remove_file(&self.path)
    }

    fn validator_path(&self) -> PathBuf {
        self.path.with_extension("version")
    }
}
