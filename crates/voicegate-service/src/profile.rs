//! A person's voice profile as data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use voicegate_core::{PersonId, Template};

use crate::ServiceError;

/// Where a profile stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileState {
    /// Enrolment has begun; more samples are needed.
    Pending,
    /// Can be verified against.
    Active,
    /// Ended; its templates are gone.
    Revoked,
}

impl ProfileState {
    /// The name used in answers and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }
}

/// A person's voice profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Whose.
    pub person: PersonId,
    /// Where it stands.
    pub state: ProfileState,
    /// Grows by one with each change.
    pub version: u64,
    /// The voice; absent once revoked.
    pub template: Option<Template>,
    /// When enrolment began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When a verification last accepted.
    pub last_verified_at: Option<Timestamp>,
}

impl Profile {
    /// The voice that an attempt is compared with.
    ///
    /// # Errors
    /// [`ServiceError::Incomplete`], [`ServiceError::Revoked`].
    pub(crate) fn enrolled(&self) -> Result<&Template, ServiceError> {
        match (self.state, &self.template) {
            (ProfileState::Active, Some(template)) => Ok(template),
            (ProfileState::Active | ProfileState::Pending, _) => {
                Err(ServiceError::Incomplete(self.person.clone()))
            }
            (ProfileState::Revoked, _) => Err(ServiceError::Revoked(self.person.clone())),
        }
    }
}
