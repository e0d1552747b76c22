//! What an API key may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One permission of an API key. A key holds a set of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Enrol and update voices.
    Enroll,
    /// Verify voices.
    Verify,
    /// Read what is known of a profile (never the template).
    ReadProfile,
    /// Revoke profiles.
    RevokeProfile,
    /// Read the configuration.
    ReadConfig,
    /// Change the configuration.
    WriteConfig,
    /// Read the audit log and verify its chain.
    ReadAudit,
    /// Log people in, and see to their devices and sessions.
    Login,
    /// Create and revoke API keys; implies every other scope.
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 9] = [
        Self::Enroll,
        Self::Verify,
        Self::ReadProfile,
        Self::RevokeProfile,
        Self::ReadConfig,
        Self::WriteConfig,
        Self::ReadAudit,
        Self::Login,
        Self::Admin,
    ];

    /// The name used in the API, the configuration and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enroll => "enroll",
            Self::Verify => "verify",
            Self::ReadProfile => "read-profile",
            Self::RevokeProfile => "revoke-profile",
            Self::ReadConfig => "read-config",
            Self::WriteConfig => "write-config",
            Self::ReadAudit => "read-audit",
            Self::Login => "login",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a scope; the scopes are enroll, verify, read-profile, revoke-profile, read-config, write-config, read-audit, login, admin"
)]
pub struct UnknownScope(pub String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == name)
            .ok_or_else(|| UnknownScope(name.to_owned()))
    }
}

/// Whether a key holding `scopes` may do what needs `needed`.
#[must_use]
pub fn permits(scopes: &[Scope], needed: Scope) -> bool {
    scopes.contains(&needed) || scopes.contains(&Scope::Admin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_match_serde() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            assert_eq!(serde_json::to_string(&scope).unwrap(), format!("\"{scope}\""));
        }
        assert!("root".parse::<Scope>().is_err());
    }

    #[test]
    fn admin_implies_all_and_nothing_else_implies_anything() {
        for needed in Scope::ALL {
            assert!(permits(&[Scope::Admin], needed));
            assert!(!permits(&[], needed));
            for held in Scope::ALL.into_iter().filter(|s| *s != Scope::Admin) {
                assert_eq!(permits(&[held], needed), held == needed);
            }
        }
    }
}
