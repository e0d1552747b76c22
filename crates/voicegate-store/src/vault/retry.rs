//! What is worth a second try.

use std::time::Duration;

use voicegate_service::ports::StoreError;

use super::Vault;
use crate::seal::{MasterKey, MasterKeys};
use crate::sql::{is_contention, unreadable};

/// Evaluates an attempt again as long as [`Vault::again`] finds it worth while. A macro, because the future of an
/// `async` closure is not known to be `Send`.
macro_rules! retried {
    ($vault:expr, $attempt:expr) => {{
        let mut attempt = 0;
        loop {
            match $attempt.await {
                Err(error) => $vault.again(&mut attempt, error).await?,
                Ok(done) => break done,
            }
        }
    }};
}
pub(super) use retried;

const MAX_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// A master key version is needed that was not in the key file when it was last read.
#[derive(Debug, thiserror::Error)]
#[error("master key version {version} is not in the key file")]
struct StaleKeys {
    version: u32,
}

/// The key of `version`, or an error that makes the caller read the key file again.
pub(super) fn master_key(keys: &MasterKeys, version: u32) -> Result<&MasterKey, StoreError> {
    keys.version(version).ok_or_else(|| stale_keys(version))
}

pub(super) fn stale_keys(version: u32) -> StoreError {
    StoreError::Unavailable(Box::new(StaleKeys { version }))
}

impl Vault {
    /// Prepares another attempt after `error`, or gives it back if there should be none.
    pub(super) async fn again(&self, attempt: &mut u32, error: StoreError) -> Result<(), StoreError> {
        *attempt += 1;
        let last = *attempt == MAX_ATTEMPTS;
        if let (Some(version), false) = (stale_version(&error), last) {
            let keys = self.key_file.reload().map_err(|error| StoreError::Unavailable(error.into()))?;
            // A rotation replaces the file before it changes the database. If the file is past `version`, what was
            // read was wrapped anew in the meantime.
            if keys.current().version() < version {
                let detail =
                    format!("it needs master key version {version}, which the key file does not hold");
                return Err(unreadable("people", "wrapped_key", detail));
            }
            return Ok(());
        }
        if last || !is_contention(&error) {
            return Err(error);
        }
        tokio::time::sleep(FIRST_PAUSE * 2u32.pow(*attempt - 1)).await;
        Ok(())
    }
}

fn stale_version(error: &StoreError) -> Option<u32> {
    let StoreError::Unavailable(source) = error else { return None };
    source.downcast_ref::<StaleKeys>().map(|stale| stale.version)
}
