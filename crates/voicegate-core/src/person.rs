//! The name under which a person is enrolled.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An integrator's identifier of a person: 1–128 characters of `A–Z a–z 0–9 . _ @ + : -`, not starting with a dot.
///
/// The alphabet keeps the name safe in a URL path, a log line and a file name without escaping.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonId(String);

/// Longest accepted name, in characters.
pub const MAX_LENGTH: usize = 128;

/// Why a string is not a [`PersonId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonIdError {
    /// Nothing was given.
    #[error("the user name is empty")]
    Empty,
    /// Longer than [`MAX_LENGTH`].
    #[error("the user name is longer than {MAX_LENGTH} characters")]
    TooLong,
    /// A character outside the alphabet.
    #[error("the user name may hold only letters, digits and . _ @ + : - and may not start with a dot")]
    Character,
}

impl PersonId {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// See [`PersonIdError`].
    pub fn new(name: impl Into<String>) -> Result<Self, PersonIdError> {
        let name = name.into();
        if name.is_empty() {
            return Err(PersonIdError::Empty);
        }
        if name.len() > MAX_LENGTH {
            return Err(PersonIdError::TooLong);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._@+:-".contains(c);
        if name.starts_with('.') || !name.chars().all(allowed) {
            return Err(PersonIdError::Character);
        }
        Ok(Self(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PersonId {
    type Error = PersonIdError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<PersonId> for String {
    fn from(id: PersonId) -> Self {
        id.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["alice", "a", "a.b@c+d:e-f_9", &"x".repeat(MAX_LENGTH)] {
            assert!(PersonId::new(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", PersonIdError::Empty),
            (".hidden", PersonIdError::Character),
            ("../etc/passwd", PersonIdError::Character),
            ("a b", PersonIdError::Character),
            ("zoë", PersonIdError::Character),
            ("a\n", PersonIdError::Character),
            (&"x".repeat(MAX_LENGTH + 1), PersonIdError::TooLong),
        ] {
            assert_eq!(PersonId::new(bad), Err(why), "{bad:?}");
        }
    }
}
