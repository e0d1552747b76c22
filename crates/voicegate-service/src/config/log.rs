use garde::Validate;
use serde::{Deserialize, Serialize};

/// Logging, to standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Levels, e.g. `info` or `voicegate_server=debug,info`.
    #[garde(length(min = 1, max = 500))]
    pub filter: String,
    /// Lines for people or JSON for machines.
    #[garde(skip)]
    pub format: LogFormat,
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".into(), format: LogFormat::Text }
    }
}
