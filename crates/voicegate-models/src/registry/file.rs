//! A model's file: where it may lie, how long it is, what its bytes hash to.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use garde::Validate;
use serde::{Deserialize, Serialize};
use sha2::Digest;

use super::Refusal;

/// Registry and metadata files are a few kilobytes.
const MAX_TEXT_BYTES: u64 = 1 << 20;
/// ONNX itself ends at 2 GiB.
const MAX_MODEL_BYTES: u64 = 2 << 30;

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// A digest that was computed elsewhere.
    pub(crate) fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

/// The file of a model and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Path in the models folder, with `/`; no `..`, no link out of the folder.
    #[garde(custom(stays_inside))]
    pub path: PathBuf,
    /// Digest of its bytes.
    #[garde(skip)]
    pub sha256: Sha256,
    /// Its length.
    #[garde(range(min = 1, max = MAX_MODEL_BYTES))]
    pub size_bytes: u64,
}

impl ModelFile {
    /// Checks size and digest without keeping the bytes.
    pub(crate) fn verify(&self, folder: &Path) -> Result<(), Refusal> {
        self.scan(folder, |_| {})
    }

    /// The verified bytes.
    pub(crate) fn read(&self, folder: &Path) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        self.scan(folder, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }

    fn scan(&self, folder: &Path, mut keep: impl FnMut(&[u8])) -> Result<(), Refusal> {
        let path = folder.join(&self.path);
        let unreadable =
            |error: std::io::Error| Refusal::Unreadable { path: path.clone(), reason: error.to_string() };
        let real = path.canonicalize().map_err(unreadable)?;
        if !real.starts_with(folder.canonicalize().map_err(unreadable)?) {
            return Err(Refusal::OutsideFolder(path));
        }
        let file = File::open(&real).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?.len();
        if found != self.size_bytes {
            return Err(Refusal::Size { expected: self.size_bytes, found });
        }
        let mut hasher = sha2::Sha256::new();
        let mut chunk = vec![0; 1 << 16];
        // A file that grows meanwhile is read no further than its promised size.
        let mut rest = file.take(self.size_bytes);
        loop {
            let length = rest.read(&mut chunk).map_err(unreadable)?;
            if length == 0 {
                break;
            }
            hasher.update(&chunk[..length]);
            keep(&chunk[..length]);
        }
        let found = Sha256(hasher.finalize().into());
        if found == self.sha256 { Ok(()) } else { Err(Refusal::Hash { expected: self.sha256, found }) }
    }
}

/// Reads a small UTF-8 file.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let length =
        file.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if length as u64 > MAX_TEXT_BYTES {
        return Err(format!("it is longer than {MAX_TEXT_BYTES} bytes"));
    }
    Ok(text)
}

fn stays_inside(path: &Path, (): &()) -> garde::Result {
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let text = path.to_str().unwrap_or("\\");
    if plain && !text.is_empty() && !text.contains('\\') && !text.contains('\0') {
        Ok(())
    } else {
        Err(garde::Error::new("must be a path inside the models folder, without `..`"))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const REASON: &str = "a SHA-256 is 64 lower-case hexadecimal digits";
        let digit = |c: u8| match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(REASON),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(REASON);
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
