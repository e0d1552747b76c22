//! Voices of other systems.

mod npy;
mod resemblyzer;
mod source;
mod vector;

use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Import voices that Resemblyzer enrolled, as the 256 numbers that it keeps of each. They can be verified at once,
    /// and learn the current models from accepted recordings.
    Resemblyzer(resemblyzer::Args),
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    let Command::Resemblyzer(args) = command;
    resemblyzer::run(args, context).await
}
