use std::fmt;

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Database and keys.
#[derive(Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// `postgres://…`, or `sqlite:PATH`; `null` is `voicegate.db` in the data folder.
    #[serde(serialize_with = "without_password")]
    #[garde(inner(custom(is_database_url)))]
    pub url: Option<String>,
    /// Most connections.
    #[garde(range(min = 1, max = 1000))]
    pub max_connections: u32,
    /// Longest wait for a connection, in seconds.
    #[garde(range(min = 1, max = 300))]
    pub acquire_timeout_s: u64,
}

#[expect(clippy::ptr_arg, reason = "garde hands the field itself over")]
fn is_database_url(url: &String, (): &()) -> garde::Result {
    if ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        Ok(())
    } else {
        Err(garde::Error::new("neither sqlite:PATH nor postgres://…"))
    }
}

/// The URL may hold a password, and the configuration is shown by the API.
fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}"),
        None => url.to_owned(),
    }
}

fn without_password<S: serde::Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    url.as_deref().map(redact).serialize(serializer)
}

impl fmt::Debug for StorageConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageConfig")
            .field("url", &self.url.as_deref().map(redact))
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout_s", &self.acquire_timeout_s)
            .finish()
    }
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self { url: None, max_connections: 8, acquire_timeout_s: 5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        for url in ["postgres://vg:s3cret@db/voice", "postgres://vg:s3@cret@db/voice"] {
            let config = StorageConfig { url: Some(url.into()), ..StorageConfig::default() };
            assert!(!format!("{config:?}").contains("cret"));
            assert!(!serde_json::to_string(&config).unwrap().contains("cret"));
        }
        assert_eq!(redact("sqlite:data/voicegate.db"), "sqlite:data/voicegate.db");
    }
}
