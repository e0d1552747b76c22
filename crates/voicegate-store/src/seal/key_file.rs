//! The file that holds the master key.
//!
//! One line per version, `<version> <base64 of 32 bytes>`; `#` begins a comment. There is one version, except while
//! a rotation is under way: then the new one stands beside the old until nothing is wrapped with the old any more.
//! The file is only ever replaced as a whole, so a crash leaves the old or the new content.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::prelude::{BASE64_STANDARD, Engine};
use voicegate_service::ports::Entropy;
use zeroize::Zeroizing;

use super::{MasterKey, MasterKeys, Secret};

/// A key file is a few hundred bytes; more is another file.
const MAX_BYTES: u64 = 64 * 1024;

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("the master key file {} cannot be {action}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error(
        "the master key file {0} may be read by others than its owner (mode {mode:03o}); run: chmod 600 {0}",
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Its content is not a list of keys.
    #[error("the master key file {} is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any of the content.
        detail: String,
    },
    /// Another process is rotating the key.
    #[error("the master key {} is being rotated by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
}

/// The key file and what was last read from it.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
    keys: RwLock<Arc<MasterKeys>>,
}

/// The right to rotate, held by one process at a time.
#[derive(Debug)]
pub struct RotationLock(#[expect(dead_code, reason = "the lock ends when the file is closed")] File);

impl KeyFile {
    /// Reads the key file at `path`.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyFileError> {
        let path = path.into();
        let keys = RwLock::new(Arc::new(read(&path)?));
        Ok(Self { path, keys })
    }

    /// Reads the key file at `path`, or makes it with a fresh key and mode 0600 if there is none.
    /// Of several processes that do so at once one makes the key and all read it.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn open_or_create(path: impl Into<PathBuf>, entropy: &dyn Entropy) -> Result<Self, KeyFileError> {
        let path = path.into();
        if !path.exists() {
            let first = MasterKeys::new(vec![MasterKey::new(1, Secret::random(entropy))]);
            let first = first.expect("one key is a list of keys");
            // A hard link fails where a rename would replace what another process has just made.
            let created = write_aside(&path, &first, entropy).and_then(|aside| {
                let linked = fs::hard_link(&aside, &path);
                fs::remove_file(&aside)?;
                match linked {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    _ => sync_parent(&path),
                }
            });
            created.map_err(|source| written(&path, source))?;
        }
        Self::open(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys as last read.
    #[must_use]
    pub fn keys(&self) -> Arc<MasterKeys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again: another process may have rotated the key.
    ///
    /// # Errors
    /// See [`KeyFileError`]; the keys last read stay in use.
    pub fn reload(&self) -> Result<Arc<MasterKeys>, KeyFileError> {
        let keys = Arc::new(read(&self.path)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.clone();
        Ok(keys)
    }

    /// Takes the right to rotate.
    ///
    /// # Errors
    /// [`KeyFileError::Busy`] if another process has it.
    pub fn lock_rotation(&self) -> Result<RotationLock, KeyFileError> {
        let path = beside(&self.path, "lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|source| written(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(RotationLock(file)),
            Err(TryLockError::WouldBlock) => Err(KeyFileError::Busy { path: self.path.clone() }),
            Err(TryLockError::Error(source)) => Err(written(&path, source)),
        }
    }

    /// Adds a fresh version, unless one was added by a rotation that did not end.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn begin_rotation(
        &self,
        _lock: &RotationLock,
        entropy: &dyn Entropy,
    ) -> Result<Arc<MasterKeys>, KeyFileError> {
        let keys = self.reload()?;
        if !keys.older().is_empty() {
            return Ok(keys);
        }
        let next = MasterKey::new(keys.current().version() + 1, Secret::random(entropy));
        let both = MasterKeys::new(vec![keys.current().clone(), next]).expect("the versions differ");
        self.replace(&both, entropy)
    }

    /// Drops every version but the current one. Whatever is still wrapped with an older one is lost.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn finish_rotation(
        &self,
        _lock: &RotationLock,
        entropy: &dyn Entropy,
    ) -> Result<Arc<MasterKeys>, KeyFileError> {
        let current =
            MasterKeys::new(vec![self.keys().current().clone()]).expect("one key is a list of keys");
        self.replace(&current, entropy)
    }

    fn replace(&self, keys: &MasterKeys, entropy: &dyn Entropy) -> Result<Arc<MasterKeys>, KeyFileError> {
        write_aside(&self.path, keys, entropy)
            .and_then(|aside| fs::rename(aside, &self.path))
            .and_then(|()| sync_parent(&self.path))
            .map_err(|source| written(&self.path, source))?;
        self.reload()
    }
}

fn written(path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), action: "written", source }
}

fn read(path: &Path) -> Result<MasterKeys, KeyFileError> {
    let unreadable = |source| KeyFileError::Io { path: path.to_owned(), action: "read", source };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    parse(&text).map_err(|detail| KeyFileError::Damaged { path: path.to_owned(), detail })
}

fn parse(text: &str) -> Result<MasterKeys, String> {
    let lines = text.lines().enumerate();
    let keys = lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(i, line)| {
            key_of(line).ok_or_else(|| format!("line {} is not '<version> <base64 key>'", i + 1))
        })
        .collect::<Result<Vec<_>, _>>()?;
    MasterKeys::new(keys).ok_or_else(|| "it holds no key, or one version twice".to_owned())
}

fn key_of(line: &str) -> Option<MasterKey> {
    let (version, key) = line.trim().split_once(' ')?;
    let version = version.parse().ok().filter(|&v: &u32| v > 0)?;
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(key.trim()).ok()?);
    Some(MasterKey::new(version, Secret::new(bytes.as_slice().try_into().ok()?)))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// Writes the file under a fresh name in the same folder and gives that name.
fn write_aside(path: &Path, keys: &MasterKeys, entropy: &dyn Entropy) -> io::Result<PathBuf> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let mut random = [0; 8];
    entropy.fill(&mut random);
    let aside = beside(path, &format!("{:016x}", u64::from_be_bytes(random)));
    let mut text = Zeroizing::new(String::from(
        "# The master key of voicegate. Who has it can read every stored voice; without it nobody can.\n\
         # Keep a copy in a safe place, apart from the copies of the database.\n",
    ));
    for key in keys.older().iter().chain([keys.current()]) {
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(key.secret().bytes()));
        text.push_str(&format!("{} {}\n", key.version(), *encoded));
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(aside)
}

/// Makes the new name durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests;
