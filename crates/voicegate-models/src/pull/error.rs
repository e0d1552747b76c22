use std::io;
use std::path::{Path, PathBuf};

use super::licence;
use crate::registry::{Fault, ModelId, RegistryError, Sha256, parse};

/// Why a model was not taken from a mirror. Nothing that was there before has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// Not the name of a mirror.
    #[error(
        "'{0}' is no mirror: name a folder, or an address that begins with https:// or http:// and has no user, \
         question mark or number sign"
    )]
    Mirror(String),
    /// The mirror does not have the file.
    #[error("the mirror {mirror} has no {file}")]
    NotFound {
        /// The mirror.
        mirror: String,
        /// The file.
        file: String,
    },
    /// The mirror cannot be read, or the connection broke more than once.
    #[error("{file} cannot be read from {mirror}: {reason}")]
    Unreachable {
        /// The mirror.
        mirror: String,
        /// The file.
        file: String,
        /// What went wrong.
        reason: String,
    },
    /// The mirror's metadata cannot be used.
    #[error("the mirror's metadata of '{id}' is wrong: {}", parse::join(.faults))]
    Metadata {
        /// The model.
        id: ModelId,
        /// Each fault with its JSON path.
        faults: Vec<Fault>,
    },
    /// The licence needs the operator's word.
    #[error(
        "the licence of '{id}' is {licence}, which {}; whoever may use it all the same says so with \
         --accept-licence '{licence}'", licence::objection(.licence)
    )]
    LicenceNotAccepted {
        /// The model.
        id: ModelId,
        /// Its licence.
        licence: String,
    },
    /// The name is taken by other weights.
    #[error(
        "'{0}' is here already with another file; templates belong to their weights, so new ones need a new id"
    )]
    OtherWeights(ModelId),
    /// The id is taken here with other metadata, or with metadata that cannot be read.
    #[error(
        "'{0}' is here already with other metadata; a mirror must not change the self-test of a model \
         that may serve. Remove its metadata file first if you mean to replace it"
    )]
    OtherMetadata(ModelId),
    /// The mirror's file is longer or shorter than the metadata says.
    #[error("the mirror's file has {found} bytes instead of {expected}")]
    SizeMismatch {
        /// Bytes by the metadata.
        expected: u64,
        /// Bytes offered; at least so many where the end was not waited for.
        found: u64,
    },
    /// The mirror's file has another content than the metadata says.
    #[error("the mirror's file has SHA-256 {found} instead of {expected}")]
    HashMismatch {
        /// Digest by the metadata.
        expected: Sha256,
        /// Digest of what was fetched.
        found: Sha256,
    },
    /// Another process fetches the same file.
    #[error("another process is fetching '{0}'; wait until it is done")]
    Busy(ModelId),
    /// The record of what was pulled cannot be read.
    #[error("{} is damaged: {reason}; repair or remove it", .path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The registry cannot be read or changed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file in the models folder cannot be written.
    #[error("{} cannot be written", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl PullError {
    /// Stable name of the kind, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mirror(_) => "invalid-mirror",
            Self::NotFound { .. } => "not-found",
            Self::Unreachable { .. } => "unreachable",
            Self::Metadata { .. } => "metadata-wrong",
            Self::LicenceNotAccepted { .. } => "licence-not-accepted",
            Self::OtherWeights(_) => "other-weights",
            Self::OtherMetadata(_) => "other-metadata",
            Self::SizeMismatch { .. } => "size-mismatch",
            Self::HashMismatch { .. } => "hash-mismatch",
            Self::Busy(_) => "busy",
            Self::Lock { .. } => "lock-damaged",
            Self::Registry(_) => "model-unavailable",
            Self::File { .. } => "file",
        }
    }

    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}
