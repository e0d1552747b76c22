//! Logs go to standard error.

use tracing_subscriber::EnvFilter;
use voicegate_service::config::{LogConfig, LogFormat};

use crate::exit::Failure;

/// What a command logs when its user asked for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Warnings: the answer is what counts.
    OneShot,
    /// What the configuration says.
    Serve,
}

/// Starts logging. `verbose` counts the `-v` on the command line, which go before the configuration.
pub(crate) fn start(config: &LogConfig, purpose: Purpose, verbose: u8) -> Result<(), Failure> {
    let filter = match (verbose, purpose) {
        (0, Purpose::OneShot) => "warn",
        (0, Purpose::Serve) => config.filter.as_str(),
        (1, _) => "info",
        (2, _) => "debug",
        (3.., _) => "trace",
    };
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| Failure::new("config", format!("log.filter: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
    }
    Ok(())
}
