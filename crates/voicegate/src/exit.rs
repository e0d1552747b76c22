//! How the program ends.

use std::process::ExitCode;

use voicegate_core::decide::Outcome;
use voicegate_service::ServiceError;
use voicegate_service::config::ConfigError;
use voicegate_service::ports::StoreError;

/// The exit status of a command that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, accepted, nothing wrong.
    Good,
    /// 1: rejected, or a check found something wrong.
    Bad,
    /// 3: could not be judged.
    Inconclusive,
}

/// The exit status of a command that was not carried out; clap uses the same for wrong usage.
const FAILURE: u8 = 2;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Good => Self::SUCCESS,
            Exit::Bad => Self::from(1),
            Exit::Inconclusive => Self::from(3),
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accept => Self::Good,
            Outcome::Reject => Self::Bad,
            Outcome::Inconclusive => Self::Inconclusive,
        }
    }
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Stable name of the kind; where HTTP has the same problem, its name there.
    pub(crate) code: &'static str,
    /// A sentence that says what to do.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A file or folder that cannot be used.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new("file", format!("{}: {error}", path.display()))
    }
}

impl From<Failure> for ExitCode {
    fn from(_: Failure) -> Self {
        Self::from(FAILURE)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let code = match &error {
            ServiceError::Invalid(_) => "invalid-request",
            ServiceError::NotEnrolled(_) => "not-enrolled",
            ServiceError::Revoked(_) => "profile-revoked",
            ServiceError::Incomplete(_) => "enrolment-incomplete",
            ServiceError::AlreadyEnrolled(_) => "already-enrolled",
            ServiceError::ModelUnavailable(_) => "model-unavailable",
            ServiceError::Overloaded => "overloaded",
            ServiceError::Config(_) => "invalid-configuration",
            ServiceError::Conflict => "conflict",
            ServiceError::NotFound(_) => "not-found",
            ServiceError::Store(error) => store_code(error),
            _ => "internal",
        };
        Self::new(code, chain(&error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(store_code(&error), chain(&error))
    }
}

fn store_code(error: &StoreError) -> &'static str {
    match error {
        StoreError::Conflict => "conflict",
        StoreError::Unreadable { .. } => "stored-data-unreadable",
        _ => "storage-unavailable",
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new("invalid-configuration", error.to_string())
    }
}

/// The error and its causes. An operator at the machine may see them; a caller over HTTP does not.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
