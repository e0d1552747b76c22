//! The language model that is asked about logins.

mod ask;
mod serve;

use clap::Subcommand;

pub(super) use serve::{USUAL, serve};

use crate::exit::{Exit, Failure};
use crate::wiring::Context;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask the model about a made-up login, and say what comes of it.
    Ask(ask::Args),
}

pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Ask(args) => ask::run(args, context).await,
    }
}
