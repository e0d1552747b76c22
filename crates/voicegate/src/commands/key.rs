use serde_json::json;
use voicegate_service::ports::{Actor, Clock};

use crate::exit::{Exit, Failure};
use crate::progress;
use crate::system::SystemClock;
use crate::wiring::{Context, Data, close};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Replace the master key by a fresh one. It may be interrupted and started again, and servers go on meanwhile.
    Rotate,
}

pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    let Command::Rotate = command;
    let live = context.configure()?;
    let vault = context.vault(&live.current().storage, Data::Expect).await?;
    let bar = progress::bar(0, "data keys");
    let rotation = vault
        .rotate_master_key(&Actor::Operator, SystemClock.now(), &|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })
        .await
        .map_err(Failure::from);
    bar.finish_and_clear();
    let rotation = close(&vault, rotation).await?;
    let answer = json!({"version": rotation.version, "rewrapped": rotation.rewrapped});
    context.format.print(&answer, |_| {
        format!(
            "the master key has version {} now; {} data keys were wrapped anew.\n\
             Back up {} and keep the old copy only as long as you keep backups of the database from before.",
            rotation.version,
            rotation.rewrapped,
            context.key_file().display()
        )
    })?;
    Ok(Exit::Good)
}
