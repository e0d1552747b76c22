//! Accounts: what people know and have beside the voice, where they have no account elsewhere.

mod change_password;
mod factor;
mod password;
mod recovery;
mod register;
mod totp;

use std::fmt;

use serde::Deserialize;

pub use factor::Factor;
pub(in crate::usecase) use factor::has_other;
pub use register::Registration;
pub use totp::TotpOffer;

use crate::{Service, ServiceError};

/// Something that nobody but its owner should read. `Debug` does not print it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Service {
    /// Whether there are accounts at all.
    fn accounts_are_on(&self) -> Result<(), ServiceError> {
        let on = self.config.current().accounts.enabled;
        if on {
            Ok(())
        } else {
            Err(ServiceError::NotFound("account on this server: accounts.enabled is false"))
        }
    }
}
