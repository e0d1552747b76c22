use garde::Validate;
use serde::{Deserialize, Serialize};

/// Accounts with a password, for deployments whose people have none elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// Whether there are any. Without, nobody registers or signs in with a password.
    #[garde(skip)]
    pub enabled: bool,
    /// Whether people may register, sign in and log in without an API key.
    #[garde(skip)]
    pub public: bool,
    /// Least length of a new password in characters.
    #[garde(range(min = 8, max = 128))]
    pub password_min_chars: usize,
    /// What a guess at a stolen password costs.
    #[garde(dive)]
    pub argon2: Argon2Config,
    /// One-time passwords.
    #[garde(dive)]
    pub totp: TotpConfig,
}

/// The work of Argon2id (RFC 9106) for one password. Passwords hashed with another are hashed anew when they are next given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Argon2Config {
    /// Memory in KiB.
    #[garde(range(min = 7168, max = 1_048_576))]
    pub memory_kib: u32,
    /// Passes over it.
    #[garde(range(min = 1, max = 100))]
    pub iterations: u32,
    /// Lanes of it.
    #[garde(range(min = 1, max = 16))]
    pub lanes: u32,
}

/// Time-based one-time passwords (RFC 6238).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct TotpConfig {
    /// What the person's generator shows as the name of the service: 1–64 printable characters but `:`.
    #[garde(custom(printable))]
    pub issuer: String,
    /// Steps of 30 s that the clock of a generator may be off, either way.
    #[garde(range(min = 0, max = 10))]
    pub skew_steps: u32,
}

/// The colon parts issuer and account in the address of a generator.
fn printable(issuer: &str, (): &()) -> garde::Result {
    let allowed = |c: char| !c.is_control() && c != ':';
    if (1..=64).contains(&issuer.chars().count()) && issuer.chars().all(allowed) {
        Ok(())
    } else {
        Err(garde::Error::new("1 to 64 printable characters other than ':'"))
    }
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            public: true,
            password_min_chars: 12,
            argon2: Argon2Config::default(),
            totp: TotpConfig::default(),
        }
    }
}

impl Default for Argon2Config {
    /// The first recommendation of the OWASP Password Storage Cheat Sheet.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, lanes: 1 }
    }
}

impl Default for TotpConfig {
    fn default() -> Self {
        Self { issuer: "voicegate".to_owned(), skew_steps: 1 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::config::Layers;

    #[test]
    fn what_would_weaken_accounts_is_refused() {
        let rows = [
            (json!({"password_min_chars": 7}), "accounts.password_min_chars: lower than 8"),
            (json!({"argon2": {"memory_kib": 1024}}), "accounts.argon2.memory_kib: lower than 7168"),
            (json!({"argon2": {"iterations": 0}}), "accounts.argon2.iterations: lower than 1"),
            (json!({"totp": {"skew_steps": 11}}), "accounts.totp.skew_steps: greater than 10"),
            (json!({"totp": {"issuer": "a:b"}}), "accounts.totp.issuer: 1 to 64"),
            (json!({"totp": {"issuer": ""}}), "accounts.totp.issuer: 1 to 64"),
            (json!({"open": true}), "accounts.open: unknown field"),
        ];
        for (accounts, expected) in rows {
            let file = json!({"accounts": accounts});
            let refused = Layers { file, ..Layers::default() }.resolve().unwrap_err();
            assert!(refused.to_string().contains(expected), "{accounts}: {refused}");
        }
    }
}
