use serde_json::json;
use voicegate_service::config::{ConfigError, without_retired};
use voicegate_service::ports::Store;

use crate::config::DEFAULT_FILE;
use crate::exit::{Exit, Failure};
use crate::output::write;
use crate::wiring::{Context, Data};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check file and environment and name every wrong field.
    Check,
    /// Show what is in force: defaults, file, environment and what was set at run time; without secrets.
    Show,
    /// Print the commented default file.
    Default,
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Check => {
            let checked = context.config.layers().and_then(|layers| layers.resolve());
            let faults = checked.err().map_or_else(Vec::new, |ConfigError { faults }| faults);
            context.format.print(&json!({"valid": faults.is_empty(), "faults": faults}), |_| {
                if faults.is_empty() {
                    return "the configuration is valid".into();
                }
                ConfigError { faults: faults.clone() }.to_string()
            })?;
            Ok(if faults.is_empty() { Exit::Good } else { Exit::Bad })
        }
        Command::Show => {
            let live = context.configure()?;
            if context.key_file().exists() {
                let store = context.vault(&live.current().storage, Data::Expect).await?;
                let (overrides, retired) = without_retired(store.config().await?.overrides);
                if !retired.is_empty() {
                    tracing::warn!(?retired, "stored overrides of settings that there are no more");
                }
                live.replace_overrides(overrides)?;
            }
            context.format.print(&*live.current(), |config| {
                serde_saphyr::to_string(config).unwrap_or_else(|error| error.to_string())
            })?;
            Ok(Exit::Good)
        }
        Command::Default => {
            write(DEFAULT_FILE.as_bytes())?;
            Ok(Exit::Good)
        }
    }
}
