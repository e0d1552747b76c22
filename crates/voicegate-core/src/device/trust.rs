//! How far a device is trusted, and why no longer.

use serde::{Deserialize, Serialize};

/// How far a device is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TrustLevel {
    /// Named, and not bound yet.
    Pending,
    /// Bound, and in good standing.
    Trusted,
    /// Bound, and something about it was odd.
    Suspicious,
    /// No longer bound.
    Revoked,
}

/// Why a binding was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// The device is gone.
    Lost,
    /// Another took its place.
    Replaced,
    /// Somebody else may hold its key.
    Compromised,
}

impl TrustLevel {
    /// Every level there is.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Trusted, Self::Suspicious, Self::Revoked];

    /// The name used in answers and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Trusted => "TRUSTED",
            Self::Suspicious => "SUSPICIOUS",
            Self::Revoked => "REVOKED",
        }
    }
}

impl RevocationReason {
    /// Every reason there is.
    pub const ALL: [Self; 3] = [Self::Lost, Self::Replaced, Self::Compromised];

    /// The name used in requests, answers and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Replaced => "replaced",
            Self::Compromised => "compromised",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_are_the_same_everywhere() {
        for level in TrustLevel::ALL {
            assert_eq!(serde_json::to_string(&level).unwrap(), format!("\"{}\"", level.as_str()));
        }
        for reason in RevocationReason::ALL {
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.as_str()));
        }
    }
}
