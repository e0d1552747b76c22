//! What a use case can fail with. Each kind has one sentence for the caller; causes go to the log.

use jiff::Timestamp;
use voicegate_core::PersonId;
use voicegate_core::challenge::{PromptError, Refusal};
use voicegate_core::limits::Wait;

use crate::config::{ConfigError, Fault};
use crate::ports::StoreError;
use crate::signature::SignatureError;
use crate::usecase::device::DeviceRefusal;

/// Why a use case was not carried out. An attempt that was carried out and came to nothing is not an error but an
/// INCONCLUSIVE outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// A prompt that is guessed too easily or cannot be said.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The challenge cannot be answered so. It is used up.
    #[error(transparent)]
    Challenge(#[from] Refusal),
    /// The signature of a device is not taken.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The device cannot be bound or revoked, whatever is proven.
    #[error(transparent)]
    Device(#[from] DeviceRefusal),
    /// Nobody is enrolled under this name.
    #[error("nobody is enrolled as '{0}'")]
    NotEnrolled(PersonId),
    /// The profile was revoked.
    #[error("the voice profile of '{0}' was revoked; enrol the voice again")]
    Revoked(PersonId),
    /// Enrolment is not complete.
    #[error("the enrolment of '{0}' is not complete; add more samples")]
    Incomplete(PersonId),
    /// A voice is enrolled already and the request does not say that it shall be replaced.
    #[error("'{0}' is enrolled already; say that the voice shall be replaced, or add samples with an update")]
    AlreadyEnrolled(PersonId),
    /// The name belongs to somebody already: to an account, or to a voice that was enrolled by somebody who may.
    #[error("the name '{0}' is taken")]
    AlreadyRegistered(PersonId),
    /// Name, password, one-time password or recovery code is wrong. Which of them is not told.
    #[error("name, password or code is wrong")]
    WrongCredentials,
    /// Too much failed before. Whether this attempt would have succeeded was not looked at.
    #[error("too many attempts failed; try again in {seconds} s")]
    TooManyAttempts {
        /// When the next attempt is possible.
        until: Timestamp,
        /// Seconds until then, at least 1.
        seconds: u32,
    },
    /// No speaker model can be used at the moment.
    #[error("no speaker model is available: {0}")]
    ModelUnavailable(String),
    /// The configuration names a speaker system or calibration that cannot judge. Nothing else judges in its place.
    #[error("the configuration asks for what cannot judge: {}: {}", .0.path, .0.message)]
    Misconfigured(Fault),
    /// Too much is being worked on; try again shortly.
    #[error("the server is busy; try again in a moment")]
    Overloaded,
    /// The configuration was refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration, profile or key was changed in the meantime.
    #[error("it was changed by someone else in the meantime; read it again and retry")]
    Conflict,
    /// No such thing.
    #[error("there is no {0}")]
    NotFound(&'static str),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// A fault of the program or the machine.
    #[error("internal error: {0}")]
    Internal(String),
}

impl ServiceError {
    /// The refusal of an attempt that comes too early.
    pub(crate) fn too_many_attempts(wait: Wait, now: Timestamp) -> Self {
        let seconds = wait.until.duration_since(now).as_secs_f64().ceil();
        Self::TooManyAttempts { until: wait.until, seconds: (seconds as u32).max(1) }
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict,
            other => Self::Store(other),
        }
    }
}
